//! What the tests over HTTP have in common: a simulator, a client that is in a hurry, and patience.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod long;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use liveflow::{
    Client, ClientConfig, CredentialsProvider, CredentialsRequest, Events, HostError, HostFuture,
    Json, LiveSession, Prompt, SessionEvent, SessionId,
};
use liveflow_simulator::{
    Call, Effect, Fault, FaultRule, InputRecord, LatencyWhen, RequestRecord, Simulator,
    SimulatorBuilder,
};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Lead qualification, a flow with two questions that is built into the simulator.
pub const LEADS: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
/// Start, end.
pub const QUICK: &str = "11111111-1111-4111-8111-111111111111";
/// Start, `work` for an hour, end.
pub const WORK: &str = "22222222-2222-4222-8222-222222222222";
/// Start, the question `ask`, end with its answer as the result.
pub const ASK: &str = "33333333-3333-4333-8333-333333333333";
/// Two questions, `first` and `second`.
pub const TWICE: &str = "44444444-4444-4444-8444-444444444444";
/// The question `ask`, which is asked again until the answer has three characters.
pub const AGAIN: &str = "55555555-5555-4555-8555-555555555555";
/// The question `ask`, which takes `yes` or `no` and refuses anything else.
pub const CHOICE: &str = "66666666-6666-4666-8666-666666666666";
/// Eight short steps.
pub const STEPS: &str = "77777777-7777-4777-8777-777777777777";
/// A step that fails.
pub const FAILS: &str = "88888888-8888-4888-8888-888888888888";
/// Nothing has this id.
pub const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";

/// Longer than anything takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn builder() -> SimulatorBuilder {
    let step = |name: &str, kind: &str, to: &str, ms: u64| json!({"name": name, "type": kind, "duration_ms": ms, "transitions": [{"to": to}]});
    let start = |to: &str| step("start", "start", to, 0);
    let question = |name: &str, to: &str, accept: Value| {
        let mut question = step(name, "input", to, 0);
        question["prompt"] = json!({"type": "text", "text": format!("{name}?")});
        if !accept.is_null() {
            question["accept"] = accept;
        }
        question
    };
    let end = json!({"name": "end", "type": "end"});
    let flow = |id: &str, steps: Value| {
        json!({"id": id, "name": id, "ready_ms": 0, "steps": steps}).to_string()
    };
    let again = json!({
        "min_length": 3,
        "ask_again_prompt": {"type": "text", "text": "ask again, round ${round}?"}
    });
    let choice = json!({"one_of": ["yes", "no"], "when_rejected": "refuse"});
    let echo = json!({"name": "end", "type": "end", "result": "${ask.result}"});
    let mut steps = vec![start("step1")];
    for number in 1..=8 {
        let next = if number < 8 { format!("step{}", number + 1) } else { "end".to_owned() };
        steps.push(step(&format!("step{number}"), "tool", &next, 10));
    }
    steps.push(end.clone());
    let fails = json!({"name": "end", "type": "end", "fail": "no such company"});
    Simulator::builder()
        .speed(20.0)
        .flow(flow(QUICK, json!([start("end"), end])))
        .flow(flow(WORK, json!([start("work"), step("work", "tool", "end", 72_000_000), end])))
        .flow(flow(ASK, json!([start("ask"), question("ask", "end", Value::Null), echo])))
        .flow(flow(
            TWICE,
            json!([
                start("first"),
                question("first", "second", Value::Null),
                question("second", "end", Value::Null),
                end
            ]),
        ))
        .flow(flow(AGAIN, json!([start("ask"), question("ask", "end", again), echo])))
        .flow(flow(CHOICE, json!([start("ask"), question("ask", "end", choice), echo])))
        .flow(flow(STEPS, Value::Array(steps)))
        .flow(flow(FAILS, json!([start("end"), fails])))
}

pub async fn simulator() -> Simulator {
    builder().start().await.expect("the simulator starts")
}

/// A simulator that behaves otherwise than by default.
pub async fn simulator_with(settings: &Value) -> Simulator {
    let simulator = simulator().await;
    let settings = simulator.settings().merged(settings).expect("these are settings");
    simulator.set_settings(settings).expect("the settings fit together");
    simulator
}

pub fn config(simulator: &Simulator) -> ClientConfig {
    let mut config = ClientConfig::new(simulator.api_key());
    simulator.base_url().clone_into(&mut config.base_url);
    config.polling.running_min = Duration::from_millis(10);
    config.polling.running_max = Duration::from_millis(50);
    config.polling.waiting_min = Duration::from_millis(20);
    config.polling.waiting_max = Duration::from_millis(100);
    config.retry.initial_backoff = Duration::from_millis(20);
    config.retry.max_backoff = Duration::from_millis(100);
    config.requests_per_second = 0.0;
    config
}

/// A configuration in which what became of a lost request is settled after half a second.
pub fn quickly_settled(config: &mut ClientConfig) {
    config.timeouts.request = Duration::from_millis(400);
    config.max_staleness = Duration::from_millis(20);
    config.answer_grace = Duration::from_millis(500);
}

pub fn client(simulator: &Simulator) -> Client {
    client_with(simulator, |_| ())
}

pub fn client_with(simulator: &Simulator, change: impl FnOnce(&mut ClientConfig)) -> Client {
    let mut config = config(simulator);
    change(&mut config);
    Client::new(config).expect("the configuration is fine")
}

