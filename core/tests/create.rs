//! Create session: never doubled, and found again only where that is certain or allowed.

mod common;

use std::time::Duration;

use common::*;
use liveflow::{Json, LiveFlowError, SessionEvent};
use liveflow_simulator::{Call, Effect, Fault, FaultRule, Outage, Simulator};

fn created(simulator: &Simulator) -> usize {
    simulator.journal().sessions.len()
}

/// All the ways in which a create can take effect without its maker being told.
fn lost_after_effect() -> Vec<Fault> {
    vec![
        Fault::ResetAfterEffect {},
        status_after_effect(500),
        status_after_effect(504),
        Fault::Hold { effect: Effect::Applied },
        Fault::ResetMidBody {},
        Fault::MalformedBody {},
        Fault::EmptyBody {},
    ]
}

#[tokio::test]
async fn a_create_whose_fate_is_unknown_is_not_sent_again_and_shows_what_it_may_have_made() {
    for lost in lost_after_effect() {
        let simulator = simulator().await;
        let client = client_with(&simulator, quickly_settled);
        let fault_name = lost.name();
        fault(&simulator, FaultRule::new(Call::CreateSession, lost));
        let error = within(client.create_session(ASK, inputs())).await.unwrap_err();
        let LiveFlowError::OutcomeUnknown { candidates, .. } = error else {
            panic!("{fault_name}: {error:?}")
        };
        assert_eq!(count(&simulator, Call::CreateSession), 1, "{fault_name}");
        assert_eq!(created(&simulator), 1, "{fault_name}");
        let id = simulator.journal().sessions[0].id.to_string();
        let seen: Vec<_> = candidates.iter().map(|session| session.id.as_str()).collect();
        assert_eq!(seen, [id], "{fault_name}");
    }
}

#[tokio::test]
async fn a_create_that_was_lost_before_its_effect_has_no_candidates() {
    let simulator = simulator().await;
    let client = client_with(&simulator, quickly_settled);
    let known = client.create_session(ASK, inputs()).await.unwrap();
    let other = Json::parse(r#"{"company": "another"}"#).unwrap();
    common::client(&simulator).create_session(ASK, other).await.unwrap();
    fault(&simulator, FaultRule::new(Call::CreateSession, Fault::ResetBeforeEffect {}));
    let error = within(client.create_session(ASK, inputs())).await.unwrap_err();
    let LiveFlowError::OutcomeUnknown { candidates, .. } = error else { panic!("{error:?}") };
    assert_eq!(candidates, [], "{} is known, and the other has other inputs", known.id);
}

#[tokio::test]
async fn with_a_correlation_member_the_session_that_carries_the_mark_is_adopted() {
    for lost in lost_after_effect() {
        let simulator = simulator().await;
        let client = client_with(&simulator, |config| {
            quickly_settled(config);
            config.correlation_member = Some("client_mark".to_owned());
        });
        let fault_name = lost.name();
        // An equal one of somebody else's does not confuse it.
        common::client(&simulator).create_session(ASK, inputs()).await.unwrap();
        fault(&simulator, FaultRule::new(Call::CreateSession, lost));
        let live = within(client.start(ASK, inputs())).await.unwrap_or_else(|error| {
            panic!("{fault_name}: {error:?}");
        });
        let session = live.snapshot().unwrap();
        let inputs = session.inputs.as_ref().unwrap().to_value();
        assert_eq!(inputs["company"], "ACME");
        assert!(inputs["client_mark"].is_string());
        common::prompt(&live.events()).await;
    }
}

#[tokio::test]
async fn a_marked_session_that_shows_up_late_is_waited_for() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.correlation_member = Some("client_mark".to_owned());
    });
    let late = Fault::LateEffect { ms: 250, answer: liveflow_simulator::LateAnswer::Reset };
    fault(&simulator, FaultRule::new(Call::CreateSession, late));
    within(client.create_session(ASK, inputs())).await.unwrap();
    assert_eq!((count(&simulator, Call::CreateSession), created(&simulator)), (1, 1));
}

#[tokio::test]
async fn adoption_by_likeness_takes_a_single_equal_session_and_no_other() {
    // By a clock that runs as fast as ours: times are compared.
    let simulator = common::builder().speed(1.0).start().await.unwrap();
    let adopting = |simulator: &Simulator| {
        client_with(simulator, |config| {
            quickly_settled(config);
            config.adopt_created = true;
        })
    };
    let client = adopting(&simulator);
    fault(&simulator, FaultRule::new(Call::CreateSession, Fault::ResetAfterEffect {}).times(1));
    let session = within(client.create_session(ASK, inputs())).await.unwrap();
    assert_eq!(created(&simulator), 1);
    assert_eq!(session.id.as_str(), simulator.journal().sessions[0].id.to_string());

    // Of two that are alike nobody can tell which is which.
    let crowded = common::builder().speed(1.0).start().await.unwrap();
    let client = adopting(&crowded);
    fault(&crowded, FaultRule::new(Call::CreateSession, Fault::ResetAfterEffect {}).times(2));
    let somebody = common::client_with(&crowded, quickly_settled);
    within(somebody.create_session(ASK, inputs())).await.unwrap_err();
    let error = within(client.create_session(ASK, inputs())).await.unwrap_err();
    let LiveFlowError::OutcomeUnknown { candidates, .. } = error else { panic!("{error:?}") };
    assert_eq!(candidates.len(), 2);
}

