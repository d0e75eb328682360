//! What the caller of an answer is told.

use crate::error::{ErrorContext, LiveFlowError};
use crate::machine::event::PromptCloseReason;

pub(super) const CANCELLING: &str = "the session is being cancelled";

/// The service refused the answer, and its prompt is still open.
pub(super) fn refused(error: &LiveFlowError) -> LiveFlowError {
    match error {
        LiveFlowError::InvalidRequest { .. } => error.clone(),
        other => LiveFlowError::InvalidRequest {
            context: other.context().clone(),
            argument: Some("answer".to_owned()),
            field_errors: Vec::new(),
        },
    }
}

pub(crate) fn no_longer_open(why: &str) -> LiveFlowError {
    LiveFlowError::PromptNoLongerOpen {
        context: ErrorContext::new(format!("this prompt takes no answer any more: {why}")),
    }
}

pub(super) fn closed_words(reason: PromptCloseReason) -> &'static str {
    match reason {
        PromptCloseReason::Answered => "it has been answered",
        PromptCloseReason::AnsweredElsewhere => "somebody else has answered it",
        PromptCloseReason::SessionEnded => "the session has ended",
        PromptCloseReason::WatchEnded => "the watch has ended",
        PromptCloseReason::Unknown => "the session has moved on",
    }
}

pub(super) fn outcome_unknown(last: Option<&LiveFlowError>) -> LiveFlowError {
    let cause = last.map(|error| format!(" (last: {error})")).unwrap_or_default();
    LiveFlowError::OutcomeUnknown {
        context: ErrorContext {
            reason: format!(
                "the answer was sent, and nothing shows whether it arrived{cause}; look at the \
                 session before you answer again"
            ),
            // To send it again without a look might be to answer twice.
            retryable: false,
            ..last.map(|error| error.context().clone()).unwrap_or_default()
        },
        candidates: Vec::new(),
    }
}
