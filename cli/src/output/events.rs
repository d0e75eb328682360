//! A followed session for a program: one JSON object a line, on standard output.
//!
//! The form is documented in `docs/cli.md`.

use liveflow::{
    ErrorContext, Json, LiveFlowError, LiveSession, Prompt, PromptCloseReason, Session,
    SessionEvent, SessionStatus, StepRun, WatchEndReason,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::report::Report;
use super::{print, text, time, value};
use crate::exit::Failure;

/// Writes the events of one session.
pub(crate) struct EventLines;

impl Report for EventLines {
    fn begins(&self, live: &LiveSession, is_new: bool) {
        let name = if is_new { "session_created" } else { "session_followed" };
        line(live, name, Members::new());
    }

    fn event(&self, live: &LiveSession, event: &SessionEvent) {
        write_event(live, event);
    }

    fn asks(&self, prompt: &Prompt) {
        if crate::terminal::Lines::are_typed() {
            eprintln!("? {}", text::block(&prompt.text));
        }
    }

    fn waits_for_input(&self) {
        if crate::terminal::Lines::are_typed() {
            eprint!("> ");
        }
    }

    fn waits_no_more(&self) {}

    fn answers_with(&self, _answer: &str) {}

    fn sends(&self) {}

    fn note(&self, note: &str) {
        eprintln!("{note}");
    }

    fn problem(&self, problem: &Failure) {
        problem.tell();
    }

    fn ends(&self, _session: &Session) {}

    fn fails(&self, failure: &Failure) {
        let mut members = Members::new();
        members.text("event", "error");
        members.json("error", &failure_json(failure));
        members.print();
    }
}

/// One event of one session, as a line.
pub(crate) fn write_event(live: &LiveSession, event: &SessionEvent) {
    let mut it = Members::new();
    let name = match event {
        SessionEvent::StatusChanged { previous, current } => {
            it.json("previous", &json!(previous.map(SessionStatus::as_str)));
            it.text("current", current.as_str());
            "status_changed"
        }
        SessionEvent::StepChanged { step } => {
            it.raw("step", step_json(step).object());
            "step_changed"
        }
        SessionEvent::PromptRequested { prompt } => {
            it.raw("prompt", prompt_json(prompt).object());
            "prompt_requested"
        }
        SessionEvent::PromptClosed { prompt, reason } => {
            it.raw("prompt", prompt_json(prompt).object());
            it.text("reason", close_reason(*reason));
            "prompt_closed"
        }
        SessionEvent::AnswerUnresolved { prompt, text } => {
            it.raw("prompt", prompt_json(prompt).object());
            it.text("answer", text);
            "answer_unresolved"
        }
        SessionEvent::ConnectionLost { error, retry_in } => {
            it.json("error", &error_json(error));
            it.json("retry_in_seconds", &json!(retry_in.as_secs_f64()));
            "connection_lost"
        }
        SessionEvent::ConnectionRestored => "connection_restored",
        SessionEvent::Finished { session } => {
            it.optional("output", session.output());
            it.raw("session", value::one_line(&session.raw_json));
            "finished"
        }
        SessionEvent::Failed { session, error } => {
            it.json("error", &error_json(error));
            it.raw("session", value::one_line(&session.raw_json));
            "failed"
        }
        SessionEvent::WatchEnded { reason } => {
            match reason {
                WatchEndReason::Closed => it.text("reason", "closed"),
                WatchEndReason::TimeLimit => it.text("reason", "time_limit"),
                WatchEndReason::Error { error } => {
                    it.text("reason", "error");
                    it.json("error", &error_json(error));
                }
            }
            "watch_ended"
        }
    };
    line(live, name, it);
}

fn line(live: &LiveSession, name: &str, rest: Members) {
    let mut members = Members::new();
    members.text("event", name);
    members.text("live_flow_id", live.live_flow_id().as_str());
    members.text("session_id", live.id().as_str());
    members.0.extend(rest.0);
    members.print();
}

fn step_json(step: &StepRun) -> Members {
    let mut it = Members::new();
    it.text("id", step.id.as_str());
    it.json("name", &json!(step.name));
    it.json("step_type", &json!(step.step_type));
    it.text("status", step.status.as_str());
    it.text("raw_status", &step.raw_status);
    it.optional("prompt", step.prompt.as_ref());
    it.optional("result", step.result.as_ref());
    it.optional("user_input", step.user_input.as_ref());
    it.optional("error", step.error.as_ref());
    it.json("created_at", &json!(step.created_at.and_then(time::rfc3339)));
    it.json("updated_at", &json!(step.updated_at.and_then(time::rfc3339)));
    it
}

fn prompt_json(prompt: &Prompt) -> Members {
    let mut it = Members::new();
    it.text("run_id", prompt.run_id.as_str());
    it.json("round", &json!(prompt.round));
    it.json("step_name", &json!(prompt.step_name));
    it.text("text", &prompt.text);
    it.json("kind", &json!(prompt.kind));
    it.optional("raw", prompt.raw.as_ref());
    it
}

fn close_reason(reason: PromptCloseReason) -> &'static str {
    match reason {
        PromptCloseReason::Answered => "answered",
        PromptCloseReason::AnsweredElsewhere => "answered_elsewhere",
        PromptCloseReason::SessionEnded => "session_ended",
        PromptCloseReason::WatchEnded => "watch_ended",
        PromptCloseReason::Unknown => "unknown",
    }
}