#[tokio::test]
async fn two_equal_creates_of_one_client_are_not_adopted_for_one_another() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.adopt_created = true;
    });
    // One takes effect and one does not; both are lost.
    fault(&simulator, FaultRule::new(Call::CreateSession, Fault::ResetAfterEffect {}).nth([1]));
    fault(&simulator, FaultRule::new(Call::CreateSession, Fault::ResetBeforeEffect {}).nth([2]));
    let (one, two) = within(async {
        tokio::join!(client.create_session(ASK, inputs()), client.create_session(ASK, inputs()))
    })
    .await;
    assert_eq!(created(&simulator), 1);
    let adopted: Vec<_> = [one, two].into_iter().filter_map(Result::ok).collect();
    assert!(adopted.len() <= 1, "one session cannot be both: {adopted:#?}");
}

#[tokio::test]
async fn a_create_may_be_made_anew_once_nothing_like_it_is_seen_after_the_grace() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.recreate_when_unseen = true;
    });
    fault(&simulator, FaultRule::new(Call::CreateSession, Fault::ResetBeforeEffect {}).nth([1]));
    within(client.create_session(ASK, inputs())).await.unwrap();
    let sent = requests(&simulator, Call::CreateSession);
    assert_eq!((sent.len(), created(&simulator)), (2, 1));
    assert!(sent[1].time_ms - sent[0].time_ms >= 500.0, "not before the grace is over");
    assert_eq!(sent[0].headers["idempotency-key"], sent[1].headers["idempotency-key"]);

    // And only once.
    fault(&simulator, FaultRule::new(Call::CreateSession, Fault::ResetBeforeEffect {}));
    let error = within(client.create_session(ASK, inputs())).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(count(&simulator, Call::CreateSession), 4);
}

#[tokio::test]
async fn what_took_effect_is_never_made_anew() {
    for lost in lost_after_effect() {
        let simulator = simulator().await;
        let client = client_with(&simulator, |config| {
            quickly_settled(config);
            config.recreate_when_unseen = true;
        });
        let fault_name = lost.name();
        fault(&simulator, FaultRule::new(Call::CreateSession, lost));
        let error = within(client.create_session(ASK, inputs())).await.unwrap_err();
        assert!(matches!(error, LiveFlowError::OutcomeUnknown { .. }), "{fault_name}: {error:?}");
        assert_eq!(created(&simulator), 1, "{fault_name}");
    }
}

#[tokio::test]
async fn a_create_that_never_left_or_was_put_off_is_sent_again() {
    let simulator = simulator().await;
    let client = client(&simulator);
    simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    let back = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        simulator.end_outage().await.unwrap();
    };
    let (session, ()) =
        within(async { tokio::join!(client.create_session(ASK, inputs()), back) }).await;
    session.unwrap();
    assert_eq!(created(&simulator), 1);

    fault(&simulator, FaultRule::new(Call::CreateSession, limited(0)).times(2));
    fault(&simulator, FaultRule::new(Call::CreateSession, status(425)).times(1));
    within(client.create_session(ASK, inputs())).await.unwrap();
    assert_eq!((count(&simulator, Call::CreateSession), created(&simulator)), (5, 2));
}

#[tokio::test]
async fn a_create_that_is_refused_is_refused_once() {
    for refusal in [400, 403, 404, 409, 413, 422] {
        let simulator = simulator().await;
        let client = client(&simulator);
        fault(&simulator, FaultRule::new(Call::CreateSession, status(refusal)));
        let error = within(client.create_session(ASK, inputs())).await.unwrap_err();
        assert_eq!(error.context().http_status, Some(refusal));
        assert_eq!(simulator.journal().requests.len(), 1, "{refusal}");
    }
}

#[tokio::test]
async fn a_create_that_is_given_up_before_it_left_makes_no_session() {
    let simulator = simulator().await;
    let turnstile = Turnstile::open();
    turnstile.set_open(false);
    let client = client_with(&simulator, |config| {
        config.credentials = Some(std::sync::Arc::new(turnstile.clone()));
    });
    let waits = eventually("it waits for its credentials", || turnstile.asked() > 0);
    tokio::select! {
        result = client.create_session(ASK, inputs()) => panic!("{result:?}"),
        () = waits => {}
    }
    turnstile.set_open(true);
    within(client.get_sessions(ASK)).await.unwrap();
    assert_eq!(count(&simulator, Call::CreateSession), 0);
}

#[tokio::test]
async fn under_faults_by_chance_no_create_makes_two_sessions() {
    let simulator = simulator().await;
    let chance = |fault: Fault| FaultRule::new(Call::CreateSession, fault).probability(0.25);
    simulator
        .add_faults(vec![
            chance(Fault::ResetAfterEffect {}),
            chance(Fault::ResetBeforeEffect {}),
            chance(status_after_effect(502)),
            chance(limited(0)),
            FaultRule::new(Call::GetSessions, status(503)).probability(0.3),
        ])
        .unwrap();
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.correlation_member = Some("mark".to_owned());
        config.recreate_when_unseen = true;
    });
    let one = |number: usize| {
        let client = client.clone();
        async move {
            let inputs = Json::from_value(&serde_json::json!({"number": number})).unwrap();
            (number, within(client.start(ASK, inputs)).await)
        }
    };
    let outcomes = futures_util::future::join_all((0..20).map(one)).await;
    let journal = simulator.journal();
    for (number, outcome) in outcomes {
        let made = journal.sessions.iter().filter(|it| it.inputs_at_create["number"] == number);
        let made: Vec<_> = made.map(|session| session.id.to_string()).collect();
        match outcome {
            Ok(live) => {
                assert_eq!(made, [live.id().as_str()]);
                let events = live.events();
                let asks =
                    |event| matches!(event, SessionEvent::PromptRequested { .. }).then_some(());
                until(&events, asks).await;
            }
            Err(error) => {
                assert!(matches!(error, LiveFlowError::OutcomeUnknown { .. }), "{error:?}");
                assert!(made.len() <= 1, "{made:?}");
            }
        }
    }
}
