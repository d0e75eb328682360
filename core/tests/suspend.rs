//! Suspend and resume: nothing starts in between, and nothing is lost.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::*;
use futures_util::future::join_all;
use liveflow::{
    CredentialsProvider, CredentialsRequest, HostFuture, LiveFlowError, SessionEvent,
    WatchEndReason,
};
use liveflow_simulator::{Call, Fault, FaultRule};

#[tokio::test]
async fn while_suspended_nobody_is_asked_anything_and_after_resume_everybody_once_more() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let starting = (0..20).map(|_| client.start(WORK, inputs()));
    let live: Vec<_> = join_all(starting).await.into_iter().map(|live| live.unwrap()).collect();
    eventually("all are polled", || count(&simulator, Call::GetSession) > 60).await;
    client.suspend();
    quiet(&simulator).await;
    let before = newest(&simulator);
    client.resume();
    let looked_at = |session: &liveflow::LiveSession| {
        let id = session.id().as_str().parse().unwrap();
        simulator.journal_of(id).requests.iter().any(|request| request.number > before)
    };
    eventually("each is looked at", || live.iter().all(looked_at)).await;
}

#[tokio::test]
async fn a_request_that_waits_for_its_credentials_does_not_start_after_suspend_or_close() {
    for closes in [false, true] {
        let simulator = simulator().await;
        let (client, turnstile) = with_turnstile(&simulator);
        let (live, _events, prompt) = asked(&client, ASK).await;
        turnstile.set_open(false);
        let asked = turnstile.asked();
        live.poll_now();
        eventually("a poll waits", || turnstile.asked() > asked).await;
        let asked = turnstile.asked();
        let get = client.get_session(ASK, live.id());
        let answer = live.answer(&prompt, "blue");
        let create = client.create_session(ASK, inputs());
        let calls = async {
            eventually("the calls wait", || turnstile.asked() >= asked + 2).await;
            quiet(&simulator).await;
            let before = newest(&simulator);
            if closes {
                client.close();
            } else {
                client.suspend();
            }
            turnstile.set_open(true);
            quiet(&simulator).await;
            assert_eq!(newest(&simulator), before, "closes: {closes}");
            client.resume();
        };
        let (get, answer, create, ()) =
            within(async { tokio::join!(get, answer, create, calls) }).await;
        if closes {
            for error in [get.unwrap_err(), answer.unwrap_err(), create.unwrap_err()] {
                assert!(matches!(error, LiveFlowError::Closed { .. }), "{error:?}");
            }
        } else {
            get.unwrap();
            answer.unwrap();
            create.unwrap();
            assert_eq!(texts_of(&simulator, live.id()), ["blue"]);
            assert_eq!(simulator.journal().sessions.len(), 2);
        }
    }
}

/// A provider that once blocks the thread that it is called on, and so the engine itself.
struct Blocking {
    is_armed: AtomicBool,
    has_blocked: AtomicBool,
    go: Mutex<Receiver<()>>,
}

struct BlockingProvider(Arc<Blocking>);

impl CredentialsProvider for BlockingProvider {
    fn headers(&self, _: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
        if self.0.is_armed.swap(false, Ordering::SeqCst) {
            self.0.has_blocked.store(true, Ordering::SeqCst);
            self.0.go.lock().unwrap().recv().unwrap();
        }
        hosted(async { Ok(Vec::new()) })
    }
}

#[tokio::test]
async fn a_request_that_is_just_about_to_start_does_not_when_the_engine_has_not_heard_yet() {
    for closes in [false, true] {
        for writes in [false, true] {
            let simulator = simulator().await;
            let (go, wait) = channel();
            let blocking = Arc::new(Blocking {
                is_armed: AtomicBool::new(true),
                has_blocked: AtomicBool::new(false),
                go: Mutex::new(wait),
            });
            let provider = BlockingProvider(Arc::clone(&blocking));
            let client = client_with(&simulator, |config| {
                config.credentials = Some(Arc::new(provider));
            });
            let call = {
                let client = client.clone();
                tokio::spawn(async move {
                    if writes {
                        client.create_session(ASK, inputs()).await.map(|_| ())
                    } else {
                        client.get_sessions(ASK).await.map(|_| ())
                    }
                })
            };
            let blocks = || blocking.has_blocked.load(Ordering::SeqCst);
            eventually("the engine stands still amid a request", blocks).await;
            if closes {
                client.close();
            } else {
                client.suspend();
            }
            go.send(()).unwrap();
            quiet(&simulator).await;
            assert_eq!(simulator.journal().requests.len(), 0, "closes: {closes}, writes: {writes}");
            client.resume();
            assert_eq!(within(call).await.unwrap().is_err(), closes);
        }
    }
}

#[tokio::test]
async fn an_answer_given_while_suspended_arrives_after_resume() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    client.suspend();
    quiet(&simulator).await;
    let before = newest(&simulator);
    let resuming = async {
        quiet(&simulator).await;
        assert_eq!(newest(&simulator), before, "it waits");
        client.resume();
    };
    let (answer, ()) = within(async { tokio::join!(live.answer(&prompt, "blue"), resuming) }).await;
    answer.unwrap();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    assert_eq!(texts_of(&simulator, live.id()), ["blue"]);
}

