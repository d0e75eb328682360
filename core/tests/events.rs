//! What consumers are told: in order, once, at their own pace.

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use futures_util::future::join_all;
use liveflow::{
    Client, Events, LiveFlowError, PromptCloseReason, SessionEvent, SessionStatus, Taken,
    WatchEndReason,
};
use liveflow_simulator::{Call, Fault, FaultRule, Outage};

/// Fails unless these are, together, one consumer's whole story.
fn assert_whole_story(events: &[SessionEvent]) {
    let mut status = None;
    let mut open = Vec::new();
    let mut asked = HashSet::new();
    let mut is_lost = false;
    for (at, event) in events.iter().enumerate() {
        let comes_last = at + 1 == events.len();
        assert_eq!(event.is_terminal(), comes_last, "one end, and it comes last: {events:#?}");
        match event {
            SessionEvent::StatusChanged { previous, current } => {
                assert_eq!(*previous, status, "{events:#?}");
                assert_ne!(Some(*current), status, "{events:#?}");
                status = Some(*current);
            }
            SessionEvent::PromptRequested { prompt } => {
                let key = (prompt.run_id.clone(), prompt.round);
                assert!(asked.insert(key.clone()), "asked twice: {events:#?}");
                open.push(key);
            }
            SessionEvent::PromptClosed { prompt, .. } => {
                let key = (prompt.run_id.clone(), prompt.round);
                let at = open.iter().position(|open| *open == key);
                open.remove(at.unwrap_or_else(|| panic!("not open: {events:#?}")));
            }
            SessionEvent::ConnectionLost { .. } => assert!(!std::mem::replace(&mut is_lost, true)),
            SessionEvent::ConnectionRestored => assert!(std::mem::replace(&mut is_lost, false)),
            _ => {}
        }
    }
    assert!(open.is_empty(), "each prompt that was asked is closed: {events:#?}");
}

/// The finished steps that were told, in order.
fn finished_steps(events: &[SessionEvent]) -> Vec<String> {
    let name = |event: &SessionEvent| match event {
        SessionEvent::StepChanged { step } if step.status == SessionStatus::Finished => {
            step.name.clone()
        }
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

const ALL_STEPS: [&str; 10] =
    ["start", "step1", "step2", "step3", "step4", "step5", "step6", "step7", "step8", "end"];

fn why(events: &[SessionEvent]) -> &WatchEndReason {
    match events.last() {
        Some(SessionEvent::WatchEnded { reason }) => reason,
        _ => panic!("the watch did not end: {events:#?}"),
    }
}

#[tokio::test]
async fn steps_and_statuses_come_in_order_and_the_end_comes_last() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let events = rest(&live.events()).await;
    assert_whole_story(&events);
    assert_eq!(finished_steps(&events), ALL_STEPS);
    assert!(matches!(events.last(), Some(SessionEvent::Finished { .. })));
}

#[tokio::test]
async fn who_comes_late_is_told_the_present_and_then_what_follows() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, TWICE).await;
    within(live.answer(&prompt, "one")).await.unwrap();
    let late = live.events();
    let second = common::prompt(&late).await;
    assert_eq!(second.step_name.as_deref(), Some("second"), "the first is answered already");
    within(live.answer(&second, "two")).await.unwrap();
    within(live.wait(None)).await.unwrap();
    let after_the_end = rest(&live.events()).await;
    assert_whole_story(&after_the_end);
    assert_eq!(finished_steps(&after_the_end), ["start", "first", "second", "end"]);
    assert!(
        !after_the_end.iter().any(|event| matches!(event, SessionEvent::PromptRequested { .. })),
        "nobody is shown a prompt that is answered"
    );
}

#[tokio::test]
async fn a_slow_consumer_misses_no_finished_step() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let slow = live.events();
    let first = within(slow.next()).await.unwrap();
    within(live.wait(None)).await.unwrap();
    let mut all = vec![first];
    all.extend(rest(&slow).await);
    assert_whole_story(&all);
    assert_eq!(finished_steps(&all), ALL_STEPS);
}

#[tokio::test]
async fn taking_does_not_wait_and_finds_nothing_twice() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (_live, events, prompt) = asked(&client, ASK).await;
    assert_eq!(events.take(), Taken::NothingYet, "{prompt:?} is told once");
}

