//! How many requests there are: the rate, the pauses that the service asks for, outages, schedules.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use futures_util::future::join_all;
use liveflow::{Client, LiveSession, SessionEvent, SessionStatus};
use liveflow_simulator::{Call, Effect, Fault, FaultRule, Outage, RequestRecord, Simulator};
use tokio::net::TcpListener;

async fn several(client: &Client, flow: &str, number: usize) -> Vec<LiveSession> {
    let starting = (0..number).map(|_| client.start(flow, inputs()));
    within(join_all(starting)).await.into_iter().map(Result::unwrap).collect()
}

/// How long it took from the first of these requests to the last, in seconds.
fn span(requests: &[RequestRecord]) -> f64 {
    (requests[requests.len() - 1].time_ms - requests[0].time_ms) / 1000.0
}

#[tokio::test]
async fn all_requests_of_a_client_together_keep_to_the_rate() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.requests_per_second = 40.0);
    let live = several(&client, WORK, 8).await;
    eventually("a hundred requests", || newest(&simulator) >= 100).await;
    let requests = simulator.journal().requests;
    // A quarter of a second's worth may go out at once, and a busy machine may take half a second
    // to note the first one down.
    let least = (100.0 - 10.0) / 40.0 - 0.5;
    assert!(span(&requests[..100]) >= least, "{} s", span(&requests[..100]));
    drop(live);
}

#[tokio::test]
async fn every_session_gets_its_share_of_a_small_budget() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.requests_per_second = 150.0);
    let live = several(&client, WORK, 12).await;
    eventually("three hundred polls", || count(&simulator, Call::GetSession) >= 300).await;
    for session in &live {
        let id = session.id().as_str().parse().unwrap();
        let polls = simulator.journal_of(id).requests.len();
        assert!(polls >= 10, "{polls} polls of 300 among twelve");
    }
}

#[tokio::test]
async fn an_answer_goes_before_the_polls_of_a_crowd() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.requests_per_second = 20.0);
    let crowd = several(&client, WORK, 30).await;
    let (live, _, prompt) = asked(&client, ASK).await;
    let before = newest(&simulator);
    within(live.answer(&prompt, "blue")).await.unwrap();
    let sent = requests(&simulator, Call::AddUserInput)[0].number;
    // A look and the answer; a crowd of thirty would have been thirty requests.
    assert!(sent - before < 15, "{} requests went first", sent - before);
    drop(crowd);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let simulator = simulator().await;
    fault(&simulator, FaultRule::new(Call::GetSession, slow(20)));
    let client = client_with(&simulator, |config| config.max_concurrent_requests = 3);
    let live = several(&client, WORK, 20).await;
    eventually("sixty polls", || count(&simulator, Call::GetSession) >= 60).await;
    assert_eq!(simulator.journal().in_flight_peak, 3);
    drop(live);
}

#[tokio::test]
async fn a_pause_that_one_request_is_asked_for_holds_the_whole_client() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = several(&client, WORK, 5).await;
    fault(&simulator, FaultRule::new(Call::GetSession, limited(1)).times(1));
    let limited_at = || {
        let requests = simulator.journal().requests;
        requests.into_iter().find(|request| request.status == Some(429))
    };
    eventually("one is limited", || limited_at().is_some()).await;
    let limited = limited_at().unwrap();
    let call = client.get_session(WORK, live[0].id());
    within(call).await.expect("it waits, and then goes on");
    let goes_on = || {
        let requests = simulator.journal().requests;
        requests.iter().any(|request| request.time_ms >= limited.time_ms + 1000.0)
    };
    eventually("the others go on", goes_on).await;
    // Some may have been under way when the pause was asked for.
    let after = simulator.journal().requests;
    let early = after.iter().filter(|request| {
        request.number > limited.number && request.time_ms < limited.time_ms + 1000.0
    });
    let early = early.count();
    assert!(early <= 5, "{early} requests during the pause");
}

