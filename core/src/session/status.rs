//! The words for how far a session or a step is, and their spellings on the wire.

use std::collections::HashMap;

use crate::error::{LiveFlowError, Result};

/// How far a session is, or one step of it.
///
/// The lifecycle is documented: Ready, then Running, then any number of (`WaitingForUserInput`,
/// Running), then Finished or Failed, which never change again. The spellings on the wire are
/// assumed, see [`StatusAliases`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum SessionStatus {
    /// Created, not begun.
    Ready,
    /// At work.
    Running,
    /// Asking the end user something; `current_step.prompt` holds what to show.
    WaitingForUserInput,
    /// Ended well. Never changes again.
    Finished,
    /// Ended badly, or was cancelled. Never changes again.
    Failed,
    /// A word that this version does not know; `raw_status` keeps it. Never taken for an end.
    Unrecognised,
}

impl SessionStatus {
    /// Whether nothing will ever change again.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Finished | Self::Failed)
    }

    /// The service's documented (or, failing that, assumed) word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Running => "RUNNING",
            Self::WaitingForUserInput => "WAITING_FOR_USER_INPUT",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Unrecognised => "UNRECOGNISED",
        }
    }
}

/// Wire words for statuses beyond the ones known by default. Case does not matter.
///
/// Assumed by default: `NEW`, `READY`, `PENDING`, `QUEUED`, `CREATED` are ready; `RUNNING`,
/// `IN_PROGRESS` running; `WAITING_FOR_USER_INPUT` waiting; `FINISHED`, `COMPLETED`, `COMPLETE`,
/// `SUCCEEDED`, `SUCCESS`, `DONE` finished; `FAILED`, `ERROR`, `ERRORED`, `CANCELLED`, `CANCELED`
/// failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusAliases {
    extra: HashMap<String, SessionStatus>,
}

impl StatusAliases {
    /// Adds a word, or gives a known word another meaning.
    pub fn add(&mut self, word: &str, status: SessionStatus) -> Result<()> {
        let word = word.trim();
        if word.is_empty() {
            return Err(LiveFlowError::configuration(
                "status_aliases",
                "a status alias must not be an empty word",
            ));
        }
        if status == SessionStatus::Unrecognised {
            return Err(LiveFlowError::configuration(
                "status_aliases",
                format!("the status alias {word:?} must stand for one of the known statuses"),
            ));
        }
        self.extra.insert(word.to_ascii_uppercase(), status);
        Ok(())
    }

    pub(crate) fn read(&self, word: &str) -> SessionStatus {
        let word = word.trim().to_ascii_uppercase();
        if let Some(status) = self.extra.get(&word) {
            return *status;
        }
        match word.as_str() {
            "NEW" | "READY" | "PENDING" | "QUEUED" | "CREATED" => SessionStatus::Ready,
            "RUNNING" | "IN_PROGRESS" => SessionStatus::Running,
            "WAITING_FOR_USER_INPUT" => SessionStatus::WaitingForUserInput,
            "FINISHED" | "COMPLETED" | "COMPLETE" | "SUCCEEDED" | "SUCCESS" | "DONE" => {
                SessionStatus::Finished
            }
            "FAILED" | "ERROR" | "ERRORED" | "CANCELLED" | "CANCELED" => SessionStatus::Failed,
            _ => SessionStatus::Unrecognised,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_assumed_word_is_read_in_any_case() {
        let aliases = StatusAliases::default();
        for (words, status) in [
            ("NEW READY PENDING QUEUED CREATED", SessionStatus::Ready),
            ("RUNNING IN_PROGRESS", SessionStatus::Running),
            ("WAITING_FOR_USER_INPUT", SessionStatus::WaitingForUserInput),
            ("FINISHED COMPLETED COMPLETE SUCCEEDED SUCCESS DONE", SessionStatus::Finished),
            ("FAILED ERROR ERRORED CANCELLED CANCELED", SessionStatus::Failed),
        ] {
            for word in words.split(' ') {
                assert_eq!(aliases.read(word), status, "{word}");
                assert_eq!(aliases.read(&word.to_lowercase()), status, "{word}");
            }
        }
    }

    #[test]
    fn an_unknown_word_is_never_an_end() {
        let status = StatusAliases::default().read("PAUSED_BY_ADMIN");
        assert_eq!(status, SessionStatus::Unrecognised);
        assert!(!status.is_end());
    }

    #[test]
    fn an_alias_adds_a_word_and_an_empty_one_is_refused() {
        let mut aliases = StatusAliases::default();
        aliases.add("paused", SessionStatus::Running).unwrap();
        assert_eq!(aliases.read("PAUSED"), SessionStatus::Running);
        assert!(aliases.add(" ", SessionStatus::Running).is_err());
        assert!(aliases.add("x", SessionStatus::Unrecognised).is_err());
    }
}
