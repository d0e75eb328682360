//! What the machine wants done, the store that keeps its checkpoints, and what must hold after each
//! input.

use std::time::Duration;

use crate::error::LiveFlowError;
use crate::machine::{CallId, Checkpoint, Input, Output};

use super::network::Request;
use super::{Event, READS_AT_ONCE, World};

/// As the engine's: one errand at a time, the newest wins.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) kept: Option<Checkpoint>,
    pub(super) busy: Option<(Errand, bool)>,
    pub(super) next: Option<Errand>,
}

#[derive(Debug)]
pub(super) enum Errand {
    Save(Box<Checkpoint>),
    Forget,
}

impl World {
    pub(super) fn tell(&mut self, input: Input) {
        let was_ended = self.machine.end.is_some();
        self.trace("->", &input);
        self.machine.handle(self.now, input);
        self.version += 1;
        while let Some(output) = self.machine.poll_output() {
            self.trace("<-", &output);
            self.perform(output, was_ended);
        }
        self.check();
    }

    fn perform(&mut self, output: Output, was_ended: bool) {
        let starts = matches!(
            output,
            Output::Read { .. } | Output::SendAnswer { .. } | Output::SendCancel { .. }
        );
        assert!(!(starts && self.is_suspended), "starts while suspended: {output:?}");
        assert!(!(starts && was_ended), "starts after the end: {output:?}");
        match output {
            Output::Read { op, fresh_credentials, .. } => {
                self.pace.reads += 1;
                self.pace.all_reads += 1;
                assert!(self.pace.reads <= READS_AT_ONCE, "it reads without a pause");
                assert!(
                    self.requests.values().all(Request::is_withdrawn_read),
                    "reads amid others"
                );
                assert!(!fresh_credentials || self.settings.can_refresh_credentials);
                self.ask_to_read(op);
            }
            Output::SendAnswer { op, answer, idempotency_key, not_after, deadline, .. } => {
                self.pace.all_others += 1;
                let text = answer.to_text();
                assert_eq!(idempotency_key, text, "one key for each answer");
                self.calls.may_send(&text);
                if self.settings.stores_answers {
                    let kept = self.store.kept.as_ref().map(Checkpoint::to_text);
                    let is_kept = kept.is_some_and(|kept| kept.contains(&format!("{text:?}")));
                    assert!(is_kept, "sent before it was stored");
                }
                self.ask_to_answer(op, text, not_after, deadline);
            }
            Output::SendCancel { op, deadline, .. } => {
                self.pace.all_others += 1;
                self.ask_to_cancel(op, deadline);
            }
            Output::Withdraw { op } => self.withdraw(op),
            Output::Save { checkpoint } => {
                assert!(self.settings.stores_answers);
                self.errand(Errand::Save(checkpoint));
            }
            Output::Forget => {
                assert!(self.settings.stores_answers);
                self.errand(Errand::Forget);
            }
            Output::Answered { call, result } => self.answered(call, result),
            Output::Cancelled { call, result } => {
                if let Ok(session) = &result {
                    assert!(session.status.is_end(), "cancelled, but not ended");
                }
                self.calls.cancelled(call, result.is_ok());
            }
            Output::Changed => {}
        }
    }

    fn answered(&mut self, call: CallId, result: Result<(), LiveFlowError>) {
        if matches!(result, Err(LiveFlowError::OutcomeUnknown { .. })) {
            self.doubt();
        }
        self.calls.answered(call, result);
    }

    fn errand(&mut self, errand: Errand) {
        if self.store.busy.is_some() {
            self.store.next = Some(errand);
        } else {
            self.start_errand(errand);
        }
    }

    fn start_errand(&mut self, errand: Errand) {
        let fate = self.fates.saves.pop_front().unwrap_or(2);
        self.store.busy = Some((errand, fate.is_multiple_of(2)));
        self.schedule(self.now + Duration::from_millis(u64::from(fate)), Event::Saved);
    }

    pub(super) fn saved(&mut self) {
        let Some((errand, is_ok)) = self.store.busy.take() else { return };
        if let Some(next) = self.store.next.take() {
            self.start_errand(next);
        }
        match errand {
            Errand::Save(checkpoint) => {
                let number = checkpoint.number();
                if is_ok {
                    self.store.kept = Some(*checkpoint);
                }
                let result =
                    if is_ok { Ok(()) } else { Err(LiveFlowError::closed("the disk is full")) };
                self.tell(Input::Saved { number, result });
            }
            Errand::Forget if is_ok => self.store.kept = None,
            Errand::Forget => {}
        }
    }

    /// What holds whenever the machine has been told something.
    fn check(&mut self) {
        let has_ended = self.machine.end.is_some();
        let is_active = !has_ended && !self.is_suspended;
        let in_flight = self.requests.values().any(|request| !request.is_withdrawn_read());
        if is_active && !in_flight {
            let longest = self.settings.max_retry_after.mul_f64(1.2);
            let due = self.machine.read_due().expect("a watch that nothing drives on");
            assert!(due <= self.now + longest, "the next read is too far away");
            assert!(self.machine.wake_at().is_some_and(|at| at <= due), "nobody wakes it");
        }
        if has_ended && self.requests.is_empty() && !self.calls.any_waits() {
            assert_eq!(self.machine.wake_at(), None);
        }
        let elapsed = self.now.since(self.begun).as_secs();
        let deeds = self.throw.deeds.len() as u64;
        let most = 50 + 6 * elapsed + 8 * (u64::from(self.pace.all_others) + deeds);
        assert!(u64::from(self.pace.all_reads) <= most, "it reads too often");
        assert!(
            self.machine.prompts.entries().len() < 300
                && self.machine.unresolved.to_tell().len() <= 64
        );
        assert!(self.machine.outputs.is_empty());
    }

    pub(super) fn check_deadlines(&self) {
        let answer = self.machine.answer_op().is_some();
        let cancel = self.machine.cancel_op().is_some();
        self.calls.assert_in_time(self.now, answer, cancel);
    }
}
