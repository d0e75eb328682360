//! Close, a change of network, polls on demand, and handles that go away.

mod common;

use std::time::Duration;

use common::*;
use futures_util::future::join_all;
use liveflow::{Client, ClientConfig, LiveFlowError, SessionEvent, SessionStatus, WatchEndReason};
use liveflow_simulator::{Call, FaultRule, Status};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// So slow that only what is asked for makes a request.
fn rarely(config: &mut ClientConfig) {
    config.polling.waiting_min = Duration::from_secs(120);
    config.polling.waiting_max = Duration::from_secs(120);
}

#[tokio::test]
async fn closing_one_watch_keeps_back_its_requests_and_nobody_elses() {
    let simulator = simulator().await;
    let (client, turnstile) = with_turnstile(&simulator);
    let (closed, _events, prompt) = asked(&client, ASK).await;
    let (other, _, _) = asked(&client, ASK).await;
    turnstile.set_open(false);
    let asked = turnstile.asked();
    let answer = closed.answer(&prompt, "blue");
    let closing = async {
        eventually("requests wait", || turnstile.asked() > asked).await;
        quiet(&simulator).await;
        closed.close();
        turnstile.set_open(true);
        newest(&simulator)
    };
    let (answer, before) = tokio::join!(answer, closing);
    assert!(matches!(answer.unwrap_err(), LiveFlowError::Closed { .. }));
    let asked_since = |session: &liveflow::LiveSession| {
        let id = session.id().as_str().parse().unwrap();
        simulator.journal_of(id).requests.iter().filter(|it| it.number > before).count()
    };
    eventually("the other goes on", || asked_since(&other) > 5).await;
    assert_eq!(asked_since(&closed), 0);
    assert_eq!(inputs_of(&simulator, closed.id()).len(), 0);
}

#[tokio::test]
async fn after_a_change_of_network_connections_are_new_and_nobody_waits_any_longer() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.retry.initial_backoff = Duration::from_secs(120);
        config.retry.max_backoff = Duration::from_secs(120);
    });
    let (_live, events, _) = asked(&client, ASK).await;
    let before = simulator.journal().requests.last().unwrap().connection;
    fault(&simulator, FaultRule::new(Call::GetSession, status(503)).times(1));
    eventually("a read fails", || {
        requests(&simulator, Call::GetSession).last().is_some_and(|it| it.status == Some(503))
    })
    .await;
    simulator.answer(simulator.journal().sessions[0].id, &json!("red")).unwrap();
    quiet(&simulator).await;
    client.network_changed();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    assert!(simulator.journal().requests.last().unwrap().connection > before);
}

#[tokio::test]
async fn a_poll_on_demand_does_not_wait_for_the_schedule() {
    let simulator = simulator().await;
    let client = client_with(&simulator, rarely);
    let (live, events, _) = asked(&client, ASK).await;
    simulator.answer(live.id().as_str().parse().unwrap(), &json!("red")).unwrap();
    quiet(&simulator).await;
    live.poll_now();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
}

#[tokio::test]
async fn demanding_polls_without_end_is_no_more_than_one_after_another() {
    let simulator = simulator().await;
    let client = client_with(&simulator, rarely);
    let (live, events, _) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::GetSession, slow(50)));
    for _ in 0..20_000 {
        live.poll_now();
    }
    let (other, _, _) = asked(&client, ASK).await;
    assert!(simulator.journal().in_flight_peak <= 3, "one for each session, and the create");
    simulator.answer(live.id().as_str().parse().unwrap(), &json!("red")).unwrap();
    live.poll_now();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    let id = live.id().as_str().parse().unwrap();
    let polls = simulator.journal_of(id).requests.len();
    assert!(polls < 500, "{polls} polls");
    drop(other);
}

#[tokio::test]
async fn closing_a_client_ends_its_streams_and_cancels_no_session() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, _) = asked(&client, ASK).await;
    let (other, other_events, _) = asked(&client, TWICE).await;
    client.close();
    client.close();
    for events in [&events, &other_events] {
        let end = rest(events).await.pop();
        assert_eq!(end, Some(SessionEvent::WatchEnded { reason: WatchEndReason::Closed }));
    }
    quiet(&simulator).await;
    for live in [live, other] {
        let id = live.id().as_str().parse().unwrap();
        assert_eq!(simulator.journal_of(id).sessions[0].status, Status::Waiting);
    }
    assert_eq!(count(&simulator, Call::CancelSession), 0);
}

#[tokio::test]
async fn a_close_amid_calls_ends_each_with_what_is_known() {
    let simulator = simulator().await;
    fault(&simulator, FaultRule::new(Call::GetSessions, limited(60)));
    let client = client_with(&simulator, |config| config.suspend_grace = Duration::from_millis(50));
    let (live, _, prompt) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::CreateSession, silence()));
    fault(&simulator, FaultRule::new(Call::AddUserInput, silence()));
    fault(&simulator, FaultRule::new(Call::GetSession, silence()));
    let closing = async {
        let sent = || {
            count(&simulator, Call::CreateSession) == 2
                && count(&simulator, Call::AddUserInput) == 1
                && count(&simulator, Call::GetSession) > 0
        };
        eventually("all are on the wire", sent).await;
        client.close();
    };
    let (create, answer, read, waiting, ()) = within(async {
        tokio::join!(
            client.create_session(ASK, inputs()),
            live.answer(&prompt, "blue"),
            client.get_session(ASK, live.id()),
            live.wait(None),
            closing
        )
    })
    .await;
    assert!(matches!(create.unwrap_err(), LiveFlowError::OutcomeUnknown { .. }));
    let answer = answer.unwrap_err();
    assert!(matches!(answer, LiveFlowError::OutcomeUnknown { .. }), "{answer:?}");
    assert_eq!(answer.context().answer.as_deref(), Some("blue"));
    assert!(matches!(read.unwrap_err(), LiveFlowError::Closed { .. }));
    assert!(matches!(waiting.unwrap_err(), LiveFlowError::Closed { .. }));
}

