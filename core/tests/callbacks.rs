//! Code of the caller's own that the library calls: listeners, and a provider of credentials.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use common::*;
use liveflow::{
    Client, HostError, LiveFlowError, SessionEvent, SessionListener, SessionStatus, Subscription,
};

type Told = Arc<Mutex<Vec<SessionEvent>>>;

fn has_ended(told: &Told) -> bool {
    told.lock().unwrap().last().is_some_and(SessionEvent::is_terminal)
}

/// A listener that is held up in each callback until it is let go.
fn held_up() -> (impl Fn(SessionEvent) + Send + Sync, Arc<AtomicUsize>, Sender<()>) {
    let (go, wait): (Sender<()>, Receiver<()>) = channel();
    let wait = Mutex::new(wait);
    let begun = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&begun);
    let listener = move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        // An error means that nobody will ever let it go: then it goes by itself.
        let _ = wait.lock().unwrap().recv();
    };
    (listener, begun, go)
}

#[tokio::test]
async fn a_listener_is_told_everything_in_order_and_one_at_a_time() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let told = Told::default();
    let is_busy = AtomicBool::new(false);
    let listener = {
        let told = Arc::clone(&told);
        move |event| {
            assert!(!is_busy.swap(true, Ordering::SeqCst), "called while it was being called");
            std::thread::sleep(Duration::from_millis(1));
            told.lock().unwrap().push(event);
            is_busy.store(false, Ordering::SeqCst);
        }
    };
    let _subscription = live.subscribe(listener);
    let pulled = rest(&live.events()).await;
    eventually("it is told the end", || has_ended(&told)).await;
    let ended = |events: &[SessionEvent]| events.iter().filter(|event| event.is_terminal()).count();
    let told = told.lock().unwrap();
    assert_eq!((ended(&told), ended(&pulled)), (1, 1));
    let steps = |events: &[SessionEvent]| -> Vec<_> {
        let finished = |event: &SessionEvent| match event {
            SessionEvent::StepChanged { step } if step.status == SessionStatus::Finished => {
                step.name.clone()
            }
            _ => None,
        };
        events.iter().filter_map(finished).collect()
    };
    assert_eq!(steps(&told), steps(&pulled));
}

#[tokio::test]
async fn a_listener_that_is_held_up_holds_up_nobody_else_and_misses_no_step() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let told = Told::default();
    let (hold, begun, go) = held_up();
    let listener = {
        let told = Arc::clone(&told);
        move |event: SessionEvent| {
            told.lock().unwrap().push(event.clone());
            hold(event);
        }
    };
    let _subscription = live.subscribe(listener);
    eventually("it is held up", || begun.load(Ordering::SeqCst) == 1).await;
    rest(&live.events()).await;
    rest(&client.start(STEPS, inputs()).await.unwrap().events()).await;
    assert_eq!(begun.load(Ordering::SeqCst), 1);
    drop(go);
    eventually("it is told the rest", || has_ended(&told)).await;
    let finished = told.lock().unwrap().iter().filter(|event| {
        matches!(event, SessionEvent::StepChanged { step } if step.status == SessionStatus::Finished)
    }).count();
    assert_eq!(finished, 10);
}

/// Does something bad with each event.
struct Failing(fn() -> Result<(), HostError>, Told);

impl SessionListener for Failing {
    fn on_event(&self, event: SessionEvent) -> Result<(), HostError> {
        self.1.lock().unwrap().push(event);
        self.0()
    }
}

#[tokio::test]
async fn a_listener_that_panics_or_fails_is_told_the_next_event_all_the_same() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let bad: [fn() -> Result<(), HostError>; 2] =
        [|| panic!("in the listener"), || Err(HostError("no screen".to_owned()))];
    for bad in bad {
        let (live, _events, prompt) = asked(&client, ASK).await;
        let told = Told::default();
        let _subscription = live.subscribe(Failing(bad, Arc::clone(&told)));
        within(live.answer(&prompt, "blue")).await.unwrap();
        eventually("it is told the end", || has_ended(&told)).await;
        assert!(told.lock().unwrap().len() > 2);
    }
}

