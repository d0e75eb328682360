//! A client that knows the service only from its documentation.

use std::time::Duration;

use liveflow_simulator::{Simulator, SimulatorBuilder};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// start, the question `ask`, end: without any time between them.
pub(crate) const QUICK: &str = "11111111-1111-4111-8111-111111111111";
/// start, `work` for an hour, end.
pub(crate) const SLOW: &str = "22222222-2222-4222-8222-222222222222";
/// Two questions, `first` and `second`.
pub(crate) const TWICE: &str = "33333333-3333-4333-8333-333333333333";
pub(crate) const UNKNOWN: &str = "99999999-9999-4999-8999-999999999999";

pub(crate) struct Service {
    pub(crate) simulator: Simulator,
    pub(crate) http: reqwest::Client,
}

pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }
}

pub(crate) fn builder() -> SimulatorBuilder {
    let step = |name: &str, step_type: &str, to: &str| json!({"name": name, "type": step_type, "transitions": [{"to": to}]});
    let question = |name: &str, to: &str| {
        let prompt = json!({"type": "text", "text": format!("{name}?")});
        json!({"name": name, "type": "input", "prompt": prompt, "transitions": [{"to": to}]})
    };
    let end = json!({"name": "end", "type": "end"});
    let mut work = step("work", "tool", "end");
    work["duration_ms"] = json!(3_600_000);
    let flow = |id: &str, steps: Value| {
        json!({"id": id, "name": id, "ready_ms": 0, "steps": steps}).to_string()
    };
    Simulator::builder()
        .flow(flow(QUICK, json!([step("start", "start", "ask"), question("ask", "end"), end])))
        .flow(flow(SLOW, json!([step("start", "start", "work"), work, end])))
        .flow(flow(
            TWICE,
            json!([
                step("start", "start", "first"),
                question("first", "second"),
                question("second", "end"),
                end
            ]),
        ))
}

pub(crate) async fn start() -> Service {
    Service::of(builder()).await
}

/// With settings other than the default ones.
pub(crate) async fn start_with(settings: Value) -> Service {
    let service = start().await;
    let settings = service.simulator.settings().merged(&settings).unwrap();
    service.simulator.set_settings(settings).unwrap();
    service
}

impl Service {
    pub(crate) async fn of(builder: SimulatorBuilder) -> Self {
        let simulator = builder.start().await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        Self { simulator, http }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).header("Api-key", self.simulator.api_key())
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        answered(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answered {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Answered {
        answered(self.request(method, path).json(&body).send().await.unwrap()).await
    }

    /// A new session's id.
    pub(crate) async fn create(&self, flow: &str) -> Uuid {
        let answer = self.post(&sessions(flow), json!({"inputs": {}})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        id_of(&answer.json())
    }

    pub(crate) async fn session(&self, flow: &str, session: Uuid) -> Value {
        let answer = self.get(&path(flow, session)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub(crate) async fn answer(&self, flow: &str, session: Uuid, text: &str) -> Answered {
        self.post(&input(flow, session), json!({ "user_input": text })).await
    }

    pub(crate) async fn faults(&self, rules: Value) {
        let answer = self.post("/_simulator/faults", rules).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// The texts of the answers that took effect.
    pub(crate) fn inputs(&self, session: Uuid) -> Vec<Value> {
        let journal = self.simulator.journal_of(session);
        journal.sessions[0].inputs.iter().map(|input| input.input.clone()).collect()
    }
}

pub(crate) async fn answered(response: Response) -> Answered {
    let (status, headers) = (response.status(), response.headers().clone());
    Answered { status, headers, text: response.text().await.unwrap() }
}

pub(crate) fn id_of(session: &Value) -> Uuid {
    session["id"].as_str().unwrap().parse().unwrap()
}

pub(crate) fn sessions(flow: &str) -> String {
    format!("/live_flows/{flow}/sessions/")
}

pub(crate) fn path(flow: &str, session: Uuid) -> String {
    format!("/live_flows/{flow}/sessions/{session}/")
}

pub(crate) fn input(flow: &str, session: Uuid) -> String {
    format!("/live_flows/{flow}/sessions/{session}/user_input/")
}

pub(crate) fn cancel(flow: &str, session: Uuid) -> String {
    format!("/live_flows/{flow}/sessions/{session}/cancel/")
}

/// Whether somewhere below this error the connection was reset.
pub(crate) fn is_reset(error: &reqwest::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionReset
        {
            return true;
        }
        source = error.source();
    }
    false
}
