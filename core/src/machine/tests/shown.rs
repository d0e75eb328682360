//! Sessions as the service would show them, decoded from JSON as real ones are.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::ids::{LiveFlowId, SessionId};
use crate::session::{Session, StatusAliases, decode_session};

pub(in crate::machine) const FLOW: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
pub(in crate::machine) const SESSION: &str = "11111111-2222-3333-4444-555555555555";

pub(in crate::machine) fn flow() -> LiveFlowId {
    LiveFlowId::parse(FLOW).unwrap()
}

pub(in crate::machine) fn session_id() -> SessionId {
    SessionId::parse(SESSION).unwrap()
}

/// One run of a step, as JSON.
#[derive(Debug, Clone)]
pub(in crate::machine) struct Run(Value);

pub(in crate::machine) fn run(id: &str, status: &str) -> Run {
    Run(json!({ "id": id, "status": status, "step": { "id": format!("step-{id}"), "name": id } }))
}

impl Run {
    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0[member] = value.into();
        self
    }

    pub(in crate::machine) fn asks(self, text: &str) -> Self {
        self.with("prompt", json!({ "type": "text", "prompt": text }))
    }

    pub(in crate::machine) fn answered(self, text: &str) -> Self {
        self.with("user_input", text)
    }

    pub(in crate::machine) fn answered_with(self, answer: Value) -> Self {
        self.with("user_input", answer)
    }

    pub(in crate::machine) fn result(self, text: &str) -> Self {
        self.with("result", text)
    }

    pub(in crate::machine) fn updated(self, second: u64) -> Self {
        self.with("updated_at", time(second))
    }
}

/// One answer of the service, as JSON.
#[derive(Debug, Clone)]
pub(in crate::machine) struct Shown(Value);

pub(in crate::machine) fn shown(status: &str) -> Shown {
    Shown(json!({ "id": SESSION, "status": status, "steps": [], "current_step": null }))
}

impl Shown {
    pub(in crate::machine) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0[member] = value.into();
        self
    }

    /// A run that stands in `steps`.
    pub(in crate::machine) fn past(mut self, run: Run) -> Self {
        self.0["steps"].as_array_mut().unwrap().push(run.0);
        self
    }

    /// A run that stands in `steps` and is the current one.
    pub(in crate::machine) fn at(mut self, run: Run) -> Self {
        self.0["current_step"] = run.0.clone();
        self.past(run)
    }

    /// A run that is the current one and does not stand in `steps`.
    pub(in crate::machine) fn only_current(mut self, run: Run) -> Self {
        self.0["current_step"] = run.0;
        self
    }

    pub(in crate::machine) fn updated(self, second: u64) -> Self {
        self.with("updated_at", time(second))
    }

    pub(in crate::machine) fn session(&self) -> Arc<Session> {
        let body = self.0.to_string();
        let aliases = StatusAliases::default();
        Arc::new(decode_session(body.as_bytes(), &flow(), None, &aliases).unwrap())
    }
}

/// The session that most tests begin with: the run `ask` asks "Budget?", updated at second 10.
pub(in crate::machine) fn asking() -> Shown {
    waiting_at(run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?")).updated(10)
}

/// A session that waits at this run.
pub(in crate::machine) fn waiting_at(run: Run) -> Shown {
    shown("WAITING_FOR_USER_INPUT").at(run)
}

/// The session after `ask` was answered so, with the run `think` at work.
pub(in crate::machine) fn answered(text: &str) -> Shown {
    let ask = run("ask", "FINISHED").asks("Budget?").answered(text).result(text);
    shown("RUNNING").past(ask).at(run("think", "RUNNING")).updated(20)
}

/// The session at its end, after `ask` was answered so.
pub(in crate::machine) fn finished(text: &str) -> Shown {
    let ask = run("ask", "FINISHED").asks("Budget?").answered(text).result(text);
    shown("FINISHED").past(ask).past(run("think", "FINISHED").result("done")).updated(30)
}

/// The session at its end, with `ask` never answered.
pub(in crate::machine) fn failed() -> Shown {
    shown("FAILED").past(run("ask", "FAILED").asks("Budget?")).updated(30)
}

pub(in crate::machine) fn running() -> Shown {
    shown("RUNNING").at(run("begin", "RUNNING")).updated(1)
}

/// A second of one day, or of later ones, as FastAPI writes it.
pub(in crate::machine) fn time(second: u64) -> String {
    let (days, rest) = (second / 86_400, second % 86_400);
    let (hours, minutes, seconds) = (rest / 3600, rest % 3600 / 60, rest % 60);
    format!("2024-01-{:02}T{hours:02}:{minutes:02}:{seconds:02}Z", days + 1)
}
