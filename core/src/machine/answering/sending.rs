//! The attempts of an answer: when each begins, and what came of it.

use std::sync::Arc;

use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};
use crate::machine::io::{OpId, Output, WriteResult};
use crate::machine::moment::Moment;
use crate::machine::{End, Machine, schedule, stop_error};
use crate::session::Session;

use super::evidence::Shown;
use super::words::{CANCELLING, no_longer_open, outcome_unknown};
use super::{Stage, Unknown};

// Time.
impl Machine {
    pub(in crate::machine) fn answer_wake(&self) -> Option<Moment> {
        let pending = self.answer.as_ref()?;
        let deadline = pending.call.map(|_| pending.deadline);
        match pending.stage {
            Stage::Sending { .. } => None,
            Stage::BackingOff { until } if self.is_active() => {
                Some(deadline.map_or(until, |deadline| deadline.min(until)))
            }
            _ => deadline,
        }
    }

    /// When it wants a read, beside the schedule.
    pub(in crate::machine) fn answer_wants_read(&self) -> Option<Moment> {
        let pending = self.answer.as_ref()?;
        // A read that did not tell is followed by others by the schedule.
        let wanted = |at: Moment| (!self.reads.has_looked_since(at)).then_some(at);
        match &pending.stage {
            Stage::Storing { .. } | Stage::Sending { .. } | Stage::BackingOff { .. } => None,
            Stage::Verifying | Stage::Judging { .. } => wanted(pending.stage_since),
            Stage::Reconciling => wanted(pending.stage_since)
                .or_else(|| wanted(pending.unknown.as_ref()?.ended + self.settings.answer_grace)),
        }
    }

    /// Since when its outcome is being waited for: reads are frequent then.
    pub(in crate::machine) fn answer_since(&self) -> Option<Moment> {
        self.answer.as_ref().map(|pending| pending.stage_since)
    }

    pub(in crate::machine) fn answer_op(&self) -> Option<OpId> {
        match self.answer.as_ref()?.stage {
            Stage::Sending { op } => Some(op),
            _ => None,
        }
    }

    pub(in crate::machine) fn settle_answer(&mut self, now: Moment) {
        let Some(pending) = &mut self.answer else { return };
        if pending.call.is_some() && now >= pending.deadline {
            if let Stage::Sending { op } = pending.stage {
                self.outputs.push_back(Output::Withdraw { op });
            } else {
                self.answer_out_of_time(now);
            }
            return;
        }
        if pending.barred && pending.has_never_been_sent() {
            self.finish_answer(now, Err(no_longer_open(CANCELLING)));
            return;
        }
        if self.end.is_some() || self.suspended_at.is_some() {
            return;
        }
        if let Stage::BackingOff { until } = pending.stage
            && now >= until
        {
            pending.look_first(now);
        }
        if pending.stage == Stage::Verifying {
            self.send_if_verified(now);
        }
    }

    fn send_if_verified(&mut self, now: Moment) {
        let Some(pending) = &self.answer else { return };
        let prompt = &pending.prompt;
        // An attempt whose effect may still come can change what is asked at any time.
        let is_settled = self.doubtful_until.is_none();
        // The newest knowledge has to say so itself: a status that nobody knows closes no prompt.
        let is_shown = |known: &Arc<Session>| self.shown(known, prompt) == Shown::Open;
        let known_open = is_settled && self.reads.known().is_some_and(is_shown);
        let must_look = self.settings.verify_before_answer || pending.look_again || !known_open;
        if !must_look {
            self.send_answer(now, None);
            return;
        }
        let Some(session) = self.reads.known().cloned() else { return };
        let is_recent = !pending.look_again
            || self.reads.confirmed().is_some_and(|begun| begun >= pending.stage_since);
        let verified_until = self.reads.verified_until().filter(|until| now <= *until);
        if is_recent && verified_until.is_some() {
            match self.shown(&session, prompt) {
                Shown::Open => self.send_answer(now, verified_until),
                Shown::Gone => self.answer_gone(now),
                Shown::Unclear => {}
            }
        }
    }

    pub(super) fn send_answer(&mut self, now: Moment, not_after: Option<Moment>) {
        let op = self.new_op();
        if let Some(read) = self.polling.withdraw_read() {
            // It could only show the world before this write.
            self.outputs.push_back(Output::Withdraw { op: read });
        }
        let Some(pending) = &mut self.answer else { return };
        pending.enter(now, Stage::Sending { op });
        let (prompt, answer) = (&pending.prompt, &pending.answer);
        self.prompts.remember_sent(&prompt.run_id, prompt.round, Some(answer));
        self.outputs.push_back(Output::SendAnswer {
            op,
            answer: pending.answer.clone(),
            idempotency_key: pending.idempotency_key.clone(),
            not_after,
            deadline: pending.deadline,
            fresh_credentials: pending.refresh,
        });
    }

    fn answer_out_of_time(&mut self, now: Moment) {
        let Some(pending) = &self.answer else { return };
        let error = match (&pending.stage, &pending.unknown, &pending.last_error) {
            (_, Some(_), last) => outcome_unknown(last.as_ref()),
            (Stage::Judging { error }, None, _) => error.clone(),
            (_, None, Some(last)) => last.clone(),
            (_, None, None) => LiveFlowError::RequestTimeout {
                context: ErrorContext {
                    reason: "the deadline passed before the answer could be sent; nothing was sent"
                        .to_owned(),
                    retryable: true,
                    ..ErrorContext::default()
                },
            },
        };
        self.finish_answer(now, Err(error));
    }
}

