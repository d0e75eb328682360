//! Code of the caller's own that the library calls: listeners, and a provider of credentials.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use common::*;
use liveflow::{
    Client, CredentialsProvider, CredentialsRequest, HostError, HostFuture, LiveFlowError,
    SessionEvent, SessionListener, SessionStatus, Subscription,
};
use liveflow_simulator::Simulator;

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

/// What a provider gives.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    /// A key that is not accepted, until it is told so.
    Stale,
    /// A key that is never accepted.
    Wrong,
    Right,
    Fails,
    Panics,
    NeverReturns,
}

#[derive(Clone)]
struct Keys {
    mood: Arc<Mutex<Mood>>,
    asked: Arc<Mutex<Vec<bool>>>,
    right: String,
}

impl Keys {
    fn new(simulator: &Simulator, mood: Mood) -> Self {
        let right = simulator.api_key().to_owned();
        Self { mood: Arc::new(Mutex::new(mood)), asked: Arc::default(), right }
    }

    fn set_mood(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn refusals_told(&self) -> usize {
        self.asked.lock().unwrap().iter().filter(|refused| **refused).count()
    }

    fn client(&self, simulator: &Simulator) -> Client {
        client_with(simulator, |config| {
            config.api_key = "".into();
            config.credentials = Some(Arc::new(self.clone()));
            config.timeouts.request = Duration::from_millis(500);
            config.timeouts.total = Duration::from_secs(20);
        })
    }
}

impl CredentialsProvider for Keys {
    fn headers(&self, request: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
        self.asked.lock().unwrap().push(request.refused);
        let mut mood = self.mood.lock().unwrap();
        if *mood == Mood::Stale && request.refused {
            *mood = Mood::Right;
        }
        let (mood, right) = (*mood, self.right.clone());
        hosted(async move {
            let key = match mood {
                Mood::Right => right,
                Mood::Stale | Mood::Wrong => "stale".to_owned(),
                Mood::Fails => return Err(HostError("the vault is locked".to_owned())),
                Mood::Panics => panic!("in the provider"),
                Mood::NeverReturns => std::future::pending().await,
            };
            let trace = ("X-Trace".to_owned(), "abc".to_owned());
            Ok(vec![("Api-key".to_owned(), key), trace])
        })
    }
}

#[tokio::test]
async fn a_providers_headers_go_with_every_request() {
    let simulator = simulator().await;
    let keys = Keys::new(&simulator, Mood::Right);
    let client = keys.client(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    rest(&events).await;
    let requests = simulator.journal().requests;
    assert!(requests.iter().all(|request| request.api_key_right), "{requests:#?}");
    assert!(requests.iter().all(|request| request.headers["x-trace"] == "abc"));
    assert_eq!(keys.asked.lock().unwrap().len(), requests.len());
    assert_eq!(keys.refusals_told(), 0);
}

#[tokio::test]
async fn credentials_that_are_refused_are_asked_for_afresh_once() {
    let simulator = simulator().await;
    let keys = Keys::new(&simulator, Mood::Stale);
    let client = keys.client(&simulator);
    // A read, a create, polls, an answer and a cancel: each recovers by itself.
    within(client.get_sessions(ASK)).await.unwrap();
    keys.set_mood(Mood::Stale);
    let (live, events, prompt) = asked(&client, TWICE).await;
    keys.set_mood(Mood::Stale);
    within(live.answer(&prompt, "one")).await.unwrap();
    common::prompt(&events).await;
    keys.set_mood(Mood::Stale);
    within(live.cancel()).await.unwrap();
    assert_eq!(texts_of(&simulator, live.id()), ["one"]);
    assert!(keys.refusals_told() >= 4);

    let before = newest(&simulator);
    keys.set_mood(Mood::Wrong);
    let error = within(client.get_sessions(ASK)).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::Authentication { .. }), "{error:?}");
    assert_eq!(newest(&simulator), before + 2, "once more, and no oftener");
}

#[tokio::test]
async fn a_provider_that_fails_for_a_while_does_not_end_a_watch() {
    for mood in [Mood::Fails, Mood::Panics, Mood::NeverReturns] {
        let simulator = simulator().await;
        let keys = Keys::new(&simulator, Mood::Right);
        let client = keys.client(&simulator);
        let (live, events, prompt) = asked(&client, ASK).await;
        keys.set_mood(mood);
        let error = until(&events, |event| match event {
            SessionEvent::ConnectionLost { error, .. } => Some(error),
            _ => None,
        })
        .await;
        assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{mood:?}: {error:?}");
        assert!(error.to_string().contains("credentials provider"), "{error}");
        keys.set_mood(Mood::Right);
        assert_eq!(within(events.next()).await, Some(SessionEvent::ConnectionRestored));
        within(live.answer(&prompt, "blue")).await.unwrap();
        assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    }
}

/// Suspends and resumes its own client whenever it is asked, and closes it when it is to.
struct Meddling {
    client: OnceLock<Client>,
    closes: AtomicBool,
}

struct MeddlingProvider(Arc<Meddling>);

impl CredentialsProvider for MeddlingProvider {
    fn headers(&self, _: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
        if let Some(client) = self.0.client.get() {
            client.suspend();
            client.resume();
            if self.0.closes.load(Ordering::SeqCst) {
                client.close();
            }
        }
        hosted(async { Ok(Vec::new()) })
    }
}

#[tokio::test]
async fn a_provider_may_suspend_and_close_its_own_client() {
    let simulator = simulator().await;
    let own = Arc::new(Meddling { client: OnceLock::new(), closes: AtomicBool::new(false) });
    let provider = MeddlingProvider(Arc::clone(&own));
    let client = client_with(&simulator, |config| config.credentials = Some(Arc::new(provider)));
    own.client.set(client.clone()).unwrap();
    // Each look is cut short by the suspension that it brings about: it does not deadlock.
    let looking = tokio::time::timeout(Duration::from_millis(100), client.get_sessions(ASK));
    let _ = looking.await;
    own.closes.store(true, Ordering::SeqCst);
    let error = within(client.get_sessions(ASK)).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::Closed { .. }), "{error:?}");
}
