//! A followed session for a person: what is done stays on the screen, what is at work moves.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use console::style;
use indicatif::{ProgressBar, ProgressStyle};
use liveflow::{
    LiveSession, Prompt, PromptCloseReason, Session, SessionEvent, SessionStatus, StepRun,
    StepRunId,
};

use super::report::Report;
use super::{print, steps, text, time, value};
use crate::exit::Failure;
use crate::terminal::{Changed, without_signs};

/// Writes lines to standard error and the result to standard output. Without a terminal there are
/// only the lines.
pub(crate) struct Progress {
    quiet: bool,
    begun: Instant,
    /// The line that moves, while nobody types.
    bar: RefCell<Option<ProgressBar>>,
    /// Which executions have been told to be at work, where each is told only once.
    told: RefCell<HashSet<StepRunId>>,
    /// Until the end.
    _without_signs: Option<Changed>,
    /// Somebody is typing an answer.
    typing: Cell<bool>,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            begun: Instant::now(),
            bar: RefCell::default(),
            told: RefCell::default(),
            _without_signs: without_signs(),
            typing: Cell::new(false),
        }
    }

    fn line(&self, line: &str) {
        if self.quiet {
            return;
        }
        if self.typing.get() {
            // Somebody is amid an answer: what was typed so far still counts.
            eprint!("\n{line}\n> ");
            return;
        }
        match &*self.bar.borrow() {
            Some(bar) if !bar.is_hidden() => bar.println(line),
            _ => eprintln!("{line}"),
        }
    }

    /// The moving line says this.
    fn works(&self, live: &LiveSession, message: String) {
        if self.quiet || self.typing.get() {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        let bar = bar.get_or_insert_with(|| moving_line(self.begun.elapsed()));
        if let Some(session) = live.snapshot() {
            let progress = session.progress();
            bar.set_length(u64::from(progress.known));
            bar.set_position(u64::from(progress.done));
        }
        bar.set_message(message);
    }

    /// Nothing moves: there is something to read, or to type.
    fn rest(&self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn step(&self, live: &LiveSession, step: &StepRun) {
        match step.status {
            SessionStatus::Finished | SessionStatus::Failed => {
                self.line(&format!("  {}", steps::line(step, true)));
            }
            SessionStatus::WaitingForUserInput => {}
            _ => {
                let is_moving = console::Term::stderr().is_term();
                if !is_moving && self.told.borrow_mut().insert(step.id.clone()) {
                    self.line(&format!("  {}", steps::line(step, true)));
                }
                let mut message = steps::name(step);
                let kind = steps::kind(step);
                if !kind.is_empty() {
                    message.push_str(&style(format!("  {kind}")).dim().for_stderr().to_string());
                }
                self.works(live, message);
            }
        }
    }

    fn status(&self, live: &LiveSession, current: SessionStatus) {
        match current {
            SessionStatus::Ready => self.works(live, "about to begin".to_owned()),
            SessionStatus::Unrecognised => {
                let raw = live.snapshot().map(|session| session.raw_status.clone());
                let raw = text::short(&raw.unwrap_or_default(), 40);
                self.line(&format!("  the service shows a status that is not known here: {raw}"));
            }
            _ => {}
        }
    }

    fn closed(&self, reason: PromptCloseReason) {
        match reason {
            PromptCloseReason::AnsweredElsewhere => self.line("  somebody else has answered this"),
            PromptCloseReason::Unknown => self.line("  the question is gone"),
            PromptCloseReason::Answered
            | PromptCloseReason::SessionEnded
            | PromptCloseReason::WatchEnded => {}
        }
    }
}

impl Report for Progress {
    fn begins(&self, live: &LiveSession, is_new: bool) {
        let word = if is_new { "session" } else { "following session" };
        self.line(&format!("{word} {}", style(live.id()).bold().for_stderr()));
        self.works(live, "about to begin".to_owned());
    }

    fn event(&self, live: &LiveSession, event: &SessionEvent) {
        match event {
            SessionEvent::StatusChanged { current, .. } => self.status(live, *current),
            SessionEvent::StepChanged { step } => self.step(live, step),
            SessionEvent::PromptRequested { prompt } => {
                let question = text::short(&prompt.text, 60);
                self.works(live, format!("asks: {question}"));
            }
            SessionEvent::PromptClosed { reason, .. } => self.closed(*reason),
            SessionEvent::AnswerUnresolved { text: answer, .. } => {
                let answer = text::short(answer, 60);
                self.line(&format!(
                    "  it is not known whether this answer arrived: {answer}; look before you \
                     answer again"
                ));
            }
            SessionEvent::ConnectionLost { error, retry_in } => {
                let why = text::short(&error.to_string(), 160);
                let next = time::span(*retry_in);
                self.line(&format!("  no connection ({why}); next try in {next}"));
            }
            SessionEvent::ConnectionRestored => self.line("  connected again"),
            SessionEvent::Finished { .. }
            | SessionEvent::Failed { .. }
            | SessionEvent::WatchEnded { .. } => self.rest(),
        }
    }

    fn asks(&self, prompt: &Prompt) {
        self.rest();
        // Even where nothing else is told: without its question an answer cannot be given.
        let step = prompt.step_name.as_deref().map(|name| text::short(name, 48));
        let step = step.map(|name| style(format!("  ({name})")).dim().for_stderr().to_string());
        let question = style(text::block(&prompt.text)).bold().for_stderr();
        let sign = style("?").yellow().bold().for_stderr();
        eprintln!("\n{sign} {question}{}", step.unwrap_or_default());
    }

    fn waits_for_input(&self) {
        eprint!("> ");
        // A terminal that has gone shows nothing anyway.
        let _ = io::stderr().flush();
        self.typing.set(true);
    }

    fn waits_no_more(&self) {
        if self.typing.replace(false) {
            eprintln!();
        }
    }

    fn answers_with(&self, answer: &str) {
        eprintln!("> {}", text::line(answer));
    }

    fn sends(&self) {
        self.typing.set(false);
        if !self.quiet {
            let bar = moving_line(self.begun.elapsed());
            bar.set_message("sending the answer");
            *self.bar.borrow_mut() = Some(bar);
        }
    }

    fn note(&self, note: &str) {
        // The line break came from whoever typed.
        self.typing.set(false);
        self.line(&format!("  {note}"));
    }

    fn problem(&self, problem: &Failure) {
        self.rest();
        problem.tell();
    }

    fn ends(&self, session: &Session) {
        self.rest();
        let took = time::span(self.begun.elapsed());
        if session.status == SessionStatus::Failed {
            let sign = style("✗").red().bold().for_stderr();
            eprintln!("{sign} failed after {took}: {}", steps::error_text(session.error.as_ref()));
            return;
        }
        self.line(&format!("{} finished in {took}", style("✓").green().bold().for_stderr()));
        if let Some(output) = session.output() {
            if !self.quiet {
                eprintln!();
            }
            print(&value::readable(output));
        }
    }

    fn fails(&self, _failure: &Failure) {
        self.rest();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.rest();
    }
}

fn moving_line(elapsed: Duration) -> ProgressBar {
    let bar = ProgressBar::new(0).with_elapsed(elapsed);
    // Not as wide as the terminal: the sign that a terminal shows for Ctrl-C would break the line.
    let look = ProgressStyle::with_template(
        "  {spinner:.cyan} {msg}  {pos:.dim}/{len:.dim}  {elapsed:.dim}",
    );
    // The template is a constant: it is right, or no test gets by.
    bar.set_style(look.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
