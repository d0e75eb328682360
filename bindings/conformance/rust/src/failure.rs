//! Why a scenario failed.

use std::fmt;

/// The reasons that the format knows, in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Invalid,
    Action,
    TimeLimit,
    Rule,
    Consumers,
    Sessions,
    Requests,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Action => "action",
            Self::TimeLimit => "time_limit",
            Self::Rule => "rule",
            Self::Consumers => "consumers",
            Self::Sessions => "sessions",
            Self::Requests => "requests",
        }
    }
}

/// A failed scenario: the reason, and what a person needs to see.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) report: String,
}

impl Failure {
    pub(crate) fn new(reason: Reason, report: impl Into<String>) -> Self {
        Self { reason, report: report.into() }
    }

    pub(crate) fn invalid(report: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, report)
    }

    pub(crate) fn action(report: impl Into<String>) -> Self {
        Self::new(Reason::Action, report)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.report)
    }
}

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;
