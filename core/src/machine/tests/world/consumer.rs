//! One consumer, and what may never happen to it.

use std::collections::{HashMap, HashSet};

use crate::machine::{Cursor, End, Look, SessionEvent};
use crate::session::{Prompt, SessionStatus, StepRun};

use super::tally::Tally;

#[derive(Debug, Default)]
pub(crate) struct Consumer {
    cursor: Cursor,
    status: Option<SessionStatus>,
    runs: HashMap<String, StepRun>,
    open: Vec<Prompt>,
    requested: HashSet<(String, u32)>,
    is_lost: bool,
    repeated: u64,
    ends: u64,
    unresolved: Vec<String>,
    acknowledged: u64,
    /// The look of the newest event, by its number, and the event's place in its order.
    place: (u64, u8),
}

impl Consumer {
    /// Who comes back for more has taken in what it was told.
    pub(crate) fn acknowledgement(&mut self) -> Option<u64> {
        let told = self.cursor.unresolved_told();
        (std::mem::replace(&mut self.acknowledged, told) < told).then_some(told)
    }

    /// Takes the next event, if there is one. `version` rises whenever the look may have changed.
    pub(crate) fn pull(&mut self, look: &Look, version: u64) -> Option<SessionEvent> {
        let event = self.cursor.next(look);
        assert!(!(self.has_ended() && event.is_some()), "after the end: {event:?}");
        assert_eq!(self.cursor.has_ended(), self.has_ended() || ends(event.as_ref()));
        let event = event?;
        self.check_order(&event, version);
        self.check(&event, look);
        Some(event)
    }

    fn check_order(&mut self, event: &SessionEvent, version: u64) {
        let rank = match event {
            SessionEvent::ConnectionLost { .. } | SessionEvent::ConnectionRestored => 0,
            SessionEvent::PromptClosed { .. } => 1,
            SessionEvent::AnswerUnresolved { .. } => 2,
            SessionEvent::StepChanged { .. } => 3,
            SessionEvent::StatusChanged { .. } => 4,
            SessionEvent::PromptRequested { .. } => 5,
            SessionEvent::Finished { .. }
            | SessionEvent::Failed { .. }
            | SessionEvent::WatchEnded { .. } => 6,
        };
        let (of, before) = self.place;
        assert!(of != version || before <= rank, "out of order: {event:?}");
        self.place = (version, rank);
    }

    fn check(&mut self, event: &SessionEvent, look: &Look) {
        match event {
            SessionEvent::StatusChanged { previous, current } => {
                assert_eq!(*previous, self.status);
                assert_ne!(Some(*current), self.status);
                self.status = Some(*current);
            }
            SessionEvent::StepChanged { step } => {
                let before = self.runs.insert(step.id.to_string(), step.clone());
                assert_ne!(before.map(without_times), Some(without_times(step.clone())));
            }
            SessionEvent::PromptRequested { prompt } => {
                self.repeated += u64::from(!self.requested.insert(key(prompt)));
                assert!(look.end.is_none(), "requested after the end: {prompt:?}");
                let session = look.session.as_ref().expect("requested out of nothing");
                assert_eq!(session.status, SessionStatus::WaitingForUserInput);
                let run = session.run(&prompt.run_id).expect("requested for no run");
                assert_eq!(run.user_input, None, "requested although answered");
                self.open.push(prompt.clone());
            }
            SessionEvent::PromptClosed { prompt, .. } => {
                let at = self.open.iter().position(|open| key(open) == key(prompt));
                self.open.remove(at.unwrap_or_else(|| panic!("closed, but not open: {prompt:?}")));
            }
            SessionEvent::AnswerUnresolved { text, .. } => {
                assert!(!self.unresolved.contains(text), "unresolved twice: {text}");
                self.unresolved.push(text.clone());
            }
            SessionEvent::ConnectionLost { .. } => {
                assert!(!std::mem::replace(&mut self.is_lost, true), "lost twice");
            }
            SessionEvent::ConnectionRestored => {
                assert!(std::mem::replace(&mut self.is_lost, false), "restored, but not lost");
            }
            SessionEvent::Finished { session } | SessionEvent::Failed { session, .. } => {
                assert_eq!(look.end, Some(End::Session));
                for run in session.runs() {
                    let told = self.runs.get(run.id.as_str()).cloned().map(without_times);
                    assert_eq!(told, Some(without_times(run.clone())), "a step was missed");
                }
                assert_eq!(self.status, Some(session.status), "the last status was missed");
                self.ended();
            }
            SessionEvent::WatchEnded { .. } => {
                assert!(matches!(look.end, Some(End::Watch(_))));
                self.ended();
            }
        }
    }

    fn ended(&mut self) {
        assert_eq!(self.open, Vec::new(), "prompts were not closed before the end");
        self.ends += 1;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ends > 0
    }

    /// What it was told, in numbers.
    pub(crate) fn tally(&self) -> Tally {
        Tally {
            prompts: self.requested.len() as u64,
            repeated: self.repeated,
            consumers: 1,
            ends: self.ends,
            ..Tally::default()
        }
    }

    /// The newest prompt that it was asked and that is open as far as it knows.
    pub(crate) fn open_prompt(&self) -> Option<&Prompt> {
        self.open.last()
    }
}

fn key(prompt: &Prompt) -> (String, u32) {
    (prompt.run_id.to_string(), prompt.round)
}

fn ends(event: Option<&SessionEvent>) -> bool {
    event.is_some_and(SessionEvent::is_terminal)
}

fn without_times(run: StepRun) -> StepRun {
    StepRun { created_at: None, updated_at: None, ..run }
}
