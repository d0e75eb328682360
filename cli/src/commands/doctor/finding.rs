//! What was found out about one thing.

use console::style;

use crate::output::text;

/// One line of the doctor's report.
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    pub(super) message: String,
    /// What to do about it.
    pub(super) advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fine,
    /// It could not be checked, or may be meant like that.
    Unsure,
    Wrong,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Unsure => "unsure",
            Self::Wrong => "wrong",
        }
    }
}

impl Finding {
    pub(super) fn fine(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fine, message: message.into(), advice: None }
    }

    pub(super) fn unsure(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Unsure, message: message.into(), advice: None }
    }

    pub(super) fn wrong(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Wrong, message: message.into(), advice: None }
    }

    pub(super) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    pub(super) fn line(&self) -> String {
        let sign = match self.verdict {
            Verdict::Fine => style("✓").green(),
            Verdict::Unsure => style("•").yellow(),
            Verdict::Wrong => style("✗").red().bold(),
        };
        let name = style(format!("{:<13}", self.check)).dim();
        let mut line = format!("{sign} {name} {}", text::line(&self.message));
        if let Some(advice) = &self.advice {
            line.push_str("\n                → ");
            line.push_str(&text::line(advice));
        }
        line
    }
}