#[tokio::test]
async fn a_close_does_not_leave_anybody_waiting_for_a_second_try() {
    let simulator = simulator().await;
    let client = client(&simulator);
    fault(&simulator, FaultRule::any(limited(60)));
    let closing = async {
        eventually("all have been told to wait", || newest(&simulator) >= 1).await;
        client.close();
    };
    let (create, read, listed, ()) = within(async {
        tokio::join!(
            client.create_session(ASK, inputs()),
            client.get_session(ASK, UNKNOWN),
            client.get_sessions(ASK),
            closing
        )
    })
    .await;
    for error in [create.unwrap_err(), read.unwrap_err(), listed.unwrap_err()] {
        assert!(matches!(error, LiveFlowError::Closed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_close_does_not_wait_for_the_rest_of_a_list() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let serving = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(connection.read(&mut request).await.unwrap() > 0);
        let beginning = format!("[{{\"id\":\"{UNKNOWN}\"}},");
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n";
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(beginning.as_bytes()).await.unwrap();
        connection
    };
    let mut config = ClientConfig::new("key");
    config.base_url = base;
    let client = Client::new(config).unwrap();
    let mut sessions = client.iter_sessions(ASK).unwrap();
    let (first, _stalled) = within(async { tokio::join!(sessions.next(), serving) }).await;
    assert_eq!(first.unwrap().unwrap().id.as_str(), UNKNOWN);
    let closing = async { client.close() };
    let (next, ()) = within(async { tokio::join!(sessions.next(), closing) }).await;
    assert!(matches!(next, Some(Err(LiveFlowError::Closed { .. }))), "{next:?}");
    assert!(sessions.next().await.is_none());
}

#[tokio::test]
async fn closing_the_handle_and_cancelling_the_session_are_two_things() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (watched, events, _) = asked(&client, ASK).await;
    watched.close();
    rest(&events).await;
    let (cancelled, events, _) = asked(&client, ASK).await;
    let session = within(cancelled.cancel()).await.unwrap();
    assert_eq!(session.status, SessionStatus::Failed);
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Failed { .. })));
    let cancelled: Vec<_> = simulator.journal().sessions.iter().map(|it| it.cancelled).collect();
    assert_eq!(cancelled, [false, true]);
}

#[tokio::test]
async fn when_the_last_handle_of_a_watch_goes_polling_stops() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, _) = asked(&client, ASK).await;
    drop(live);
    let before = newest(&simulator);
    eventually("the stream alone keeps it going", || newest(&simulator) > before + 3).await;
    drop(events);
    quiet(&simulator).await;
    client.get_sessions(ASK).await.expect("the client itself goes on");
}

#[tokio::test]
async fn a_watch_outlives_the_client_it_came_from() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    drop(client);
    within(live.answer(&prompt, "blue")).await.unwrap();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
}

#[tokio::test]
async fn when_all_handles_are_gone_nothing_of_the_client_is_left() {
    let simulator = simulator().await;
    for closes in [false, true] {
        let (client, turnstile) = with_turnstile(&simulator);
        let (live, events, prompt) = asked(&client, ASK).await;
        let listener = live.subscribe(|_| ());
        within(live.answer(&prompt, "blue")).await.unwrap();
        let (second, _, _) = asked(&client, ASK).await;
        drop(second.wait(None));
        assert!(turnstile.holders() > 0);
        if closes {
            client.close();
            eventually("the engine is gone", || turnstile.holders() <= 1).await;
        }
        drop((client, live, events, listener, second));
        eventually("its configuration is let go", || turnstile.holders() == 0).await;
    }
    quiet(&simulator).await;
}

#[tokio::test]
async fn a_wait_that_runs_out_leaves_the_session_alone() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(WORK, inputs()).await.unwrap();
    let error = within(live.wait(Some(Duration::from_millis(50)))).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::RequestTimeout { .. }), "{error:?}");
    assert!(error.is_retryable());
    simulator.advance(live.id().as_str().parse().unwrap(), None).unwrap();
    assert_eq!(within(live.wait(Some(PATIENCE))).await.unwrap().status, SessionStatus::Finished);
}

#[tokio::test]
async fn three_hundred_sessions_at_once_all_come_to_their_end() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let one = |number: usize| {
        let client = client.clone();
        async move {
            let flow = if number.is_multiple_of(3) { ASK } else { STEPS };
            let live = within(client.start(flow, inputs())).await.unwrap();
            let events = live.events();
            while let Some(event) = within(events.next()).await {
                if let SessionEvent::PromptRequested { prompt } = event {
                    within(live.answer(&prompt, number.to_string())).await.unwrap();
                }
            }
            let session = within(live.wait(None)).await.unwrap();
            assert_eq!(session.status, SessionStatus::Finished);
        }
    };
    join_all((0..300).map(one)).await;
    let journal = simulator.journal();
    assert_eq!(journal.sessions.len(), 300);
    assert!(journal.sessions.iter().all(|session| session.status == Status::Finished));
    let answers: usize = journal.sessions.iter().map(|session| session.inputs.len()).sum();
    assert_eq!(answers, 100);
    assert!(journal.in_flight_peak <= 16, "{}", journal.in_flight_peak);
}
