//! Lines about steps and statuses.

use std::time::Duration;

use console::{Style, style};
use liveflow::{Json, SessionStatus, StepRun, prompt_text};

use super::{text, time};

/// A short word for a status, styled; for one that is not known the service's own.
pub(crate) fn status_word(status: SessionStatus, raw: &str, for_stderr: bool) -> String {
    let (word, look) = match status {
        SessionStatus::Ready => ("ready", Style::new()),
        SessionStatus::Running => ("running", Style::new().cyan()),
        SessionStatus::WaitingForUserInput => ("waiting", Style::new().yellow()),
        SessionStatus::Finished => ("finished", Style::new().green()),
        SessionStatus::Failed => ("failed", Style::new().red()),
        SessionStatus::Unrecognised => {
            return if raw.is_empty() { "unknown".to_owned() } else { text::short(raw, 24) };
        }
    };
    let look = if for_stderr { look.for_stderr() } else { look };
    look.apply_to(word).to_string()
}

/// A step's name, or something to call it by.
pub(crate) fn name(step: &StepRun) -> String {
    text::short(step.name.as_deref().unwrap_or(step.id.as_str()), 48)
}

/// What kind of step it is, in lower case; nothing where the name says so already.
pub(crate) fn kind(step: &StepRun) -> String {
    let kind = step.step_type.as_deref().unwrap_or_default().to_lowercase();
    if step.name.as_deref() == Some(&kind) { String::new() } else { text::short(&kind, 12) }
}

/// How long it took, by the service's clock.
pub(crate) fn took(step: &StepRun) -> Option<Duration> {
    step.updated_at?.duration_since(step.created_at?).ok()
}

/// One line about an execution of a step, for standard error or standard output.
pub(crate) fn line(step: &StepRun, for_stderr: bool) -> String {
    let sign = |sign: &str, look: Style| {
        let look = if for_stderr { look.for_stderr() } else { look };
        look.apply_to(sign).to_string()
    };
    let dim = |text: String| {
        let dim = style(text).dim();
        if for_stderr { dim.for_stderr() } else { dim }.to_string()
    };
    let sign = match step.status {
        SessionStatus::Finished => sign("✓", Style::new().green()),
        SessionStatus::Failed => sign("✗", Style::new().red()),
        SessionStatus::WaitingForUserInput => sign("?", Style::new().yellow()),
        _ => sign("•", Style::new().cyan()),
    };
    let mut line = format!("{sign} {}", name(step));
    let kind = kind(step);
    if !kind.is_empty() {
        line.push_str(&dim(format!("  {kind}")));
    }
    match (step.status, &step.user_input, &step.error) {
        (SessionStatus::Failed, _, Some(error)) => {
            line.push_str("  ");
            line.push_str(&text::short(&error.to_text(), 200));
        }
        (_, Some(answer), _) => {
            line.push_str(&dim("  → ".to_owned()));
            line.push_str(&text::short(&answer.to_text(), 60));
        }
        (SessionStatus::WaitingForUserInput, None, _) => {
            let question = step.prompt.as_ref().map(prompt_text).unwrap_or_default();
            line.push_str("  ");
            line.push_str(&text::short(&question, 60));
        }
        (SessionStatus::Unrecognised, ..) => {
            line.push_str("  ");
            line.push_str(&text::short(&step.raw_status, 24));
        }
        (SessionStatus::Finished | SessionStatus::Failed, None, _) => {
            if let Some(took) = took(step).filter(|took| took.as_millis() >= 50) {
                line.push_str(&dim(format!("  {}", time::span(took))));
            }
        }
        _ => {}
    }
    line
}

/// Why a session failed, for people who look into it.
pub(crate) fn error_text(error: Option<&Json>) -> String {
    error.map_or_else(|| "it was not said why".to_owned(), |error| text::block(&error.to_text()))
}
