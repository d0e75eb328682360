//! Many sessions at once: a live table, a line for each change, or JSON.

use std::io::Write as _;
use std::time::{Duration, Instant};

use console::Term;
use futures_util::StreamExt as _;
use futures_util::stream::{self, SelectAll};
use liveflow::{LiveSession, SessionEvent, SessionStatus, WatchEndReason};

use super::table::Table;
use super::{events, print, steps, text, time, width};
use crate::exit::{Code, Failure};

/// How several sessions are shown.
pub(crate) enum Board {
    Json,
    /// A line for each change: there is no terminal to draw on.
    Lines,
    Table(Painter),
    Quiet,
}

/// No more often than the eye can follow.
const FRAME: Duration = Duration::from_millis(100);

impl Board {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let term = Term::stdout();
        match (json, quiet) {
            (true, _) => Self::Json,
            (false, true) => Self::Quiet,
            (false, false) if term.is_term() => Self::Table(Painter { term, drawn: 0 }),
            (false, false) => Self::Lines,
        }
    }

    fn event(&self, row: &Row, event: &SessionEvent) {
        match self {
            Self::Json => events::write_event(&row.live, event),
            Self::Lines if !matches!(event, SessionEvent::StepChanged { .. }) => {
                let [id, status, step, done, _, note] = row.cells();
                print(format!("{id}  {status}  {done}  {step}  {note}").trim_end());
            }
            _ => {}
        }
    }

    fn draw(&mut self, rows: &[Row]) {
        if let Self::Table(painter) = self {
            painter.draw(rows);
        }
    }
}

/// Watches them all until each has ended. `SessionFailed` if one has failed.
pub(crate) async fn watch_all(sessions: &[LiveSession], mut board: Board) -> Result<(), Failure> {
    let mut rows: Vec<Row> = sessions.iter().cloned().map(Row::new).collect();
    let mut all = SelectAll::new();
    for (place, row) in rows.iter().enumerate() {
        let events = row.live.events();
        all.push(Box::pin(stream::unfold(events, move |events| async move {
            let event = events.next().await?;
            Some(((place, event), events))
        })));
    }
    let mut frames = tokio::time::interval(FRAME);
    let mut is_new = true;
    let mut drawn = Instant::now();
    loop {
        tokio::select! {
            next = all.next() => {
                let Some((place, event)) = next else { break };
                rows[place].take(&event);
                board.event(&rows[place], &event);
                is_new = true;
            }
            // The ages change even if nothing else does.
            _ = frames.tick() => if is_new || drawn.elapsed() >= Duration::from_secs(1) {
                board.draw(&rows);
                (is_new, drawn) = (false, Instant::now());
            },
        }
    }
    board.draw(&rows);
    verdict(&rows)
}

fn verdict(rows: &[Row]) -> Result<(), Failure> {
    if let Some(reason) = rows.iter().find_map(|row| row.stopped.clone()) {
        return Err(reason.into());
    }
    if rows.iter().any(|row| row.status() == SessionStatus::Failed) {
        return Err(Failure::told(Code::SessionFailed));
    }
    Ok(())
}

/// One session of the table.
struct Row {
    live: LiveSession,
    changed: Instant,
    /// What needs attention: a question, a lost connection, an error.
    note: String,
    stopped: Option<WatchEndReason>,
}

impl Row {
    fn new(live: LiveSession) -> Self {
        Self { live, changed: Instant::now(), note: String::new(), stopped: None }
    }

    fn take(&mut self, event: &SessionEvent) {
        self.changed = Instant::now();
        match event {
            SessionEvent::PromptRequested { prompt } => self.note = text::short(&prompt.text, 60),
            SessionEvent::ConnectionLost { error, .. } => {
                self.note = text::short(&format!("no connection: {error}"), 60);
            }
            SessionEvent::PromptClosed { .. }
            | SessionEvent::ConnectionRestored
            | SessionEvent::Finished { .. } => self.note.clear(),
            SessionEvent::Failed { session, .. } => {
                self.note = text::short(&steps::error_text(session.error.as_ref()), 60);
            }
            SessionEvent::WatchEnded { reason } => {
                self.stopped = Some(reason.clone());
                self.note = match reason {
                    WatchEndReason::Error { error } => text::short(&error.to_string(), 60),
                    WatchEndReason::TimeLimit => "watched long enough".to_owned(),
                    WatchEndReason::Closed => "closed".to_owned(),
                };
            }
            _ => {}
        }
    }

    fn status(&self) -> SessionStatus {
        self.live.snapshot().map_or(SessionStatus::Unrecognised, |session| session.status)
    }

    fn cells(&self) -> [String; 6] {
        let snapshot = self.live.snapshot();
        let (status, step, done) = match &snapshot {
            Some(session) => {
                let step = session.current_step.as_ref().or(session.steps.last());
                let progress = session.progress();
                (
                    steps::status_word(session.status, &session.raw_status, false),
                    step.map_or_else(String::new, steps::name),
                    format!("{}/{}", progress.done, progress.known),
                )
            }
            None => ("…".to_owned(), String::new(), String::new()),
        };
        let age = time::span(Duration::from_secs(self.changed.elapsed().as_secs()));
        let age = if self.status().is_end() { String::new() } else { age.replace(".0 s", " s") };
        [self.live.id().to_string(), status, step, done, age, self.note.clone()]
    }

    /// What needs attention comes first, what has ended last.
    fn rank(&self) -> u8 {
        match self.status() {
            SessionStatus::WaitingForUserInput => 0,
            SessionStatus::Finished | SessionStatus::Failed => 2,
            _ => 1,
        }
    }
}

/// Draws the table over itself.
pub(crate) struct Painter {
    term: Term,
    /// How many lines are on the screen from the last time.
    drawn: usize,
}

impl Painter {
    fn draw(&mut self, rows: &[Row]) {
        let room = usize::from(self.term.size().0).saturating_sub(3).max(1);
        let mut order: Vec<&Row> = rows.iter().collect();
        order.sort_by_key(|row| row.rank());
        let table = Table {
            headers: &["SESSION", "STATUS", "STEP", "DONE", "SINCE", ""],
            flexible: 5,
            rows: order.iter().take(room).map(|row| row.cells().to_vec()).collect(),
        };
        let mut lines = table.lines(width());
        lines.push(summary(rows, rows.len().saturating_sub(room)));
        // All in one write: a screen that is half cleared flickers.
        let up = format!("\x1b[{}A\r", self.drawn);
        let mut screen = if self.drawn > 0 { up } else { String::new() };
        for line in &lines {
            screen.push_str(line);
            screen.push_str("\x1b[K\n");
        }
        screen.push_str("\x1b[J");
        self.drawn = lines.len();
        // A terminal that has gone shows nothing anyway.
        let _ = self.term.write_all(screen.as_bytes()).and_then(|()| self.term.flush());
    }
}

fn summary(rows: &[Row], hidden: usize) -> String {
    let count =
        |fits: fn(SessionStatus) -> bool| rows.iter().filter(|row| fits(row.status())).count();
    let waiting = count(|status| status == SessionStatus::WaitingForUserInput);
    let finished = count(|status| status == SessionStatus::Finished);
    let failed = count(|status| status == SessionStatus::Failed);
    let mut parts = vec![format!("{} sessions", rows.len())];
    for (number, word) in [
        (rows.len() - waiting - finished - failed, "at work"),
        (waiting, "waiting"),
        (finished, "finished"),
        (failed, "failed"),
        (hidden, "not shown"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    console::style(parts.join(", ")).dim().to_string()
}
