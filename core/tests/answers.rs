//! One answer to one prompt: it arrives exactly once, or its giver is told that it did not.

mod common;

use std::time::Duration;

use common::*;
use futures_util::future::join_all;
use liveflow::{LiveFlowError, LiveSession, PromptCloseReason, SessionEvent};
use liveflow_simulator::{By, Call, Fault, FaultRule, LateAnswer, Outage, Simulator, Status};
use serde_json::json;

/// What was told about the end of a prompt.
fn closes(events: &[SessionEvent]) -> Vec<PromptCloseReason> {
    let reason = |event: &SessionEvent| match event {
        SessionEvent::PromptClosed { reason, .. } => Some(*reason),
        _ => None,
    };
    events.iter().filter_map(reason).collect()
}

/// How often the session was sent an answer, and how often one took effect.
fn sent_and_taken(simulator: &Simulator, live: &LiveSession) -> (usize, usize) {
    (count(simulator, Call::AddUserInput), inputs_of(simulator, live.id()).len())
}

#[tokio::test]
async fn an_answer_arrives_once_and_closes_its_prompt() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    assert_eq!((prompt.text.as_str(), prompt.kind.as_deref()), ("ask?", Some("text")));
    within(live.answer(&prompt, "blue")).await.unwrap();
    assert_eq!(closes(&rest(&events).await), [PromptCloseReason::Answered]);
    assert_eq!(sent_and_taken(&simulator, &live), (1, 1));
}

#[tokio::test]
async fn an_answer_whose_attempt_broke_after_its_effect_is_found_and_not_sent_again() {
    for broken in [
        Fault::ResetAfterEffect {},
        status_after_effect(500),
        status_after_effect(504),
        Fault::ResetMidBody {},
        Fault::TruncatedBody {},
        Fault::MalformedBody {},
        Fault::EmptyBody {},
    ] {
        let simulator = simulator().await;
        let client = client(&simulator);
        let (live, events, prompt) = asked(&client, TWICE).await;
        let fault_name = broken.name();
        fault(&simulator, FaultRule::new(Call::AddUserInput, broken));
        within(live.answer(&prompt, "blue")).await.unwrap();
        assert_eq!(sent_and_taken(&simulator, &live), (1, 1), "{fault_name}");
        // It goes on with the next question, and only with that.
        let next = common::prompt(&events).await;
        assert_eq!(next.step_name.as_deref(), Some("second"), "{fault_name}");
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_sent_again_after_the_grace_with_the_same_key() {
    for broken in [Fault::ResetBeforeEffect {}, status(500), status(503)] {
        let simulator = simulator().await;
        let client = client_with(&simulator, quickly_settled);
        let (live, _, prompt) = asked(&client, ASK).await;
        let fault_name = broken.name();
        fault(&simulator, FaultRule::new(Call::AddUserInput, broken).times(1));
        within(live.answer(&prompt, "blue")).await.unwrap();
        assert_eq!(sent_and_taken(&simulator, &live), (2, 1), "{fault_name}");
        let sent = requests(&simulator, Call::AddUserInput);
        let apart = sent[1].time_ms - sent[0].time_ms;
        assert!(apart >= 500.0, "{fault_name}: its effect could still have shown up ({apart} ms)");
        let key = |at: usize| sent[at].headers.get("idempotency-key");
        assert!(key(0).is_some());
        assert_eq!(key(0), key(1), "{fault_name}");
    }
}

#[tokio::test]
async fn an_effect_that_comes_late_but_within_the_grace_is_not_doubled() {
    for answer in [LateAnswer::GatewayTimeout, LateAnswer::Reset] {
        let simulator = simulator().await;
        let client = client_with(&simulator, quickly_settled);
        let (live, events, prompt) = asked(&client, ASK).await;
        let late = Fault::LateEffect { ms: 200, answer };
        fault(&simulator, FaultRule::new(Call::AddUserInput, late).times(1));
        within(live.answer(&prompt, "blue")).await.unwrap();
        assert_eq!(sent_and_taken(&simulator, &live), (1, 1));
        assert_eq!(closes(&rest(&events).await), [PromptCloseReason::Answered]);
    }
}

#[tokio::test]
async fn a_service_that_asks_to_wait_is_waited_for_and_the_answer_sent_again() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::AddUserInput, limited(1)).times(1));
    within(live.answer(&prompt, "blue")).await.unwrap();
    assert_eq!(sent_and_taken(&simulator, &live), (2, 1));
    let sent = requests(&simulator, Call::AddUserInput);
    assert!(sent[1].time_ms - sent[0].time_ms >= 1000.0, "{sent:?}");
    let between = requests(&simulator, Call::GetSession)
        .into_iter()
        .filter(|read| (sent[0].number..sent[1].number).contains(&read.number));
    assert!(between.count() > 0, "the prompt was looked at again before the second attempt");
}

