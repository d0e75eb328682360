//! What the SDK gives, in the forms that patterns are compared with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use liveflow::{
    Json, LiveFlowError, LiveSession, Prompt, PromptCloseReason, Session, SessionEvent,
    SessionStatus, StepRun, WatchEndReason,
};
use serde_json::{Value, json};

pub(crate) fn event(event: &SessionEvent) -> Value {
    match event {
        SessionEvent::StatusChanged { previous, current } => json!({
            "event": "status_changed",
            "previous": previous.map(status),
            "current": status(*current),
        }),
        SessionEvent::StepChanged { step } => {
            json!({"event": "step_changed", "step": self::step(step)})
        }
        SessionEvent::PromptRequested { prompt } => {
            json!({"event": "prompt_requested", "prompt": self::prompt(prompt)})
        }
        SessionEvent::PromptClosed { prompt, reason } => json!({
            "event": "prompt_closed",
            "prompt": self::prompt(prompt),
            "reason": close_reason(*reason),
        }),
        SessionEvent::AnswerUnresolved { prompt, text } => {
            json!({"event": "answer_unresolved", "prompt": self::prompt(prompt), "text": text})
        }
        SessionEvent::ConnectionLost { error, retry_in } => json!({
            "event": "connection_lost",
            "error": self::error(error),
            "retry_in_ms": milliseconds(*retry_in),
        }),
        SessionEvent::ConnectionRestored => json!({"event": "connection_restored"}),
        SessionEvent::Finished { session } => {
            json!({"event": "finished", "session": self::session(session)})
        }
        SessionEvent::Failed { session, error } => json!({
            "event": "failed",
            "session": self::session(session),
            "error": self::error(error),
        }),
        SessionEvent::WatchEnded { reason } => {
            let (word, error) = match reason {
                WatchEndReason::Closed => ("closed", Value::Null),
                WatchEndReason::TimeLimit => ("time_limit", Value::Null),
                WatchEndReason::Error { error } => ("error", self::error(error)),
            };
            json!({"event": "watch_ended", "reason": word, "error": error})
        }
    }
}

pub(crate) fn prompt(prompt: &Prompt) -> Value {
    json!({
        "run_id": prompt.run_id.as_str(),
        "round": prompt.round,
        "step_name": prompt.step_name,
        "text": prompt.text,
        "kind": prompt.kind,
        "raw": json_member(prompt.raw.as_ref()),
    })
}

pub(crate) fn session(session: &Session) -> Value {
    let progress = session.progress();
    let transcript: Vec<Value> = session
        .transcript()
        .iter()
        .map(|exchange| {
            json!({
                "run_id": exchange.run_id.as_str(),
                "step_name": exchange.step_name,
                "question": exchange.question,
                "answer": exchange.answer,
            })
        })
        .collect();
    json!({
        "id": session.id.as_str(),
        "live_flow_id": session.live_flow_id.as_str(),
        "status": status(session.status),
        "raw_status": session.raw_status,
        "inputs": json_member(session.inputs.as_ref()),
        "current_step": session.current_step.as_ref().map(step),
        "steps": session.steps.iter().map(step).collect::<Vec<_>>(),
        "steps_count": session.steps_count,
        "error": json_member(session.error.as_ref()),
        "flow_version": json_member(session.flow_version.as_ref()),
        "created_at_ms": session.created_at.map(time),
        "updated_at_ms": session.updated_at.map(time),
        "raw_json": session.raw_json.to_value(),
        "output": json_member(session.output()),
        "progress": {"done": progress.done, "known": progress.known},
        "transcript": transcript,
    })
}

fn step(step: &StepRun) -> Value {
    json!({
        "id": step.id.as_str(),
        "name": step.name,
        "step_type": step.step_type,
        "status": status(step.status),
        "raw_status": step.raw_status,
        "prompt": json_member(step.prompt.as_ref()),
        "result": json_member(step.result.as_ref()),
        "user_input": json_member(step.user_input.as_ref()),
        "error": json_member(step.error.as_ref()),
        "created_at_ms": step.created_at.map(time),
        "updated_at_ms": step.updated_at.map(time),
    })
}

pub(crate) fn watch(live: &LiveSession) -> Value {
    json!({"id": live.id().as_str(), "live_flow_id": live.live_flow_id().as_str()})
}

pub(crate) fn error(error: &LiveFlowError) -> Value {
    let context = error.context();
    let mut form = json!({
        "kind": error_kind(error),
        "reason": error.to_string(),
        "http_status": context.http_status,
        "detail": context.detail,
        "request_id": context.request_id,
        "retryable": error.is_retryable(),
        "answer": context.answer,
        "setting": null,
        "argument": null,
        "field_errors": null,
        "retry_after_ms": null,
        "candidates": null,
    });
    match error {
        LiveFlowError::Configuration { setting, .. } => form["setting"] = json!(setting),
        LiveFlowError::InvalidRequest { argument, field_errors, .. } => {
            form["argument"] = json!(argument);
            form["field_errors"] = field_errors
                .iter()
                .map(|field| {
                    json!({
                        "location": field.location,
                        "problem": field.problem,
                        "kind": field.kind,
                    })
                })
                .collect();
        }
        LiveFlowError::RateLimited { retry_after, .. } => {
            form["retry_after_ms"] = json!(retry_after.map(milliseconds));
        }
        LiveFlowError::OutcomeUnknown { candidates, .. } => {
            form["candidates"] = candidates.iter().map(session).collect();
        }
        _ => {}
    }
    form
}

fn error_kind(error: &LiveFlowError) -> &'static str {
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
        _ => "a kind that this player does not know",
    }
}

fn status(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Ready => "ready",
        SessionStatus::Running => "running",
        SessionStatus::WaitingForUserInput => "waiting",
        SessionStatus::Finished => "finished",
        SessionStatus::Failed => "failed",
        SessionStatus::Unrecognised => "unrecognised",
    }
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

fn json_member(json: Option<&Json>) -> Value {
    json.map_or(Value::Null, Json::to_value)
}

fn time(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, milliseconds)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