#[tokio::test]
async fn each_consumer_is_told_the_whole_story_whatever_the_others_do() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(LEADS, inputs()).await.unwrap();
    let (quick, slow, leaving) = (live.events(), live.events(), live.events());
    let answering = async {
        let mut all = Vec::new();
        while let Some(event) = within(quick.next()).await {
            if let SessionEvent::PromptRequested { prompt } = &event {
                within(live.answer(prompt, "100000")).await.unwrap();
            }
            all.push(event);
        }
        all
    };
    let dawdling = async {
        let mut all = Vec::new();
        while let Some(event) = within(slow.next()).await {
            all.push(event);
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        all
    };
    let going = async {
        within(leaving.next()).await.unwrap();
        drop(leaving);
    };
    let (quick, slow, ()) = tokio::join!(answering, dawdling, going);
    for story in [&quick, &slow] {
        assert_whole_story(story);
        assert_eq!(finished_steps(story), finished_steps(&quick));
    }
}

#[tokio::test]
async fn callers_of_next_event_share_one_place() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let collect = |live: liveflow::LiveSession| async move {
        let mut mine = Vec::new();
        while let Some(event) = within(live.next_event()).await {
            mine.push(event);
            tokio::task::yield_now().await;
        }
        mine
    };
    let shares = join_all([collect(live.clone()), collect(live.clone()), collect(live)]).await;
    let steps: Vec<_> = shares.iter().flat_map(|share| finished_steps(share)).collect();
    let different: HashSet<_> = steps.iter().cloned().collect();
    assert_eq!(steps.len(), different.len(), "each event goes to one of them: {steps:?}");
    assert_eq!(different.len(), ALL_STEPS.len(), "and none is lost");
    let ends = shares.iter().flatten().filter(|event| event.is_terminal()).count();
    assert_eq!(ends, 1);
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Pulls with all the impatience there is: each pull is dropped after a random moment.
async fn pull_impatiently(events: &Events, seed: u64) -> Vec<SessionEvent> {
    let mut numbers = Numbers(seed);
    let mut all = Vec::new();
    loop {
        let patience = Duration::from_micros(numbers.below(3000));
        if numbers.below(2) == 0 {
            match tokio::time::timeout(patience, events.next()).await {
                Ok(Some(event)) => all.push(event),
                Ok(None) => return all,
                Err(_) => {}
            }
        } else if tokio::time::timeout(patience, events.ready()).await.is_ok() {
            // The two halves of a pull, as language bindings use them.
            match events.take() {
                Taken::Event(event) => all.push(*event),
                Taken::NothingYet => {}
                Taken::End => return all,
            }
        }
    }
}

#[tokio::test]
async fn pulls_that_are_dropped_at_random_moments_lose_nothing() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let one = |seed: u64| {
        let client = client.clone();
        async move {
            let live = within(client.start(STEPS, inputs())).await.unwrap();
            let story = within(pull_impatiently(&live.events(), seed)).await;
            assert_whole_story(&story);
            assert_eq!(finished_steps(&story), ALL_STEPS, "seed {seed}");
        }
    };
    join_all((1..=100).map(one)).await;
}

#[tokio::test]
async fn the_end_comes_exactly_once_to_each_of_many_sessions() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let one = |number: usize| {
        let client = client.clone();
        async move {
            let flow = [QUICK, STEPS, FAILS][number % 3];
            let live = within(client.start(flow, inputs())).await.unwrap();
            let (first, second) = (live.events(), live.events());
            let (first, second) = tokio::join!(rest(&first), rest(&second));
            assert_whole_story(&first);
            assert_whole_story(&second);
            assert!(within(live.events().next()).await.is_some(), "a new consumer is told as well");
        }
    };
    join_all((0..60).map(one)).await;
}

#[tokio::test]
async fn closing_the_watch_ends_every_stream_and_leaves_the_session_alone() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, _) = asked(&client, ASK).await;
    let other = live.events();
    common::prompt(&other).await;
    live.close();
    for events in [events, other] {
        let story = rest(&events).await;
        assert!(
            matches!(
                &story[..],
                [
                    SessionEvent::PromptClosed { reason: PromptCloseReason::WatchEnded, .. },
                    SessionEvent::WatchEnded { reason: WatchEndReason::Closed },
                ]
            ),
            "{story:?}"
        );
        assert!(within(events.next()).await.is_none());
        assert_eq!(events.take(), Taken::End);
    }
    assert_eq!(simulator.journal().sessions[0].status, liveflow_simulator::Status::Waiting);
}