#[tokio::test]
async fn an_answer_that_is_refused_leaves_its_prompt_open_for_a_better_one() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, CHOICE).await;
    let error = within(live.answer(&prompt, "perhaps")).await.unwrap_err();
    let LiveFlowError::InvalidRequest { context, field_errors, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(context.answer.as_deref(), Some("perhaps"));
    assert_eq!(field_errors[0].location, "body.user_input");
    within(live.answer(&prompt, "yes")).await.unwrap();
    let rest = rest(&events).await;
    assert_eq!(closes(&rest), [PromptCloseReason::Answered]);
    assert!(!rest.iter().any(|event| matches!(event, SessionEvent::PromptRequested { .. })));
    assert_eq!(texts_of(&simulator, live.id()), ["yes"]);
}

#[tokio::test]
async fn a_question_asked_again_is_a_new_prompt_of_the_same_run() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, first) = asked(&client, AGAIN).await;
    within(live.answer(&first, "no")).await.unwrap();
    let second = common::prompt(&events).await;
    assert_eq!((second.run_id.clone(), second.round), (first.run_id.clone(), first.round + 1));
    assert_eq!(second.text, "ask again, round 2?");
    let late = within(live.answer(&first, "maybe")).await.unwrap_err();
    assert!(matches!(late, LiveFlowError::PromptNoLongerOpen { .. }), "{late:?}");
    within(live.answer(&second, "certainly")).await.unwrap();
    assert_eq!(closes(&rest(&events).await), [PromptCloseReason::Answered]);
    let accepted: Vec<_> = inputs_of(&simulator, live.id())
        .iter()
        .map(|input| (input.round, input.accepted))
        .collect();
    assert_eq!(accepted, [(1, false), (2, true)]);
}

#[tokio::test]
async fn an_answer_to_a_prompt_that_another_device_answered_goes_nowhere() {
    let simulator = simulator().await;
    // Polls so rare that only the look before sending can notice.
    let client = client_with(&simulator, |config| {
        config.polling.waiting_min = Duration::from_secs(20);
        config.polling.waiting_max = Duration::from_secs(20);
    });
    let (live, events, prompt) = asked(&client, TWICE).await;
    simulator.answer(live.id().as_str().parse().unwrap(), &json!("red")).unwrap();
    // What was read within the last second counts as seen just now.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::PromptNoLongerOpen { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("blue"));
    assert_eq!(count(&simulator, Call::AddUserInput), 0, "the second question is not answered");
    let reason = until(&events, |event| match event {
        SessionEvent::PromptClosed { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason.await, PromptCloseReason::AnsweredElsewhere);
    let by: Vec<_> = inputs_of(&simulator, live.id()).iter().map(|input| input.by).collect();
    assert_eq!(by, [By::Elsewhere]);
}

#[tokio::test]
async fn another_device_that_is_quicker_by_a_moment_is_found_out_when_nothing_was_asked_since() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    // Between the look and the answer, which then comes to a session that has ended.
    let first = Fault::AnsweredElsewhere { answer: json!("red") };
    fault(&simulator, FaultRule::new(Call::AddUserInput, first).times(1));
    let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::PromptNoLongerOpen { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("blue"));
    assert_eq!(closes(&rest(&events).await), [PromptCloseReason::AnsweredElsewhere]);
    assert_eq!(texts_of(&simulator, live.id()), ["red"]);
}

#[tokio::test]
async fn of_two_devices_with_the_same_prompt_one_is_told_that_it_was_too_late() {
    let simulator = simulator().await;
    let (one, other) = (client(&simulator), client(&simulator));
    let (live, events, prompt) = asked(&one, ASK).await;
    let same = other.watch(ASK, live.id()).await.unwrap();
    let other_events = same.events();
    let other_prompt = common::prompt(&other_events).await;
    assert_eq!(other_prompt, prompt, "both see the same prompt");
    within(live.answer(&prompt, "blue")).await.unwrap();
    let late = within(same.answer(&other_prompt, "red")).await.unwrap_err();
    assert!(matches!(late, LiveFlowError::PromptNoLongerOpen { .. }), "{late:?}");
    assert_eq!(closes(&rest(&events).await), [PromptCloseReason::Answered]);
    assert_eq!(closes(&rest(&other_events).await), [PromptCloseReason::AnsweredElsewhere]);
    assert_eq!(texts_of(&simulator, live.id()), ["blue"]);
}

#[tokio::test]
async fn without_the_look_before_it_an_answer_is_one_request() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.verify_before_answer = false;
        config.polling.waiting_min = Duration::from_secs(20);
        config.polling.waiting_max = Duration::from_secs(20);
    });
    let (live, _, prompt) = asked(&client, ASK).await;
    let before = newest(&simulator);
    within(live.answer(&prompt, "blue")).await.unwrap();
    let after: Vec<_> =
        simulator.journal().requests.into_iter().filter(|it| it.number > before).collect();
    assert_eq!(after[0].call, Some(Call::AddUserInput), "{after:?}");
}

