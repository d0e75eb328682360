//! What a consumer is told about a watched session.

use std::time::Duration;

use crate::error::LiveFlowError;
use crate::session::{Prompt, Session, SessionStatus, StepRun};

/// One thing that happened to a watched session, as one consumer sees it.
///
/// Events are differences between what the consumer was last told and what is known when it asks,
/// so states in between may be missing, but never a prompt that is still open, a finished step or
/// the end.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum SessionEvent {
    /// The session's status is another one than last told.
    StatusChanged {
        /// The status last told; none at first.
        previous: Option<SessionStatus>,
        /// The status now.
        current: SessionStatus,
    },
    /// An execution of a step is new, or differs from what was last told of it.
    StepChanged {
        /// The execution as it is now.
        step: StepRun,
    },
    /// The session asks the end user something. Each prompt is requested once, while it is open.
    PromptRequested {
        /// What is asked; hand it back with the answer.
        prompt: Prompt,
    },
    /// A prompt that was requested is over. Told once for each requested prompt.
    PromptClosed {
        /// The prompt that is over.
        prompt: Prompt,
        /// How it ended.
        reason: PromptCloseReason,
    },
    /// An answer that nobody is waiting for any more (its call was given up, or the program was
    /// restarted) is not known to have arrived. Its text is handed back.
    AnswerUnresolved {
        /// The prompt it was for.
        prompt: Prompt,
        /// What the end user answered.
        text: String,
    },
    /// The service has not been reached twice in a row; trying goes on.
    ConnectionLost {
        /// What went wrong last.
        error: LiveFlowError,
        /// When the next try is due.
        retry_in: Duration,
    },
    /// The service was reached again.
    ConnectionRestored,
    /// The session ended well. The last event.
    Finished {
        /// The session as it ended.
        session: Session,
    },
    /// The session failed or was cancelled. The last event.
    Failed {
        /// The session as it ended.
        session: Session,
        /// `SessionFailed`, with the session's own error for debugging.
        error: LiveFlowError,
    },
    /// Watching stopped before the session's end. The last event; the session itself is untouched.
    WatchEnded {
        /// Why it stopped.
        reason: WatchEndReason,
    },
}

impl SessionEvent {
    /// Whether nothing follows it.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Finished { .. } | Self::Failed { .. } | Self::WatchEnded { .. })
    }
}

/// How a prompt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum PromptCloseReason {
    /// By an answer given through this watch.
    Answered,
    /// By somebody else: another device, another program.
    AnsweredElsewhere,
    /// The session ended with the prompt unanswered.
    SessionEnded,
    /// Watching stopped; the prompt itself may still be open.
    WatchEnded,
    /// It is over, and no read could tell how.
    Unknown,
}

/// Why watching stopped before the session's end.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum WatchEndReason {
    /// The watch or its client was closed.
    Closed,
    /// No end within `watch_limit`.
    TimeLimit,
    /// An error that trying again would not mend.
    Error {
        /// The error.
        error: LiveFlowError,
    },
}