#[tokio::test]
async fn cancelling_one_stream_ends_that_one_only() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    let other = live.events();
    let waiting = async { within(events.ready()).await };
    let ((), ()) = tokio::join!(waiting, async { events.cancel() });
    let story = rest(&events).await;
    assert_eq!(*why(&story), WatchEndReason::Closed);
    assert_eq!(story.len(), 2, "its open prompt is closed first: {story:?}");
    within(live.answer(&prompt, "blue")).await.unwrap();
    assert!(matches!(rest(&other).await.last(), Some(SessionEvent::Finished { .. })));
}

#[tokio::test]
async fn a_watch_without_an_end_in_sight_ends_at_its_limit() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.watch_limit = Duration::from_millis(300));
    let live = client.start(WORK, inputs()).await.unwrap();
    assert_eq!(*why(&rest(&live.events()).await), WatchEndReason::TimeLimit);
    let error = within(live.wait(None)).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::RequestTimeout { .. }), "{error:?}");
    let before = newest(&simulator);
    assert_eq!(simulator.journal().sessions[0].status, liveflow_simulator::Status::Running);
    // Another session's whole story passes, and nothing more is asked about this one.
    rest(&client.start(STEPS, inputs()).await.unwrap().events()).await;
    let id = live.id().as_str().parse().unwrap();
    let asked_since =
        simulator.journal_of(id).requests.iter().filter(|it| it.number > before).count();
    assert_eq!(asked_since, 0);
}

async fn ended_by_an_error(client: &Client, session: &str) -> LiveFlowError {
    let live = client.watch(ASK, session).await.unwrap();
    let story = rest(&live.events()).await;
    assert_whole_story(&story);
    let WatchEndReason::Error { error } = why(&story) else { panic!("{story:?}") };
    let waited = within(live.wait(None)).await.unwrap_err();
    assert_eq!(waited, *error, "whoever waits is told the same");
    error.clone()
}

#[tokio::test]
async fn a_watch_of_what_is_not_there_or_not_allowed_ends_with_the_typed_error() {
    let simulator = simulator().await;
    let error = ended_by_an_error(&client(&simulator), UNKNOWN).await;
    assert!(matches!(error, LiveFlowError::NotFound { .. }), "{error:?}");
    let stranger = client_with(&simulator, |config| config.api_key = "another-key".into());
    let error = ended_by_an_error(&stranger, UNKNOWN).await;
    assert!(matches!(error, LiveFlowError::Authentication { .. }), "{error:?}");
    fault(&simulator, FaultRule::any(status(403)));
    let error = ended_by_an_error(&client(&simulator), UNKNOWN).await;
    assert!(matches!(error, LiveFlowError::PermissionDenied { .. }), "{error:?}");
    assert_eq!(simulator.journal().requests.len(), 3, "each was asked for once");
}

#[tokio::test]
async fn a_session_of_our_own_that_a_lagging_replica_does_not_know_yet_is_waited_for() {
    let simulator = simulator().await;
    fault(&simulator, FaultRule::new(Call::GetSession, status(404)).times(4));
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, ASK).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    assert_eq!(within(live.wait(None)).await.unwrap().status, SessionStatus::Finished);
}

#[tokio::test]
async fn answers_that_stay_unreadable_end_the_watch_and_a_few_do_not() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, _) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::GetSession, Fault::MalformedBody {}).times(4));
    let restored = until(&events, |event| match event {
        SessionEvent::ConnectionRestored => Some(()),
        _ => None,
    });
    restored.await;
    fault(&simulator, FaultRule::new(Call::GetSession, Fault::MalformedBody {}));
    let story = rest(&events).await;
    let WatchEndReason::Error { error } = why(&story) else { panic!("{story:?}") };
    assert!(matches!(error, LiveFlowError::InvalidResponse { .. }), "{error:?}");
    assert!(live.snapshot().is_some());
}