#[tokio::test]
async fn with_resending_off_nothing_follows_an_attempt_whose_first_byte_left() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.resend_answers = false;
    });
    let (live, events, prompt) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::AddUserInput, Fault::ResetBeforeEffect {}).times(1));
    let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("blue"));
    assert_eq!(sent_and_taken(&simulator, &live), (1, 0));
    // The caller decides, and may answer again.
    within(live.answer(&prompt, "green")).await.unwrap();
    assert_eq!(closes(&rest(&events).await), [PromptCloseReason::Answered]);
    assert_eq!(texts_of(&simulator, live.id()), ["green"]);
}

#[tokio::test]
async fn a_second_answer_while_one_is_under_way_is_refused_and_the_first_goes_on() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::AddUserInput, slow(200)));
    let (first, second) = within(async {
        tokio::join!(live.answer(&prompt, "blue"), async {
            eventually("the first is on its way", || count(&simulator, Call::AddUserInput) > 0)
                .await;
            live.answer(&prompt, "red").await
        })
    })
    .await;
    first.unwrap();
    let error = second.unwrap_err();
    assert!(matches!(error, LiveFlowError::InvalidRequest { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("red"));
    assert_eq!(texts_of(&simulator, live.id()), ["blue"]);
}

/// Waits for an answer until it has been sent, and then no longer.
async fn give_up_amid(simulator: &Simulator, live: &LiveSession, prompt: &liveflow::Prompt) {
    let answer = live.answer(prompt, "blue");
    let sent = eventually("it is sent", || count(simulator, Call::AddUserInput) > 0);
    tokio::select! {
        result = answer => panic!("it was not to come to an end: {result:?}"),
        () = sent => {}
    }
}

#[tokio::test]
async fn an_answer_given_up_after_it_left_is_told_as_answered_if_it_arrived() {
    let simulator = simulator().await;
    let client = client_with(&simulator, quickly_settled);
    let (live, events, prompt) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::AddUserInput, slow(150)));
    give_up_amid(&simulator, &live, &prompt).await;
    let rest = rest(&events).await;
    assert_eq!(closes(&rest), [PromptCloseReason::Answered]);
    assert!(!rest.iter().any(|event| matches!(event, SessionEvent::AnswerUnresolved { .. })));
    assert_eq!(sent_and_taken(&simulator, &live), (1, 1));
}

#[tokio::test]
async fn an_answer_given_up_that_got_lost_is_handed_back_as_an_event_and_not_sent_again() {
    let simulator = simulator().await;
    let client = client_with(&simulator, quickly_settled);
    let (live, events, prompt) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::AddUserInput, silence()).times(1));
    give_up_amid(&simulator, &live, &prompt).await;
    let (asked, text) = until(&events, |event| match event {
        SessionEvent::AnswerUnresolved { prompt, text } => Some((prompt, text)),
        _ => None,
    })
    .await;
    assert_eq!((asked, text.as_str()), (prompt.clone(), "blue"));
    assert_eq!(sent_and_taken(&simulator, &live), (1, 0));
    within(live.answer(&prompt, "green")).await.unwrap();
    assert_eq!(texts_of(&simulator, live.id()), ["green"]);
}