pub fn inputs() -> Json {
    Json::parse(r#"{"company": "ACME"}"#).expect("it is JSON")
}

/// A session that asks its first question, which has been announced.
pub async fn asked(client: &Client, flow: &str) -> (LiveSession, Events, Prompt) {
    let live = within(client.start(flow, inputs())).await.expect("the session starts");
    let events = live.events();
    let prompt = prompt(&events).await;
    (live, events, prompt)
}

/// The next prompt that is requested.
pub async fn prompt(events: &Events) -> Prompt {
    until(events, |event| match event {
        SessionEvent::PromptRequested { prompt } => Some(prompt),
        _ => None,
    })
    .await
}

/// The next prompt, waited for without a timer, which would need a runtime.
pub async fn prompt_without_a_clock(events: &Events) -> Prompt {
    loop {
        let event = events.next().await.expect("the stream goes on");
        if let SessionEvent::PromptRequested { prompt } = event {
            return prompt;
        }
    }
}

/// The next event that `wanted` picks; panics when the stream ends first or nothing comes.
pub async fn until<T>(events: &Events, mut wanted: impl FnMut(SessionEvent) -> Option<T>) -> T {
    within(async {
        while let Some(event) = events.next().await {
            if let Some(found) = wanted(event) {
                return found;
            }
        }
        panic!("the stream ended first");
    })
    .await
}

/// Everything that still comes, to the end.
pub async fn rest(events: &Events) -> Vec<SessionEvent> {
    within(async {
        let mut all = Vec::new();
        while let Some(event) = events.next().await {
            all.push(event);
        }
        all
    })
    .await
}

/// The future's output; panics when it takes longer than anything may.
pub fn within<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let timed = Box::pin(tokio::time::timeout(PATIENCE, future));
    async { timed.await.expect("it comes in time") }
}

/// Waits until something is so.
pub async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "never happened: {what}");
}

pub fn fault(simulator: &Simulator, rule: FaultRule) {
    simulator.add_faults(vec![rule]).expect("the rule is fine");
}

/// The service answers with this status, and does nothing.
pub fn status(status: u16) -> Fault {
    let headers = BTreeMap::new();
    Fault::Status { status, body: None, content_type: None, headers, effect: Effect::None }
}

/// The service answers with this status, and has done what it was asked to.
pub fn status_after_effect(status: u16) -> Fault {
    let headers = BTreeMap::new();
    Fault::Status { status, body: None, content_type: None, headers, effect: Effect::Applied }
}

/// The service asks for a pause.
pub fn limited(seconds: u64) -> Fault {
    Fault::RateLimited { retry_after: seconds, as_date: false, effect: Effect::None }
}

/// The service does not answer.
pub fn silence() -> Fault {
    Fault::Hold { effect: Effect::None }
}

pub fn slow(ms: u64) -> Fault {
    Fault::Latency { ms, when: LatencyWhen::BeforeEffect }
}

/// The requests so far of one kind.
pub fn requests(simulator: &Simulator, call: Call) -> Vec<RequestRecord> {
    let mut requests = simulator.journal().requests;
    requests.retain(|request| request.call == Some(call));
    requests
}

pub fn count(simulator: &Simulator, call: Call) -> usize {
    requests(simulator, call).len()
}

/// The number of the newest request.
pub fn newest(simulator: &Simulator) -> u64 {
    simulator.journal().requests.last().map_or(0, |request| request.number)
}

/// The answers that took effect in one session.
pub fn inputs_of(simulator: &Simulator, session: &SessionId) -> Vec<InputRecord> {
    let id = session.as_str().parse().expect("it is a UUID");
    simulator.journal_of(id).sessions.swap_remove(0).inputs
}

/// The texts that arrived at one session, in order.
pub fn texts_of(simulator: &Simulator, session: &SessionId) -> Vec<Value> {
    inputs_of(simulator, session).into_iter().map(|input| input.input).collect()
}

/// A boxed future, as providers and stores give them.
pub fn hosted<T>(
    future: impl Future<Output = Result<T, liveflow::HostError>> + Send + 'static,
) -> HostFuture<T> {
    Box::pin(future) as Pin<Box<_>>
}

/// Waits until no request arrives any more. Whoever still polls does so far more often.
pub async fn quiet(simulator: &Simulator) {
    let waiting = async {
        let mut last = newest(simulator);
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let now = newest(simulator);
            if std::mem::replace(&mut last, now) == now {
                return;
            }
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "requests keep coming");
}

/// A credentials provider that keeps requests waiting while it is shut.
#[derive(Clone)]
pub struct Turnstile(Arc<TurnstileState>);

struct TurnstileState {
    is_open: watch::Sender<bool>,
    asked: AtomicUsize,
}

impl Turnstile {
    pub fn open() -> Self {
        let is_open = watch::Sender::new(true);
        Self(Arc::new(TurnstileState { is_open, asked: AtomicUsize::new(0) }))
    }

    pub fn set_open(&self, is_open: bool) {
        self.0.is_open.send_replace(is_open);
    }

    /// How often credentials have been asked for.
    pub fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// How many clients still have it.
    pub fn holders(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl CredentialsProvider for Turnstile {
    fn headers(&self, _: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let mut is_open = self.0.is_open.subscribe();
        hosted(async move {
            is_open.wait_for(|is_open| *is_open).await.map_err(|e| HostError(e.to_string()))?;
            Ok(Vec::new())
        })
    }
}

/// Waits for a future on this very thread, without any runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A client whose requests wait for credentials while the turnstile is shut.
pub fn with_turnstile(simulator: &Simulator) -> (Client, Turnstile) {
    let turnstile = Turnstile::open();
    let client = client_with(simulator, |config| {
        config.credentials = Some(Arc::new(turnstile.clone()));
    });
    (client, turnstile)
}