#[tokio::test]
async fn a_callback_that_never_returns_ends_nothing_but_itself() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    let (hold, begun, _never) = held_up();
    let subscription = live.subscribe(hold);
    eventually("it is stuck", || begun.load(Ordering::SeqCst) == 1).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));

    // Nor does it keep a watch going that nobody wants any more.
    let live = client.start(WORK, inputs()).await.unwrap();
    let (hold, begun, _never) = held_up();
    let stuck = live.subscribe(hold);
    eventually("it is stuck", || begun.load(Ordering::SeqCst) == 1).await;
    drop((live, stuck, subscription));
    quiet(&simulator).await;

    // Nor does a close wait for it.
    let live = client.start(WORK, inputs()).await.unwrap();
    let (hold, begun, _never) = held_up();
    let _stuck = live.subscribe(hold);
    eventually("it is stuck", || begun.load(Ordering::SeqCst) == 1).await;
    client.close();
    quiet(&simulator).await;
}

#[tokio::test]
async fn a_callback_may_call_everything_there_is() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(TWICE, inputs()).await.unwrap();
    let outcome = Arc::new(Mutex::new(None));
    let listener = {
        let (client, live, outcome) = (client.clone(), live.clone(), Arc::clone(&outcome));
        move |event| {
            live.poll_now();
            client.network_changed();
            client.suspend();
            client.resume();
            match event {
                SessionEvent::PromptRequested { prompt } => {
                    block_on(client.get_session(TWICE, live.id())).unwrap();
                    block_on(live.answer(&prompt, "blue")).unwrap();
                }
                SessionEvent::Finished { session } => {
                    assert_eq!(block_on(live.wait(None)).unwrap(), session);
                    live.close();
                    client.close();
                    *outcome.lock().unwrap() = Some(session);
                }
                _ => {}
            }
        }
    };
    let _subscription = live.subscribe(listener);
    eventually("the session is at its end", || outcome.lock().unwrap().is_some()).await;
    assert_eq!(texts_of(&simulator, live.id()), ["blue", "blue"]);
    let error = client.get_session(TWICE, live.id()).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_subscription_may_be_cancelled_from_inside_its_own_callback() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let own: Arc<OnceLock<Subscription>> = Arc::default();
    let told = Arc::new(AtomicUsize::new(0));
    let listener = {
        let (own, told) = (Arc::clone(&own), Arc::clone(&told));
        move |_| {
            told.fetch_add(1, Ordering::SeqCst);
            own.wait().cancel();
        }
    };
    own.set(live.subscribe(listener)).unwrap();
    rest(&live.events()).await;
    rest(&client.start(STEPS, inputs()).await.unwrap().events()).await;
    assert_eq!(told.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_is_told_any_more_after_a_cancel_or_a_close() {
    let simulator = simulator().await;
    let ways: [fn(&Client, &liveflow::LiveSession, Subscription); 4] = [
        |_, _, subscription| subscription.cancel(),
        |_, _, subscription| drop(subscription),
        |_, live, subscription| {
            live.close();
            std::mem::forget(subscription);
        },
        |client, _, subscription| {
            client.close();
            std::mem::forget(subscription);
        },
    ];
    for (number, end) in ways.into_iter().enumerate() {
        let client = client(&simulator);
        let live = client.start(STEPS, inputs()).await.unwrap();
        let (hold, begun, go) = held_up();
        let subscription = live.subscribe(hold);
        eventually("one is under way", || begun.load(Ordering::SeqCst) == 1).await;
        end(&client, &live, subscription);
        drop(go);
        let other = common::client(&simulator);
        rest(&other.start(STEPS, inputs()).await.unwrap().events()).await;
        assert_eq!(begun.load(Ordering::SeqCst), 1, "way {number}");
    }
}

#[tokio::test]
async fn a_subscription_alone_keeps_its_session_watched_and_lets_its_listener_go() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(WORK, inputs()).await.unwrap();
    let token = Arc::new(());
    let held = Arc::clone(&token);
    let subscription = live.subscribe(move |_| drop(Arc::clone(&held)));
    drop(live);
    let before = newest(&simulator);
    eventually("it is polled", || newest(&simulator) > before + 3).await;
    subscription.cancel();
    eventually("the listener is dropped", || Arc::strong_count(&token) == 1).await;
    quiet(&simulator).await;
}
