//! How the command ends: exit codes, and what is said on standard error.

use std::process::ExitCode;

use liveflow::{LiveFlowError, Session, WatchEndReason};

use crate::output::text;

/// The exit codes. `docs/cli.md` and the man page list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// The service failed, or something unforeseen did.
    Error = 1,
    /// The command line, the configuration or a request is wrong.
    Usage = 2,
    /// The session failed, or was cancelled.
    SessionFailed = 3,
    /// Watching stopped before the session's end; it goes on.
    NotEnded = 4,
    /// The key is not accepted, or may not do this.
    Refused = 5,
    /// There is no such flow, session or checkpoint.
    NotFound = 6,
    /// The service cannot be reached, or not now.
    Unavailable = 7,
    /// A write may or may not have taken effect.
    OutcomeUnknown = 8,
    /// The session was not waiting for this answer (any more).
    NotTaken = 9,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

/// For `--help` and the man page.
pub(crate) const CODES: &str = "\
Exit codes:
  0    done; a session that was followed has finished
  1    the service failed, or something unforeseen did
  2    the command line, the configuration or a request is wrong
  3    the session failed, or was cancelled
  4    watching stopped before the session's end; the session goes on
  5    the key is not accepted, or may not do this
  6    there is no such flow, session or checkpoint
  7    the service cannot be reached, or asks to come back later
  8    a write may or may not have taken effect; look before you repeat it
  9    the session was not waiting for this answer (any more)
  130  stopped by Ctrl-C (143: by SIGTERM); the session goes on";

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Why the command did not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// What happened, in a sentence; empty when everything has been said.
    pub(crate) message: String,
    /// More lines: what the service said, what to do.
    pub(crate) notes: Vec<String>,
    /// The error of the library, where it is one.
    pub(crate) error: Option<LiveFlowError>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), notes: Vec::new(), error: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// Nothing is left to say: the session's failure has been shown already.
    pub(crate) fn told(code: Code) -> Self {
        Self::new(code, "")
    }

    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Tells it on standard error.
    pub(crate) fn tell(&self) {
        if !self.message.is_empty() {
            let error = console::style("error:").red().bold().for_stderr();
            eprintln!("{error} {}", text::block(&self.message));
        }
        for note in &self.notes {
            eprintln!("  {}", text::block(note).replace('\n', "\n  "));
        }
    }
}

impl From<LiveFlowError> for Failure {
    fn from(error: LiveFlowError) -> Self {
        let context = error.context().clone();
        let mut failure = Self::new(code(&error), context.reason);
        if let LiveFlowError::InvalidRequest { field_errors, .. } = &error {
            let told = field_errors.iter().map(|it| format!("{}: {}", it.location, it.problem));
            failure.notes = told.filter(|field| !failure.message.contains(&**field)).collect();
        }
        if let Some(detail) = context.detail.filter(|detail| !failure.message.contains(&**detail)) {
            failure.notes.push(format!("the service says: {detail}"));
        }
        if let LiveFlowError::OutcomeUnknown { candidates, .. } = &error {
            failure.notes.extend(candidates.iter().map(candidate));
        }
        if let Some(answer) = context.answer {
            failure.notes.push(format!("your answer was: {answer}"));
        }
        if let Some(id) = context.request_id {
            failure.notes.push(format!("request id: {id}"));
        }
        failure.error = Some(error);
        failure
    }
}

fn candidate(session: &Session) -> String {
    format!("it may be this one: {} ({})", session.id, session.raw_status)
}

fn code(error: &LiveFlowError) -> Code {
    match error {
        LiveFlowError::Configuration { .. } | LiveFlowError::InvalidRequest { .. } => Code::Usage,
        LiveFlowError::Authentication { .. } | LiveFlowError::PermissionDenied { .. } => {
            Code::Refused
        }
        LiveFlowError::NotFound { .. } => Code::NotFound,
        LiveFlowError::RateLimited { .. }
        | LiveFlowError::RequestTimeout { .. }
        | LiveFlowError::Network { .. } => Code::Unavailable,
        LiveFlowError::OutcomeUnknown { .. } => Code::OutcomeUnknown,
        LiveFlowError::NotWaitingForInput { .. } | LiveFlowError::PromptNoLongerOpen { .. } => {
            Code::NotTaken
        }
        LiveFlowError::SessionFailed { .. } => Code::SessionFailed,
        LiveFlowError::Closed { .. } => Code::NotEnded,
        // Whatever is added to the library later is an error like any other.
        _ => Code::Error,
    }
}

impl From<WatchEndReason> for Failure {
    fn from(reason: WatchEndReason) -> Self {
        match reason {
            WatchEndReason::Error { error } => error.into(),
            WatchEndReason::TimeLimit => {
                Self::new(Code::NotEnded, "the time to watch is over; the session goes on")
            }
            WatchEndReason::Closed => {
                Self::new(Code::NotEnded, "watching was closed; the session goes on")
            }
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Code::Error, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use liveflow::ErrorContext;

    #[test]
    fn an_error_keeps_what_the_service_said_and_the_answer() {
        let context = ErrorContext {
            detail: Some("too short".to_owned()),
            answer: Some("x".to_owned()),
            ..ErrorContext::new("the answer was refused")
        };
        let failure = Failure::from(LiveFlowError::InvalidRequest {
            context,
            argument: None,
            field_errors: Vec::new(),
        });
        assert_eq!(failure.code, Code::Usage);
        assert_eq!(failure.notes, ["the service says: too short", "your answer was: x"]);
    }

    #[test]
    fn every_code_is_documented() {
        for code in [
            Code::Error,
            Code::Usage,
            Code::SessionFailed,
            Code::NotEnded,
            Code::Refused,
            Code::NotFound,
            Code::Unavailable,
            Code::OutcomeUnknown,
            Code::NotTaken,
            Code::Interrupted,
            Code::Terminated,
        ] {
            assert!(CODES.contains(&format!("{}", code as u8)), "{code:?}");
        }
        let page = include_str!("../../docs/cli.md");
        for line in CODES.lines().skip(1) {
            let code = line.split_whitespace().next().unwrap();
            assert!(page.contains(&format!("| {code} |")), "docs/cli.md lacks {code}");
        }
    }
}
