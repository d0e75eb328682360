//! The caller's own provider of credentials.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use common::*;
use liveflow::{
    Client, CredentialsProvider, CredentialsRequest, HostError, HostFuture, LiveFlowError,
    SessionEvent,
};
use liveflow_simulator::Simulator;

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
