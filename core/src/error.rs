//! The one error family: what went wrong, in words for a person, and what a caller can do about it.

use std::time::Duration;

use thiserror::Error;

use crate::session::Session;

/// The result of every fallible call of this crate.
pub type Result<T, E = LiveFlowError> = std::result::Result<T, E>;

/// What every error carries beside its kind.
///
/// None of its fields ever holds an API key, a credential header or the body of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct ErrorContext {
    /// What happened and what to do about it, in a sentence made for a person.
    pub reason: String,
    /// The HTTP status, where the service answered with one.
    pub http_status: Option<u16>,
    /// What the service itself said (`detail` of a FastAPI error body), shortened.
    pub detail: Option<String>,
    /// The service's id of the request (`x-request-id`), for its support team.
    pub request_id: Option<String>,
    /// Whether the same call can succeed later without any change by the caller.
    pub retryable: bool,
    /// The answer the end user gave, where one was under way: it is handed back, never lost.
    pub answer: Option<String>,
}

impl ErrorContext {
    /// A context that has only words.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }
}

/// One member of a request that the service refused (a FastAPI validation error).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct FieldError {
    /// Where the member is, as a dotted path: `body.inputs.company`.
    pub location: String,
    /// What is wrong with it.
    pub problem: String,
    /// The service's own word for the kind of mistake, such as `missing`.
    pub kind: Option<String>,
}

/// Everything that can go wrong, by what a caller can do about it.
#[derive(Debug, Clone, Error, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Error))]
#[non_exhaustive]
pub enum LiveFlowError {
    /// The client is set up wrongly: a setting, the address, an endpoint template. Mend the set-up.
    #[error("{}", .context.reason)]
    Configuration {
        /// What happened.
        context: ErrorContext,
        /// The setting or argument to mend.
        setting: Option<String>,
    },
    /// The service does not accept the key or credentials (401).
    #[error("{}", .context.reason)]
    Authentication {
        /// What happened.
        context: ErrorContext,
    },
    /// The key is known but may not do this (403).
    #[error("{}", .context.reason)]
    PermissionDenied {
        /// What happened.
        context: ErrorContext,
    },
    /// There is no such flow or session (404).
    #[error("{}", .context.reason)]
    NotFound {
        /// What happened.
        context: ErrorContext,
    },
    /// An argument or a body was refused, here or by the service (400, 422). Change the request.
    #[error("{}", .context.reason)]
    InvalidRequest {
        /// What happened.
        context: ErrorContext,
        /// The argument at fault, where it was refused before any request.
        argument: Option<String>,
        /// The members that the service refused, where it named them.
        field_errors: Vec<FieldError>,
    },
    /// Input was sent to a session that is not waiting for any (400, 409 or 422 of add user input).
    #[error("{}", .context.reason)]
    NotWaitingForInput {
        /// What happened.
        context: ErrorContext,
    },
    /// The prompt was closed before this answer reached it; the answer is in the context.
    #[error("{}", .context.reason)]
    PromptNoLongerOpen {
        /// What happened.
        context: ErrorContext,
    },
    /// The service asks for fewer requests (429), and the caller's deadline came first.
    #[error("{}", .context.reason)]
    RateLimited {
        /// What happened.
        context: ErrorContext,
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
    /// The caller's deadline passed; nothing is known to have been changed by this call.
    #[error("{}", .context.reason)]
    RequestTimeout {
        /// What happened.
        context: ErrorContext,
    },
    /// The service could not be reached, or the connection broke.
    #[error("{}", .context.reason)]
    Network {
        /// What happened.
        context: ErrorContext,
    },
    /// The service failed (5xx).
    #[error("{}", .context.reason)]
    Server {
        /// What happened.
        context: ErrorContext,
    },
    /// The service answered with something that is not what its API describes.
    #[error("{}", .context.reason)]
    InvalidResponse {
        /// What happened.
        context: ErrorContext,
    },
    /// A write may or may not have taken effect, and no read could tell. Nothing was guessed.
    #[error("{}", .context.reason)]
    OutcomeUnknown {
        /// What happened; for an answer, the context holds its text.
        context: ErrorContext,
        /// For create session: the sessions that could be the one that was asked for.
        candidates: Vec<Session>,
    },
    /// The session ended as failed, and its output was asked for.
    #[error("{}", .context.reason)]
    SessionFailed {
        /// What happened. `detail` holds the session's own error: for debugging, not for end users.
        context: ErrorContext,
    },
    /// A callback of the caller's own (handler, listener, credentials, store) failed.
    #[error("{}", .context.reason)]
    HandlerFailed {
        /// What happened.
        context: ErrorContext,
    },
    /// The client or the watch was closed before or during this call.
    #[error("{}", .context.reason)]
    Closed {
        /// What happened; for an answer, the context holds its text.
        context: ErrorContext,
    },
}

impl LiveFlowError {
    /// A mistake in the set-up, naming the setting to mend.
    pub fn configuration(setting: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Configuration { context: ErrorContext::new(reason), setting: Some(setting.into()) }
    }

    /// An argument refused before any request, naming it.
    pub fn invalid_argument(argument: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidRequest {
            context: ErrorContext::new(reason),
            argument: Some(argument.into()),
            field_errors: Vec::new(),
        }
    }

    /// The client or the watch is closed.
    pub fn closed(reason: impl Into<String>) -> Self {
        Self::Closed { context: ErrorContext::new(reason) }
    }

    /// What the error carries beside its kind.
    pub fn context(&self) -> &ErrorContext {
        match self {
            Self::Configuration { context, .. }
            | Self::Authentication { context }
            | Self::PermissionDenied { context }
            | Self::NotFound { context }
            | Self::InvalidRequest { context, .. }
            | Self::NotWaitingForInput { context }
            | Self::PromptNoLongerOpen { context }
            | Self::RateLimited { context, .. }
            | Self::RequestTimeout { context }
            | Self::Network { context }
            | Self::Server { context }
            | Self::InvalidResponse { context }
            | Self::OutcomeUnknown { context, .. }
            | Self::SessionFailed { context }
            | Self::HandlerFailed { context }
            | Self::Closed { context } => context,
        }
    }

    pub(crate) fn context_mut(&mut self) -> &mut ErrorContext {
        match self {
            Self::Configuration { context, .. }
            | Self::Authentication { context }
            | Self::PermissionDenied { context }
            | Self::NotFound { context }
            | Self::InvalidRequest { context, .. }
            | Self::NotWaitingForInput { context }
            | Self::PromptNoLongerOpen { context }
            | Self::RateLimited { context, .. }
            | Self::RequestTimeout { context }
            | Self::Network { context }
            | Self::Server { context }
            | Self::InvalidResponse { context }
            | Self::OutcomeUnknown { context, .. }
            | Self::SessionFailed { context }
            | Self::HandlerFailed { context }
            | Self::Closed { context } => context,
        }
    }

    /// The same error with the end user's answer handed back in it.
    #[must_use]
    pub(crate) fn with_answer(mut self, answer: impl Into<String>) -> Self {
        self.context_mut().answer = Some(answer.into());
        self
    }

    /// Whether the same call can succeed later without any change by the caller.
    pub fn is_retryable(&self) -> bool {
        self.context().retryable
    }
}
