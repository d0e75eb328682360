//! What reads say of an answer: has it arrived, is its prompt still open?

use crate::error::{ErrorContext, LiveFlowError};
use crate::machine::Machine;
use crate::machine::event::PromptCloseReason;
use crate::machine::moment::Moment;
use crate::machine::prompts::{Fingerprint, Standing, asking, same_answer};
use crate::session::{Prompt, Session, SessionStatus};

use super::Stage;
use super::words::{closed_words, no_longer_open, refused};

/// What one snapshot says about a prompt that somebody wants to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Open,
    Gone,
    /// It does not tell.
    Unclear,
}

impl Machine {
    /// Evidence for an attempt of unknown outcome, before the prompts take the snapshot in.
    pub(in crate::machine) fn answer_seen(&mut self, now: Moment, session: &Session) {
        let grace = self.settings.answer_grace;
        let begun = self.reads.confirmed().unwrap_or(now);
        let Some(pending) = &mut self.answer else { return };
        if matches!(pending.stage, Stage::Sending { .. }) {
            return;
        }
        let Some(unknown) = &mut pending.unknown else { return };
        let (run_id, round) = (pending.prompt.run_id.clone(), pending.prompt.round);
        let run = session.run(&run_id);

        if let Some(input) = run.and_then(|run| run.user_input.as_ref()) {
            let result = if same_answer(&pending.answer, input) {
                self.prompts.close(&run_id, round, PromptCloseReason::Answered);
                Ok(())
            } else {
                self.prompts.close(&run_id, round, PromptCloseReason::AnsweredElsewhere);
                Err(no_longer_open(closed_words(PromptCloseReason::AnsweredElsewhere)))
            };
            self.finish_answer(now, result);
            return;
        }
        let another_is_current = session.status != SessionStatus::Unrecognised
            && session.current_step.as_ref().is_some_and(|current| current.id != run_id);
        if session.status.is_end() || another_is_current {
            self.answer_stays_unknown(now);
            return;
        }
        // From here on its own run is current, or nothing tells which one is.
        let asks = session.status == SessionStatus::WaitingForUserInput
            && session.current_step.as_ref().is_some_and(|current| !current.status.is_end());
        let Some(run) = run.filter(|_| asks) else { return };
        let is_unchanged = unknown
            .fingerprint
            .as_ref()
            .is_none_or(|sent_to| *sent_to == Fingerprint::of(session, run));
        if !is_unchanged {
            // It asks again: perhaps because our answer was taken and found wanting.
            self.prompts.close(&run_id, round, PromptCloseReason::Unknown);
            self.answer_stays_unknown(now);
            return;
        }
        unknown.unseen += 1;
        let is_settled = unknown.unseen >= 2 && begun >= unknown.ended + grace;
        if !is_settled || !matches!(pending.stage, Stage::Reconciling) {
            return;
        }
        if pending.may_send_again(self.settings.resend_answers) {
            if self.is_active() {
                self.send_answer(now, self.reads.verified_until());
            }
        } else {
            self.answer_stays_unknown(now);
        }
    }

    /// What a believed snapshot means for an answer that is not (or no longer) on the wire, after
    /// the prompts have taken it in.
    pub(in crate::machine) fn answer_judged(&mut self, now: Moment, session: &Session) {
        let Some(pending) = &self.answer else { return };
        if pending.unknown.is_some() {
            return;
        }
        let shown = self.shown(session, &pending.prompt);
        match (&pending.stage, shown) {
            (Stage::Sending { .. }, _) => {}
            (Stage::Judging { error }, _) if is_misplaced(error) => {
                let error = self.misplaced(error);
                self.finish_answer(now, Err(error));
            }
            (Stage::Judging { error }, Shown::Open) => {
                let error = refused(error);
                self.finish_answer(now, Err(error));
            }
            (_, Shown::Gone) => self.answer_gone(now),
            (_, Shown::Open | Shown::Unclear) => {}
        }
    }

    pub(super) fn shown(&self, session: &Session, prompt: &Prompt) -> Shown {
        if session.status.is_end() {
            return Shown::Gone;
        }
        match (self.prompts.standing(&prompt.run_id, prompt.round), asking(session)) {
            (Standing::Open, Some(run)) if run.id == prompt.run_id => Shown::Open,
            (Standing::Closed(_), _) | (_, Some(_)) => Shown::Gone,
            (_, None) => match session.status {
                SessionStatus::Unrecognised | SessionStatus::WaitingForUserInput => Shown::Unclear,
                _ => Shown::Gone,
            },
        }
    }

    pub(super) fn answer_gone(&mut self, now: Moment) {
        let Some(pending) = &self.answer else { return };
        let reason = match self.prompts.standing(&pending.prompt.run_id, pending.prompt.round) {
            Standing::Closed(reason) => closed_words(reason),
            _ => "the session does not ask it any more",
        };
        self.finish_answer(now, Err(no_longer_open(reason)));
    }

    fn misplaced(&self, error: &LiveFlowError) -> LiveFlowError {
        let path = &self.settings.answer_path;
        let met = match error.context().http_status {
            Some(404 | 405 | 410) => format!("nothing that takes user input at {path:?}"),
            _ => format!("user input at {path:?} was refused: {error}"),
        };
        LiveFlowError::Configuration {
            context: ErrorContext {
                reason: format!(
                    "the service has the session, but {met}; check the method and path of \
                     endpoints.add_user_input"
                ),
                ..error.context().clone()
            },
            setting: Some("endpoints.add_user_input".to_owned()),
        }
    }
}

/// A status that says that there is nothing at that path, or nothing for that method.
fn is_misplaced(error: &LiveFlowError) -> bool {
    !matches!(error.context().http_status, Some(400 | 409 | 422))
}