/// An error of the library, or of the command itself, as JSON.
pub(crate) fn failure_json(failure: &Failure) -> Value {
    match &failure.error {
        Some(error) => error_json(error),
        None => json!({"kind": "command", "message": failure.message, "notes": failure.notes}),
    }
}

fn error_json(error: &LiveFlowError) -> Value {
    let ErrorContext { reason, http_status, detail, request_id, retryable, answer } =
        error.context().clone();
    json!({
        "kind": kind(error),
        "message": reason,
        "http_status": http_status,
        "detail": detail,
        "request_id": request_id,
        "retryable": retryable,
        "answer": answer,
    })
}

fn kind(error: &LiveFlowError) -> &'static str {
    match error {
        LiveFlowError::Configuration { .. } => "configuration",
        LiveFlowError::Authentication { .. } => "authentication",
        LiveFlowError::PermissionDenied { .. } => "permission_denied",
        LiveFlowError::NotFound { .. } => "not_found",
        LiveFlowError::InvalidRequest { .. } => "invalid_request",
        LiveFlowError::NotWaitingForInput { .. } => "not_waiting_for_input",
        LiveFlowError::PromptNoLongerOpen { .. } => "prompt_no_longer_open",
        LiveFlowError::RateLimited { .. } => "rate_limited",
        LiveFlowError::RequestTimeout { .. } => "request_timeout",
        LiveFlowError::Network { .. } => "network",
        LiveFlowError::Server { .. } => "server",
        LiveFlowError::InvalidResponse { .. } => "invalid_response",
        LiveFlowError::OutcomeUnknown { .. } => "outcome_unknown",
        LiveFlowError::SessionFailed { .. } => "session_failed",
        LiveFlowError::HandlerFailed { .. } => "handler_failed",
        LiveFlowError::Closed { .. } => "closed",
        _ => "other",
    }
}

/// The members of an object in the order in which they are added. Values that came as JSON stay as
/// they came: their numbers keep their digits, their members their order.
pub(crate) struct Members(Vec<(&'static str, String)>);

impl Members {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn json(&mut self, name: &'static str, value: &Value) {
        self.raw(name, value.to_string());
    }

    pub(crate) fn text(&mut self, name: &'static str, text: &str) {
        self.json(name, &Value::from(text));
    }

    pub(crate) fn optional(&mut self, name: &'static str, value: Option<&Json>) {
        self.raw(name, value.map_or_else(|| "null".to_owned(), value::one_line));
    }

    /// A value that is JSON text already.
    pub(crate) fn raw(&mut self, name: &'static str, json: String) {
        self.0.push((name, json));
    }

    fn object(&self) -> String {
        let members: Vec<String> =
            self.0.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
        let object = format!("{{{}}}", members.join(","));
        debug_assert!(serde_json::from_str::<&RawValue>(&object).is_ok(), "{object}");
        object
    }

    pub(crate) fn print(&self) {
        print(&text::json(&self.object()));
    }
}
