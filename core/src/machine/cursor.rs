//! One consumer's place: what it has been told, and so what comes next.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::session::{Prompt, SessionStatus, StepRun};

use super::event::{PromptCloseReason, SessionEvent, WatchEndReason};
use super::look::{End, Look, PromptState};

/// What one consumer has been told. It starts empty, so that the consumer is first told the present.
///
/// Its memory is bounded by the session's: a few words for each run, and the prompts that are open.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    status: Option<SessionStatus>,
    /// What was told of each run, as hashes of its id and of its content.
    runs: HashMap<u64, u64>,
    /// The snapshot whose runs have all been told.
    told_runs_of: Option<Arc<crate::session::Session>>,
    /// Requested and not closed yet.
    requested: Vec<Prompt>,
    /// The newest round requested of each run.
    rounds: HashMap<u64, u32>,
    /// The number of the newest unresolved answer that was told.
    unresolved_told: u64,
    lost: bool,
    ended: bool,
}

impl Cursor {
    /// Whether the terminal event has been told.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The number of the newest unresolved answer that was told; 0 without one.
    pub(crate) fn unresolved_told(&self) -> u64 {
        self.unresolved_told
    }

    /// The next event, if `look` holds anything that was not told yet. Within one look the order is:
    /// connection, closed prompts, unresolved answers, steps, status, requested prompt, end.
    pub(crate) fn next(&mut self, look: &Look) -> Option<SessionEvent> {
        if self.ended {
            return None;
        }
        self.connection(look)
            .or_else(|| self.closed_prompt(look))
            .or_else(|| self.unresolved_answer(look))
            .or_else(|| self.step(look))
            .or_else(|| self.status(look))
            .or_else(|| self.requested_prompt(look))
            .or_else(|| self.end(look))
    }

    fn connection(&mut self, look: &Look) -> Option<SessionEvent> {
        match (&look.connection, self.lost) {
            (Some(lost), false) => {
                self.lost = true;
                Some(SessionEvent::ConnectionLost {
                    error: lost.error.clone(),
                    retry_in: lost.retry_in,
                })
            }
            // A watch that ended out of reach of the service has restored nothing.
            (None, true) if !matches!(look.end, Some(End::Watch(_))) => {
                self.lost = false;
                Some(SessionEvent::ConnectionRestored)
            }
            _ => None,
        }
    }

    fn closed_prompt(&mut self, look: &Look) -> Option<SessionEvent> {
        let watch_ended = matches!(look.end, Some(End::Watch(_)));
        let (at, reason) = self.requested.iter().enumerate().find_map(|(at, prompt)| {
            let reason = match look.fate(&prompt.run_id, prompt.round) {
                Some(PromptState::Closed(reason)) => *reason,
                None => PromptCloseReason::Unknown,
                Some(_) if watch_ended => PromptCloseReason::WatchEnded,
                Some(_) => return None,
            };
            Some((at, reason))
        })?;
        Some(SessionEvent::PromptClosed { prompt: self.requested.remove(at), reason })
    }

    fn unresolved_answer(&mut self, look: &Look) -> Option<SessionEvent> {
        let next = look.unresolved.iter().find(|each| each.number > self.unresolved_told)?;
        self.unresolved_told = next.number;
        Some(SessionEvent::AnswerUnresolved {
            prompt: next.answer.prompt(),
            text: next.answer.answer.to_text(),
        })
    }

    fn step(&mut self, look: &Look) -> Option<SessionEvent> {
        let session = look.session.as_ref()?;
        if self.told_runs_of.as_ref().is_some_and(|told| Arc::ptr_eq(told, session)) {
            return None;
        }
        for run in session.runs() {
            let (id, content) = (hash(&run.id), content_hash(run));
            if self.runs.insert(id, content) != Some(content) {
                return Some(SessionEvent::StepChanged { step: run.clone() });
            }
        }
        self.told_runs_of = Some(Arc::clone(session));
        None
    }

    fn status(&mut self, look: &Look) -> Option<SessionEvent> {
        let current = look.session.as_ref()?.status;
        if self.status == Some(current) {
            return None;
        }
        let previous = self.status.replace(current);
        Some(SessionEvent::StatusChanged { previous, current })
    }

    fn requested_prompt(&mut self, look: &Look) -> Option<SessionEvent> {
        if look.end.is_some() {
            return None;
        }
        let prompt = look.open_prompt()?;
        let run = hash(&prompt.run_id);
        if self.rounds.get(&run).is_some_and(|round| *round >= prompt.round) {
            return None;
        }
        self.rounds.insert(run, prompt.round);
        self.requested.push((**prompt).clone());
        Some(SessionEvent::PromptRequested { prompt: (**prompt).clone() })
    }

    fn end(&mut self, look: &Look) -> Option<SessionEvent> {
        let event = match look.end.as_ref()? {
            End::Watch(reason) => SessionEvent::WatchEnded { reason: (**reason).clone() },
            End::Session => {
                let session = look.session.as_deref()?.clone();
                match session.failure() {
                    Some(error) => SessionEvent::Failed { session, error },
                    None => SessionEvent::Finished { session },
                }
            }
        };
        self.ended = true;
        // Nothing is compared any more; keep no memory for it.
        *self = Self { ended: true, ..Self::default() };
        Some(event)
    }

    /// The end of this consumer alone, whatever the watch does: its open prompts, then the end.
    pub(crate) fn stop(&mut self) -> Option<SessionEvent> {
        if self.ended {
            return None;
        }
        if let Some(prompt) = self.requested.pop() {
            let reason = PromptCloseReason::WatchEnded;
            return Some(SessionEvent::PromptClosed { prompt, reason });
        }
        *self = Self { ended: true, ..Self::default() };
        Some(SessionEvent::WatchEnded { reason: WatchEndReason::Closed })
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What makes a run another one in a consumer's eyes. Times alone do not.
fn content_hash(run: &StepRun) -> u64 {
    hash(&(
        (run.status, &run.raw_status, &run.name, &run.step_type),
        (&run.prompt, &run.result, &run.user_input, &run.error),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::shown::{run, shown};

    fn content(run: crate::machine::tests::shown::Run) -> u64 {
        content_hash(shown("RUNNING").at(run).session().current_step.as_ref().unwrap())
    }

    #[test]
    fn a_run_is_another_one_in_a_consumers_eyes_by_what_it_shows_and_not_by_its_times() {
        let plain = || run("a", "RUNNING");
        assert_eq!(content(plain()), content(plain().updated(5)));
        for other in [
            run("a", "FINISHED"),
            run("a", "IN_PROGRESS"),
            plain().asks("?"),
            plain().result("1"),
            plain().answered("1"),
        ] {
            assert_ne!(content(plain()), content(other.clone()), "{other:?}");
        }
    }

    #[test]
    fn a_cursor_that_has_ended_keeps_no_memory_and_tells_nothing() {
        let mut cursor = Cursor::default();
        assert!(matches!(cursor.stop(), Some(SessionEvent::WatchEnded { .. })));
        assert!(cursor.has_ended());
        assert_eq!(cursor.stop(), None);
        assert!(cursor.runs.is_empty() && cursor.told_runs_of.is_none());
    }
}