#[tokio::test]
async fn a_pause_is_capped() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.max_retry_after = Duration::from_millis(100);
    });
    fault(&simulator, FaultRule::new(Call::GetSession, limited(86_400)).times(2));
    let (live, _, prompt) = asked(&client, ASK).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
}

#[tokio::test]
async fn a_pause_given_as_a_date_is_kept_as_well() {
    let simulator = common::builder().speed(1.0).start().await.unwrap();
    let client = client(&simulator);
    let dated = Fault::RateLimited { retry_after: 2, as_date: true, effect: Effect::None };
    fault(&simulator, FaultRule::new(Call::GetSessions, dated).times(1));
    within(client.get_sessions(ASK)).await.unwrap();
    let requests = requests(&simulator, Call::GetSessions);
    // A date has whole seconds, so that up to one of them may be lost.
    assert!(span(&requests) >= 0.9, "{}", span(&requests));
}

#[tokio::test]
async fn a_503_holds_its_own_session_only() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = several(&client, WORK, 2).await;
    let id = |at: usize| live[at].id().as_str().parse().unwrap();
    let busy = Fault::Status {
        status: 503,
        body: None,
        content_type: None,
        headers: [("Retry-After".to_owned(), "60".to_owned())].into(),
        effect: Effect::None,
    };
    fault(&simulator, FaultRule::new(Call::GetSession, busy).session(id(0)));
    let held = || simulator.journal_of(id(0)).requests.iter().any(|it| it.status == Some(503));
    eventually("one is told to wait", held).await;
    let before = newest(&simulator);
    eventually("the other goes on", || newest(&simulator) >= before + 20).await;
    let asked = simulator.journal_of(id(0)).requests.iter().filter(|it| it.number > before).count();
    assert_eq!(asked, 0);
}

/// Takes connections, counts them and those that are open at once, and breaks each off.
async fn nobody_home() -> (String, Arc<Mutex<Callers>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Callers>>::default();
    let callers = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let callers = Arc::clone(&callers);
            tokio::spawn(async move {
                callers.lock().unwrap().come();
                tokio::time::sleep(Duration::from_millis(20)).await;
                callers.lock().unwrap().now -= 1;
                drop(connection);
            });
        }
    });
    (base, seen)
}

#[derive(Default)]
struct Callers {
    so_far: usize,
    now: usize,
    most: usize,
}

impl Callers {
    fn come(&mut self) {
        self.so_far += 1;
        self.now += 1;
        self.most = self.most.max(self.now);
    }
}

#[tokio::test]
async fn during_an_outage_one_request_at_a_time_finds_out_for_all() {
    // A proxy that takes connections and never opens a tunnel: nothing of a request ever leaves.
    let (proxy, seen) = nobody_home().await;
    let client = {
        let mut config = liveflow::ClientConfig::new("key");
        config.base_url = "https://127.0.0.1:1".to_owned();
        config.proxy = liveflow::ProxyConfig::Url { url: proxy };
        config.retry.initial_backoff = Duration::from_millis(20);
        config.retry.max_backoff = Duration::from_millis(50);
        config.polling.running_min = Duration::from_millis(10);
        config.polling.running_max = Duration::from_millis(50);
        config.requests_per_second = 0.0;
        Client::new(config).unwrap()
    };
    let session = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    let mut live = Vec::new();
    for number in 0..30 {
        live.push(client.watch(ASK, session(number)).await.unwrap());
    }
    let events: Vec<_> = live.iter().map(LiveSession::events).collect();
    for events in &events {
        until(events, |event| matches!(event, SessionEvent::ConnectionLost { .. }).then_some(()))
            .await;
    }
    let settled = {
        let mut seen = seen.lock().unwrap();
        seen.most = seen.now;
        seen.so_far
    };
    eventually("twenty more probes", || seen.lock().unwrap().so_far >= settled + 20).await;
    let most = seen.lock().unwrap().most;
    assert!(most <= 2, "{most} at once: one, and one that the proxy has not quite let go");
}

