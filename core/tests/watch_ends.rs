//! How a watch ends, and what does not end it.

mod common;

use std::time::Duration;

use common::*;
use liveflow::{
    Client, LiveFlowError, PromptCloseReason, SessionEvent, SessionStatus, Taken, WatchEndReason,
};
use liveflow_simulator::{Call, Fault, FaultRule, Outage};

fn why(events: &[SessionEvent]) -> &WatchEndReason {
    match events.last() {
        Some(SessionEvent::WatchEnded { reason }) => reason,
        _ => panic!("the watch did not end: {events:#?}"),
    }
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