#[tokio::test]
async fn an_outage_is_told_once_and_its_end_once() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    for how in [Outage::Refuse, Outage::Reset] {
        simulator.begin_outage(how, None).await.unwrap();
        let (error, retry_in) = until(&events, |event| match event {
            SessionEvent::ConnectionLost { error, retry_in } => Some((error, retry_in)),
            _ => None,
        })
        .await;
        assert!(matches!(error, LiveFlowError::Network { .. }), "{error:?}");
        assert!(retry_in <= Duration::from_millis(100), "{retry_in:?}");
        simulator.end_outage().await.unwrap();
        let next = within(events.next()).await;
        assert_eq!(next, Some(SessionEvent::ConnectionRestored), "{how:?}");
    }
    within(live.answer(&prompt, "blue")).await.unwrap();
    let mut story = vec![SessionEvent::PromptRequested { prompt }];
    story.extend(rest(&events).await.into_iter().skip_while(|event| {
        matches!(event, SessionEvent::StatusChanged { .. } | SessionEvent::StepChanged { .. })
    }));
    assert!(matches!(story.last(), Some(SessionEvent::Finished { .. })), "{story:?}");
}

#[tokio::test]
async fn one_failure_is_not_an_outage() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    let failed = || requests(&simulator, Call::GetSession).iter().any(|it| it.status == Some(500));
    fault(&simulator, FaultRule::new(Call::GetSession, status(500)).times(1));
    eventually("a read fails", failed).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    let story = rest(&events).await;
    assert!(!story.iter().any(|event| matches!(event, SessionEvent::ConnectionLost { .. })));
}

#[tokio::test]
async fn a_status_nobody_knows_is_shown_in_its_own_word_and_is_never_an_end() {
    let simulator = simulator().await;
    let word = Fault::UnknownStatus { word: "PAUSED_BY_ADMIN".to_owned() };
    fault(&simulator, FaultRule::new(Call::GetSession, word).times(3));
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let events = live.events();
    until(&events, |event| match event {
        SessionEvent::StatusChanged { current: SessionStatus::Unrecognised, .. } => Some(()),
        _ => None,
    })
    .await;
    let story = rest(&events).await;
    assert!(matches!(story.last(), Some(SessionEvent::Finished { .. })), "{story:?}");
    fault(
        &simulator,
        FaultRule::new(Call::GetSession, Fault::UnknownStatus { word: "ODD".to_owned() }),
    );
    let live = client.start(STEPS, inputs()).await.unwrap();
    eventually("the word is shown", || {
        live.snapshot().is_some_and(|session| session.raw_status == "ODD")
    })
    .await;
}

#[tokio::test]
async fn a_session_that_fails_or_is_cancelled_elsewhere_ends_as_failed() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, _) = asked(&client, ASK).await;
    let id = live.id().as_str().parse().unwrap();
    simulator.advance(id, Some("out of tokens")).unwrap();
    let story = rest(&events).await;
    let Some(SessionEvent::Failed { session, .. }) = story.last() else { panic!("{story:?}") };
    assert_eq!(session.status, SessionStatus::Failed);
    assert!(story.iter().any(|event| matches!(
        event,
        SessionEvent::PromptClosed { reason: PromptCloseReason::SessionEnded, .. }
    )));
}

#[tokio::test]
async fn reads_that_show_an_older_state_are_not_believed() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let stale = FaultRule::new(Call::GetSession, Fault::StaleRead { changes: 2 }).probability(0.4);
    fault(&simulator, stale);
    let one = || async {
        let live = within(client.start(STEPS, inputs())).await.unwrap();
        let story = rest(&live.events()).await;
        assert_whole_story(&story);
        let statuses = story.iter().filter_map(|event| match event {
            SessionEvent::StatusChanged { current, .. } => Some(*current),
            _ => None,
        });
        assert!(
            statuses.is_sorted_by_key(|status| match status {
                SessionStatus::Ready => 0,
                SessionStatus::Running => 1,
                _ => 2,
            }),
            "{story:#?}"
        );
        let steps = finished_steps(&story);
        let different: HashSet<_> = steps.iter().collect();
        assert_eq!(steps.len(), different.len(), "no step finishes twice: {steps:?}");
    };
    join_all((0..10).map(|_| one())).await;
}

#[tokio::test]
async fn who_does_not_listen_costs_nothing_but_the_polls() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = Arc::new(client.start(STEPS, inputs()).await.unwrap());
    let _never_pulled = live.events();
    let session = within(live.wait(None)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Finished);
    assert_eq!(live.snapshot().unwrap().status, SessionStatus::Finished);
}
