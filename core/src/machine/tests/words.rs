//! Events and errors in a few words, and failures as the service layer would report them.

use std::time::Duration;

use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};
use crate::machine::{SessionEvent, WatchEndReason};
use crate::session::Prompt;

/// An event in a few words.
pub(super) fn words(event: &SessionEvent) -> String {
    let name = |prompt: &Prompt| format!("{}/{}", prompt.run_id, prompt.round);
    match event {
        SessionEvent::StatusChanged { previous, current } => {
            let previous = previous.map_or("nothing", |status| status.as_str());
            format!("status {previous} -> {}", current.as_str())
        }
        SessionEvent::StepChanged { step } => format!("step {} {}", step.id, step.raw_status),
        SessionEvent::PromptRequested { prompt } => {
            format!("requested {} {}", name(prompt), prompt.text)
        }
        SessionEvent::PromptClosed { prompt, reason } => {
            format!("closed {} {reason:?}", name(prompt))
        }
        SessionEvent::AnswerUnresolved { prompt, text } => {
            format!("unresolved {} {text}", name(prompt))
        }
        SessionEvent::ConnectionLost { .. } => "lost".to_owned(),
        SessionEvent::ConnectionRestored => "restored".to_owned(),
        SessionEvent::Finished { .. } => "finished".to_owned(),
        SessionEvent::Failed { .. } => "failed".to_owned(),
        SessionEvent::WatchEnded { reason } => match reason {
            WatchEndReason::Closed => "watch ended: closed".to_owned(),
            WatchEndReason::TimeLimit => "watch ended: time limit".to_owned(),
            WatchEndReason::Error { error } => format!("watch ended: {}", kind(error)),
        },
    }
}

/// The name of an error's variant.
pub(super) fn kind(error: &LiveFlowError) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}

/// A failure of this kind, with the error that the service layer gives to it.
pub(super) fn failure(kind: FailureKind) -> Failure {
    let http_status = match kind {
        FailureKind::Status(status) => Some(status),
        FailureKind::Unreadable | FailureKind::TooLarge => Some(200),
        _ => None,
    };
    let retryable = matches!(
        kind,
        FailureKind::NeverLeft
            | FailureKind::NoStatus
            | FailureKind::Unreadable
            | FailureKind::Status(408 | 425 | 429 | 500..=599)
    );
    let context = ErrorContext { http_status, retryable, ..ErrorContext::new(format!("{kind:?}")) };
    let error = match kind {
        FailureKind::NeverLeft | FailureKind::NoStatus | FailureKind::Untrusted => {
            LiveFlowError::Network { context }
        }
        FailureKind::Unreadable | FailureKind::TooLarge => {
            LiveFlowError::InvalidResponse { context }
        }
        FailureKind::NoCredentials => LiveFlowError::HandlerFailed { context },
        FailureKind::Status(status) => match status {
            401 => LiveFlowError::Authentication { context },
            403 => LiveFlowError::PermissionDenied { context },
            404 => LiveFlowError::NotFound { context },
            425 | 429 => LiveFlowError::RateLimited { context, retry_after: None },
            408 | 500..=599 => LiveFlowError::Server { context },
            409 => LiveFlowError::NotWaitingForInput { context },
            400..=499 => {
                LiveFlowError::InvalidRequest { context, argument: None, field_errors: Vec::new() }
            }
            _ => LiveFlowError::InvalidResponse { context },
        },
    };
    Failure { kind, error, retry_after: None }
}

pub(super) fn status(status: u16) -> Failure {
    failure(FailureKind::Status(status))
}

/// As [`status`], with a `Retry-After` of so many seconds.
pub(super) fn status_after(code: u16, wait: u64) -> Failure {
    Failure { retry_after: Some(Duration::from_secs(wait)), ..status(code) }
}