// What attempts met.
impl Machine {
    pub(in crate::machine) fn answer_done(&mut self, now: Moment, op: OpId, result: WriteResult) {
        if self.answer_op() != Some(op) {
            return;
        }
        self.reads.write_ended(now);
        if let Some(pending) = &mut self.answer {
            pending.refresh = false;
        }
        match result {
            Ok(shown) => self.answer_accepted(now, shown),
            Err(failure) if failure.is_unread_success() => self.answer_accepted(now, None),
            Err(failure) => {
                self.attempt_failed(now, failure);
                self.schedule_next_read(now);
            }
        }
    }

    fn answer_accepted(&mut self, now: Moment, shown: Option<Arc<Session>>) {
        let Some(pending) = &self.answer else { return };
        let (run, round) = (pending.prompt.run_id.clone(), pending.prompt.round);
        self.prompts.accepted(now, &run, round, shown.as_deref());
        self.finish_answer(now, Ok(()));
        self.reached(now);
        self.polling.changed(now);
        match shown {
            Some(session) => {
                self.take_in(now, now, session);
                self.schedule_next_read(now);
            }
            // Read back. Nothing depends on it any more.
            None => self.polling.demand(now),
        }
    }

    fn attempt_failed(&mut self, now: Moment, failure: Failure) {
        let hint = self.hint(&failure);
        let Some(pending) = &mut self.answer else { return };
        pending.last_error = Some(failure.error.clone());
        let is_over = self.end.is_some() || pending.call.is_none();
        let may_resend = !is_over && pending.may_send_again(self.settings.resend_answers);
        if !failure.is_outcome_unknown() && pending.unknown.is_none() {
            self.prompts.remember_sent(&pending.prompt.run_id, pending.prompt.round, None);
        }
        match failure.kind {
            FailureKind::NeverLeft | FailureKind::Status(425 | 429)
                if may_resend || (!is_over && failure.kind == FailureKind::NeverLeft) =>
            {
                pending.failures += 1;
                pending.look_again |= failure.kind != FailureKind::NeverLeft;
                let random = self.dice.unit();
                let backoff = schedule::backoff(&self.settings.retry, pending.failures, random);
                let until = now + hint.map_or(backoff, |hint| hint.max(backoff));
                pending.enter(now, Stage::BackingOff { until });
            }
            FailureKind::Status(401)
                if self.settings.can_refresh_credentials && !pending.refreshed && may_resend =>
            {
                pending.refreshed = true;
                pending.refresh = true;
                pending.look_first(now);
            }
            _ if failure.is_outcome_unknown() => {
                let fingerprint =
                    self.prompts.fingerprint(&pending.prompt.run_id, pending.prompt.round).cloned();
                pending.unknown = Some(Unknown { ended: now, fingerprint, unseen: 0 });
                self.doubtful_until = Some(now + self.settings.answer_grace);
                pending.enter(now, Stage::Reconciling);
                self.judge_by_what_is_known(now);
            }
            // A refusal settles its own attempt only.
            _ if pending.unknown.is_some() => {
                pending.barred = true;
                pending.enter(now, Stage::Reconciling);
                self.judge_by_what_is_known(now);
            }
            kind if needs_judging(kind) && self.end.is_none() => {
                pending.enter(now, Stage::Judging { error: failure.error });
            }
            _ => self.finish_answer(now, Err(failure.error)),
        }
    }

    /// After the end no read will come: what is known must do.
    fn judge_by_what_is_known(&mut self, now: Moment) {
        if self.end.is_none() {
            return;
        }
        if let Some(session) = self.reads.known().cloned() {
            self.answer_seen(now, &session);
        }
        self.answer_stays_unknown(now);
    }

    pub(in crate::machine) fn answer_not_started(&mut self, now: Moment, op: OpId) {
        if self.answer_op() != Some(op) {
            return;
        }
        let Some(pending) = &mut self.answer else { return };
        pending.look_first(now);
        let is_unknown = pending.unknown.is_some();
        let is_awaited = pending.is_awaited();
        if !is_unknown {
            self.prompts.remember_sent(&pending.prompt.run_id, pending.prompt.round, None);
        }
        match &self.end {
            Some(End::Watch(reason)) => {
                let error = stop_error(reason);
                self.answer_stopped(now, &error);
            }
            Some(End::Session) if is_unknown => self.judge_by_what_is_known(now),
            Some(End::Session) => self.answer_gone(now),
            None if !is_awaited && !is_unknown => self.drop_answer(),
            None => {}
        }
    }

    pub(in crate::machine) fn answer_read_failed(&mut self, failure: &Failure) {
        if let Some(pending) = &mut self.answer
            && pending.stage == Stage::Verifying
        {
            pending.last_error = Some(failure.error.clone());
        }
    }
}

fn needs_judging(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Status(401 | 403 | 425 | 429) => false,
        FailureKind::Status(status) => (400..500).contains(&status),
        _ => false,
    }
}
