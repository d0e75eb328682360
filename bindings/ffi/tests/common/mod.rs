//! What the tests have in common: a simulator, a client, and the host language's part, in Rust.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use liveflow::{LiveFlowError, Prompt, Session, SessionEvent};
use liveflow_ffi::{
    CallbackError, CheckpointStore, CoreClient, CoreConfig, CoreEvents, CoreLiveSession,
    CredentialsProvider, Operation, Outcome, PromptHandler, Reply, SessionListener, TakenEvent,
    default_config,
};
use liveflow_simulator::Simulator;
use serde_json::json;
use tokio::runtime::Runtime;

/// Start, the question `ask`, end with its answer as the result.
pub const ASK: &str = "33333333-3333-4333-8333-333333333333";
/// Start, `work` for days, end.
pub const WORK: &str = "22222222-2222-4222-8222-222222222222";
/// Longer than anything takes, even on a busy machine.
pub const PATIENCE_MS: u64 = 30_000;

pub struct Service {
    pub simulator: Simulator,
    _runtime: Runtime,
}

pub fn service() -> Service {
    let start = |to: &str| json!({"name": "start", "type": "start", "transitions": [{"to": to}]});
    let flow = |id: &str, steps: serde_json::Value| {
        json!({"id": id, "name": id, "ready_ms": 0, "steps": steps}).to_string()
    };
    let ask =
        json!({"name": "ask", "type": "input", "prompt": "ask?", "transitions": [{"to": "end"}]});
    let work = json!({
        "name": "work", "type": "tool", "duration_ms": 1_000_000_000_u64,
        "transitions": [{"to": "end"}]
    });
    let end = |result: &str| json!({"name": "end", "type": "end", "result": result});
    let runtime = Runtime::new().expect("threads");
    let simulator = Simulator::builder()
        .flow(flow(ASK, json!([start("ask"), ask, end("${ask.result}")])))
        .flow(flow(WORK, json!([start("work"), work, end("done")])));
    let simulator = runtime.block_on(simulator.start()).expect("the simulator starts");
    Service { simulator, _runtime: runtime }
}

impl Service {
    pub fn config(&self) -> CoreConfig {
        let mut config = default_config();
        config.base_url = Some(self.simulator.base_url().to_owned());
        config.polling.running_min = Duration::from_millis(10);
        config.polling.running_max = Duration::from_millis(50);
        config.polling.waiting_min = Duration::from_millis(20);
        config.polling.waiting_max = Duration::from_millis(100);
        config.requests_per_second = 0.0;
        config
    }

    pub fn client(&self) -> Arc<CoreClient> {
        self.client_with(None, None)
    }

    pub fn client_with(
        &self,
        credentials: Option<Arc<dyn CredentialsProvider>>,
        store: Option<Arc<dyn CheckpointStore>>,
    ) -> Arc<CoreClient> {
        let key =
            if credentials.is_some() { String::new() } else { self.simulator.api_key().to_owned() };
        CoreClient::new(key, self.config(), credentials, store).expect("the configuration is fine")
    }

    /// The answers that arrived at the only session there is.
    pub fn answers(&self) -> Vec<serde_json::Value> {
        let journal = self.simulator.journal();
        journal.sessions[0].inputs.iter().map(|input| input.input.clone()).collect()
    }
}

/// Waits for a call, and gives what it gave.
pub fn finished(begun: Result<Arc<Operation>, LiveFlowError>) -> Result<Outcome, LiveFlowError> {
    let operation = begun?;
    assert!(operation.wait(PATIENCE_MS), "the call takes too long");
    operation.take()
}

pub fn session(begun: Result<Arc<Operation>, LiveFlowError>) -> Session {
    match finished(begun) {
        Ok(Outcome::Session { session }) => session,
        Ok(_) => panic!("this call gives a session"),
        Err(error) => panic!("{error}"),
    }
}

pub fn live(begun: Result<Arc<Operation>, LiveFlowError>) -> Arc<CoreLiveSession> {
    match finished(begun) {
        Ok(Outcome::LiveSession { live_session }) => live_session,
        Ok(_) => panic!("this call gives a watched session"),
        Err(error) => panic!("{error}"),
    }
}

pub fn failed(begun: Result<Arc<Operation>, LiveFlowError>) -> LiveFlowError {
    match finished(begun) {
        Ok(_) => panic!("this call fails"),
        Err(error) => error,
    }
}

/// The next event; none at the end.
pub fn pull(events: &CoreEvents) -> Option<SessionEvent> {
    loop {
        match events.take_event().expect("this process made it") {
            TakenEvent::Event { event } => return Some(event),
            TakenEvent::End => return None,
            TakenEvent::NothingYet => assert!(events.wait_ready_blocking(PATIENCE_MS)),
        }
    }
}

pub fn prompt(live: &CoreLiveSession) -> Prompt {
    let events = live.events().expect("this process made it");
    while let Some(event) = pull(&events) {
        if let SessionEvent::PromptRequested { prompt } = event {
            return prompt;
        }
    }
    panic!("nothing was asked");
}

pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_millis(PATIENCE_MS);
    while !is_so() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

pub fn thrown(words: &str) -> CallbackError {
    CallbackError::Failed { reason: words.to_owned() }
}

/// A listener that remembers, and then does as it is told.
pub struct Remembering<F>(pub Arc<Mutex<Vec<SessionEvent>>>, pub F);

impl<F> SessionListener for Remembering<F>
where
    F: Fn(&SessionEvent) -> Result<(), CallbackError> + Send + Sync,
{
    fn on_event(&self, event: SessionEvent) -> Result<(), CallbackError> {
        let result = (self.1)(&event);
        self.0.lock().expect("no panic").push(event);
        result
    }
}

/// A handler that does as it is told.
pub struct Handling<F>(pub F);

impl<F> PromptHandler for Handling<F>
where
    F: Fn(Prompt, Arc<Reply>) -> Result<(), CallbackError> + Send + Sync,
{
    fn on_prompt(&self, prompt: Prompt, reply: Arc<Reply>) -> Result<(), CallbackError> {
        (self.0)(prompt, reply)
    }
}