#[tokio::test]
async fn an_answer_given_up_before_it_left_is_as_if_it_had_never_been_given() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    until(&events, |event| matches!(event, SessionEvent::ConnectionLost { .. }).then_some(()))
        .await;
    let given_up = tokio::time::timeout(Duration::from_millis(100), live.answer(&prompt, "blue"));
    assert!(given_up.await.is_err(), "it cannot have arrived");
    simulator.end_outage().await.unwrap();
    within(live.answer(&prompt, "green")).await.unwrap();
    let rest = rest(&events).await;
    assert_eq!(closes(&rest), [PromptCloseReason::Answered]);
    assert!(!rest.iter().any(|event| matches!(event, SessionEvent::AnswerUnresolved { .. })));
    assert_eq!(texts_of(&simulator, live.id()), ["green"], "blue never left");
}

#[tokio::test]
async fn an_answer_to_a_session_that_ends_meanwhile_is_too_late() {
    let simulator = simulator().await;
    let (client, other) = (client(&simulator), client(&simulator));
    let (live, events, prompt) = asked(&client, ASK).await;
    within(other.cancel_session(ASK, live.id())).await.unwrap();
    let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::PromptNoLongerOpen { .. }), "{error:?}");
    assert_eq!(closes(&rest(&events).await), [PromptCloseReason::SessionEnded]);
    let before = newest(&simulator);
    let again = within(live.answer(&prompt, "blue")).await.unwrap_err();
    assert!(matches!(again, LiveFlowError::PromptNoLongerOpen { .. }), "{again:?}");
    assert_eq!(newest(&simulator), before, "nothing is asked any more");
    assert_eq!(inputs_of(&simulator, live.id()).len(), 0);
}

#[tokio::test]
async fn a_slow_check_of_the_answer_is_no_reason_to_send_it_again() {
    let simulator = simulator().await;
    let slow_check = json!({
        "name": "slow check", "ready_ms": 0,
        "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "ask"}]},
            {"name": "ask", "type": "input", "prompt": "ask?", "duration_ms": 6000,
             "transitions": [{"to": "end"}]},
            {"name": "end", "type": "end"},
        ],
    });
    simulator.upload_flow(UNKNOWN.parse().unwrap(), &slow_check.to_string()).unwrap();
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, UNKNOWN).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    assert_eq!(simulator.journal().sessions[0].status, Status::Running, "it is being checked");
    assert_eq!(closes(&rest(&events).await), [PromptCloseReason::Answered]);
    assert_eq!(sent_and_taken(&simulator, &live), (1, 1));
}

#[tokio::test]
async fn faults_by_chance_never_double_an_answer_nor_lose_one_without_a_word() {
    let simulator = simulator().await;
    simulator
        .add_faults(vec![
            FaultRule::new(Call::AddUserInput, Fault::ResetAfterEffect {}).probability(0.3),
            FaultRule::new(Call::AddUserInput, Fault::ResetBeforeEffect {}).probability(0.3),
            FaultRule::new(Call::AddUserInput, status(502)).probability(0.3),
            FaultRule::new(Call::GetSession, Fault::ResetBeforeEffect {}).probability(0.15),
            FaultRule::new(Call::GetSession, Fault::StaleRead { changes: 1 }).probability(0.1),
            FaultRule::new(Call::GetSession, slow(20)).probability(0.2),
        ])
        .unwrap();
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.timeouts.total = Duration::from_secs(10);
    });
    let one = || async {
        let live = within(client.start(TWICE, inputs())).await.expect("creates are left alone");
        let events = live.events();
        let mut arrived = Vec::new();
        let mut in_doubt = 0;
        while let Some(event) = within(events.next()).await {
            let SessionEvent::PromptRequested { prompt } = event else { continue };
            match within(live.answer(&prompt, prompt.step_name.clone().unwrap())).await {
                Ok(()) => arrived.push(prompt.step_name.unwrap()),
                Err(error) => {
                    assert!(matches!(error, LiveFlowError::OutcomeUnknown { .. }), "{error:?}");
                    assert!(error.context().answer.is_some());
                    in_doubt += 1;
                    live.close();
                }
            }
        }
        (live, arrived, in_doubt)
    };
    for (live, arrived, in_doubt) in join_all((0..20).map(|_| one())).await {
        let texts = texts_of(&simulator, live.id());
        let told: Vec<_> = arrived.iter().map(|text| json!(text)).collect();
        assert!(texts.starts_with(&told), "told as arrived: {told:?}, took effect: {texts:?}");
        assert!(texts.len() <= told.len() + in_doubt, "{told:?}, {texts:?}");
    }
}