#[tokio::test]
async fn everybody_hears_of_an_outage_and_of_its_end() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = several(&client, ASK, 40).await;
    let events: Vec<_> = live.iter().map(LiveSession::events).collect();
    for events in &events {
        common::prompt(events).await;
    }
    simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    for events in &events {
        until(events, |event| matches!(event, SessionEvent::ConnectionLost { .. }).then_some(()))
            .await;
    }
    simulator.end_outage().await.unwrap();
    for events in &events {
        assert_eq!(within(events.next()).await, Some(SessionEvent::ConnectionRestored));
    }
    for live in live {
        within(live.cancel()).await.unwrap();
    }
}

#[tokio::test]
async fn reads_that_fail_are_spaced_out_and_do_not_spin() {
    let simulator = simulator().await;
    fault(&simulator, FaultRule::new(Call::GetSession, Fault::ResetBeforeEffect {}));
    let client = client_with(&simulator, |config| {
        config.retry.initial_backoff = Duration::from_millis(50);
        config.retry.max_backoff = Duration::from_millis(200);
    });
    let live = client.start(WORK, inputs()).await.unwrap();
    eventually("ten tries", || count(&simulator, Call::GetSession) >= 10).await;
    let tries = requests(&simulator, Call::GetSession);
    // Half of 50, 100 and 200 ms, and of 200 ms again and again: the least that jitter leaves.
    let least = 0.025 + 0.05 + 0.1 * 7.0;
    assert!(span(&tries[..10]) >= least, "{}", span(&tries[..10]));
    drop(live);
}

#[tokio::test]
async fn waiting_for_the_user_is_polled_far_less_than_a_running_session() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.polling.running_min = Duration::from_millis(20);
        config.polling.running_max = Duration::from_millis(20);
        config.polling.waiting_min = Duration::from_millis(400);
        config.polling.waiting_max = Duration::from_millis(400);
    });
    let (waiting, _, _) = asked(&client, ASK).await;
    let running = client.start(WORK, inputs()).await.unwrap();
    let polls = |live: &LiveSession| {
        simulator.journal_of(live.id().as_str().parse().unwrap()).requests.len()
    };
    eventually("the running one is polled", || polls(&running) >= 60).await;
    assert!(polls(&waiting) * 4 < polls(&running), "{} of {}", polls(&waiting), polls(&running));
}

#[tokio::test]
async fn a_whole_session_costs_a_bounded_number_of_requests() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.polling = liveflow::PollingConfig::default();
    });
    let (live, _, prompt) = asked(&client, ASK).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    let session = within(live.wait(None)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Finished);
    let total = simulator.journal().requests.len();
    assert!(total <= 8, "{total} requests: create, a few looks, the answer");
    quiet(&simulator).await;
    assert_eq!(simulator.journal().requests.len(), total, "none after the end");
}

#[tokio::test]
async fn looks_that_many_new_watches_begin_with_are_spread() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.max_concurrent_requests = 4;
        config.polling.running_max = Duration::from_secs(1);
        config.polling.waiting_min = Duration::from_secs(60);
        config.polling.waiting_max = Duration::from_secs(60);
    });
    let ids: Vec<_> =
        several(&client, ASK, 40).await.iter().map(|live| live.id().clone()).collect();
    let before = newest(&simulator);
    let mut live = Vec::new();
    for id in &ids {
        live.push(client.watch(ASK, id).await.unwrap());
    }
    eventually("each is looked at", || newest(&simulator) >= before + 40).await;
    let requests = simulator.journal().requests;
    let looks: Vec<_> = requests.into_iter().filter(|request| request.number > before).collect();
    assert!(span(&looks) > 0.3, "{} s", span(&looks));
}

#[tokio::test]
async fn a_limit_on_every_other_request_still_lets_sessions_through() {
    let simulator: Simulator = simulator().await;
    fault(&simulator, FaultRule::any(limited(0)).probability(0.3));
    let client = client(&simulator);
    for live in several(&client, ASK, 5).await {
        let events = live.events();
        let prompt = common::prompt(&events).await;
        within(live.answer(&prompt, "blue")).await.unwrap();
        assert_eq!(texts_of(&simulator, live.id()), ["blue"]);
    }
}
