//! How one request failed, as far as anybody can know: the words that `service`, which sees the
//! wire, and `machine`, which draws the conclusions, have in common.

use std::time::Duration;

use crate::error::LiveFlowError;

/// One request that did not bring a readable success.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    /// What is known about its effect.
    pub(crate) kind: FailureKind,
    /// The error that a caller would see if nothing else were done.
    pub(crate) error: LiveFlowError,
    /// `Retry-After` of this very answer, not capped yet.
    pub(crate) retry_after: Option<Duration>,
}

/// What is known about the effect of a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// No byte of it left: DNS, connect, TLS or proxy failed, or the deadline came first.
    NeverLeft,
    /// No byte of it left because the server's certificate is not trusted: trying again is useless.
    Untrusted,
    /// It left, and no status line came back: timeout, reset, garbage.
    NoStatus,
    /// A status that is not a success came back (whatever became of its body).
    Status(u16),
    /// A success came back with a body that is not what the API describes, or broke off.
    Unreadable,
    /// A success came back with a body over the limit.
    TooLarge,
    /// The caller's own credentials provider failed; nothing was sent.
    NoCredentials,
}

impl Failure {
    /// Whether a read that failed like this may succeed when it is simply tried again.
    pub(crate) fn is_transient_for_reads(&self) -> bool {
        match self.kind {
            FailureKind::NeverLeft
            | FailureKind::NoStatus
            | FailureKind::Unreadable
            | FailureKind::NoCredentials => true,
            FailureKind::Status(status) => matches!(status, 408 | 425 | 429 | 500..=599),
            FailureKind::Untrusted | FailureKind::TooLarge => false,
        }
    }

    /// Whether the request took effect, and only what the service said about it could not be read.
    pub(crate) fn is_unread_success(&self) -> bool {
        matches!(self.kind, FailureKind::Unreadable | FailureKind::TooLarge)
    }

    /// Whether the request may have taken effect although it failed.
    pub(crate) fn is_outcome_unknown(&self) -> bool {
        match self.kind {
            FailureKind::NoStatus => true,
            // 3xx: only 307 and 308 promise that nothing was done; those are followed once before
            // they get here, so what is left of them is a refusal.
            FailureKind::Status(status) => matches!(status, 408 | 300..=306 | 500..=599),
            _ => false,
        }
    }
}