#[tokio::test]
async fn direct_calls_made_while_suspended_wait_for_the_resume() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let session = client.create_session(ASK, inputs()).await.unwrap();
    client.suspend();
    let before = newest(&simulator);
    let resuming = async {
        quiet(&simulator).await;
        assert_eq!(newest(&simulator), before);
        client.resume();
    };
    let (read, created, listed, started, ()) = within(async {
        tokio::join!(
            client.get_session(ASK, &session.id),
            client.create_session(ASK, inputs()),
            client.get_sessions(ASK),
            client.start(ASK, inputs()),
            resuming
        )
    })
    .await;
    assert_eq!(read.unwrap().id, session.id);
    created.unwrap();
    assert!(!listed.unwrap().is_empty());
    started.unwrap();
    assert_eq!(simulator.journal().sessions.len(), 3);
}

#[tokio::test]
async fn a_call_that_outwaits_its_deadline_while_suspended_was_not_sent() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.timeouts.total = Duration::from_millis(300);
    });
    let (live, _, prompt) = asked(&client, ASK).await;
    client.suspend();
    quiet(&simulator).await;
    let before = newest(&simulator);
    let (create, answer) = within(async {
        tokio::join!(client.create_session(ASK, inputs()), live.answer(&prompt, "blue"))
    })
    .await;
    for error in [create.unwrap_err(), answer.unwrap_err()] {
        assert!(matches!(error, LiveFlowError::RequestTimeout { .. }), "{error:?}");
        assert!(error.to_string().contains("nothing was sent"), "{error}");
    }
    client.resume();
    eventually("it goes on", || newest(&simulator) > before + 3).await;
    assert_eq!(simulator.journal().sessions.len(), 1);
    assert_eq!(inputs_of(&simulator, live.id()).len(), 0);
}

#[tokio::test]
async fn a_write_on_the_wire_gets_its_grace_when_suspended() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, ASK).await;
    fault(&simulator, FaultRule::new(Call::AddUserInput, slow(200)));
    let suspending = async {
        eventually("it is on the wire", || count(&simulator, Call::AddUserInput) > 0).await;
        client.suspend();
    };
    let (answer, ()) =
        within(async { tokio::join!(live.answer(&prompt, "blue"), suspending) }).await;
    answer.unwrap();
    assert_eq!(texts_of(&simulator, live.id()), ["blue"]);
}

#[tokio::test]
async fn a_write_that_outlasts_its_grace_is_unknown_and_judged_after_the_resume() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.timeouts.request = Duration::from_secs(20);
        config.answer_grace = Duration::from_millis(20_500);
        config.suspend_grace = Duration::from_millis(50);
    });
    let (live, events, prompt) = asked(&client, ASK).await;
    // It takes effect, and the answer never comes.
    let silent = Fault::Hold { effect: liveflow_simulator::Effect::Applied };
    fault(&simulator, FaultRule::new(Call::AddUserInput, silent));
    let suspending = async {
        eventually("it is on the wire", || count(&simulator, Call::AddUserInput) > 0).await;
        client.suspend();
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.resume();
    };
    let (answer, ()) =
        within(async { tokio::join!(live.answer(&prompt, "blue"), suspending) }).await;
    answer.unwrap();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    assert_eq!(count(&simulator, Call::AddUserInput), 1);
}

#[tokio::test]
async fn of_many_suspends_and_resumes_the_last_one_counts() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, TWICE).await;
    for _ in 0..500 {
        client.suspend();
        client.resume();
    }
    within(live.answer(&prompt, "one")).await.unwrap();
    let second = common::prompt(&events).await;
    for _ in 0..500 {
        client.resume();
        client.suspend();
    }
    quiet(&simulator).await;
    client.resume();
    within(live.answer(&second, "two")).await.unwrap();
    assert_eq!(texts_of(&simulator, live.id()), ["one", "two"]);
}

#[tokio::test]
async fn a_flapping_network_and_application_never_double_an_answer() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.suspend_grace = Duration::from_millis(20);
    });
    fault(&simulator, FaultRule::new(Call::AddUserInput, slow(30)).probability(0.5));
    let flapping = {
        let client = client.clone();
        tokio::spawn(async move {
            for round in 0_u64.. {
                client.suspend();
                tokio::time::sleep(Duration::from_millis(round % 30)).await;
                client.resume();
                client.network_changed();
                tokio::time::sleep(Duration::from_millis(20 + round % 50)).await;
            }
        })
    };
    let one = || async {
        let live = within(client.start(TWICE, inputs())).await.unwrap();
        let events = live.events();
        while let Some(event) = within(events.next()).await {
            if let SessionEvent::PromptRequested { prompt } = event {
                within(live.answer(&prompt, "blue")).await.unwrap();
            }
        }
        live
    };
    for live in join_all((0..10).map(|_| one())).await {
        assert_eq!(texts_of(&simulator, live.id()), ["blue", "blue"]);
    }
    flapping.abort();
}

#[tokio::test]
async fn time_spent_suspended_does_not_count_towards_the_limit_of_a_watch() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.watch_limit = Duration::from_millis(400));
    let begun = Instant::now();
    let live = client.start(WORK, inputs()).await.unwrap();
    client.suspend();
    tokio::time::sleep(Duration::from_millis(600)).await;
    client.resume();
    let end = rest(&live.events()).await.pop();
    assert_eq!(end, Some(SessionEvent::WatchEnded { reason: WatchEndReason::TimeLimit }));
    // Less what passed before the engine heard of the suspension.
    assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
}
