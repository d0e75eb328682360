//! One cancel on its way. It is idempotent in effect, so what is not known is simply looked at, and
//! sent again while the session still runs.
//!
//! Stages: `Ready` → `Sending` → over; or `Checking` (nobody knows, or it never left: look, then send
//! again), `Judging` (it was refused: has the session ended by itself?), `AwaitingEnd` (accepted).

use std::sync::Arc;

use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};
use crate::session::{Session, SessionStatus};

use super::io::{CallId, OpId, Output, WriteResult};
use super::moment::Moment;
use super::schedule;
use super::{End, Machine, stages};

#[derive(Debug)]
pub(super) struct PendingCancel {
    waiters: Vec<Waiter>,
    stage: Stage,
    failures: u32,
    refreshed: bool,
    refresh: bool,
    last_error: Option<LiveFlowError>,
    /// An attempt may have taken effect.
    may_be_done: bool,
}

/// One call that waits for the cancel. Several may: they share what is sent, not their deadlines.
#[derive(Debug, Clone, Copy)]
struct Waiter {
    call: CallId,
    deadline: Moment,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Ready,
    Sending { op: OpId },
    Checking { from: Moment },
    Judging { error: LiveFlowError, since: Moment },
    AwaitingEnd,
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Sending { .. } => "Sending",
            Self::Checking { .. } => "Checking",
            Self::Judging { .. } => "Judging",
            Self::AwaitingEnd => "AwaitingEnd",
        }
    }
}

impl PendingCancel {
    fn enter(&mut self, stage: Stage) {
        stages::check(stages::CANCEL, self.stage.name(), stage.name());
        self.stage = stage;
    }

    fn first_deadline(&self) -> Option<Moment> {
        self.waiters.iter().map(|waiter| waiter.deadline).min()
    }

    fn last_deadline(&self) -> Option<Moment> {
        self.waiters.iter().map(|waiter| waiter.deadline).max()
    }
}

impl Machine {
    pub(super) fn cancel_begin(&mut self, call: CallId, deadline: Moment) {
        match (&self.end, &mut self.cancel) {
            (Some(End::Session), _) => {
                if let Some(session) = self.reads.known().cloned() {
                    self.outputs.push_back(Output::Cancelled { call, result: Ok(session) });
                }
            }
            (Some(End::Watch(reason)), _) => {
                let result = Err(super::stop_error(reason));
                self.outputs.push_back(Output::Cancelled { call, result });
            }
            (None, Some(pending)) => {
                pending.waiters.push(Waiter { call, deadline });
            }
            (None, None) => {
                self.answer_barred();
                self.cancel = Some(Box::new(PendingCancel {
                    waiters: vec![Waiter { call, deadline }],
                    stage: Stage::Ready,
                    failures: 0,
                    refreshed: false,
                    refresh: false,
                    last_error: None,
                    may_be_done: false,
                }));
            }
        }
    }

    /// Once nobody waits for it any more nothing is sent again; polls see what came of it.
    pub(super) fn cancel_given_up(&mut self, call: CallId) {
        let Some(pending) = &mut self.cancel else { return };
        let before = pending.waiters.len();
        pending.waiters.retain(|waiter| waiter.call != call);
        if pending.waiters.is_empty() && before > 0 {
            if let Stage::Sending { op } = pending.stage {
                self.outputs.push_back(Output::Withdraw { op });
            } else {
                self.cancel = None;
            }
        }
    }

    pub(super) fn cancel_wake(&self) -> Option<Moment> {
        let pending = self.cancel.as_ref()?;
        match pending.stage {
            Stage::Sending { .. } => None,
            _ => pending.first_deadline(),
        }
    }

    pub(super) fn cancel_op(&self) -> Option<OpId> {
        match self.cancel.as_ref()?.stage {
            Stage::Sending { op } => Some(op),
            _ => None,
        }
    }

    /// When it wants a read, beside the schedule.
    pub(super) fn cancel_wants_read(&self) -> Option<Moment> {
        match self.cancel.as_ref()?.stage {
            // A read that did not tell is followed by others by the schedule.
            Stage::Checking { from: at } | Stage::Judging { since: at, .. } => {
                (!self.reads.has_looked_since(at)).then_some(at)
            }
            Stage::Ready | Stage::Sending { .. } | Stage::AwaitingEnd => None,
        }
    }

    pub(super) fn settle_cancel(&mut self, now: Moment) {
        let Some(pending) = &mut self.cancel else { return };
        if let Stage::Sending { op } = pending.stage {
            if pending.last_deadline().is_some_and(|last| now >= last) {
                self.outputs.push_back(Output::Withdraw { op });
            }
            return;
        }
        self.cancel_out_of_time(now);
        let Some(pending) = &self.cancel else { return };
        if pending.stage == Stage::Ready && self.is_active() {
            let op = self.new_op();
            if let Some(read) = self.polling.withdraw_read() {
                self.outputs.push_back(Output::Withdraw { op: read });
            }
            let Some(pending) = &mut self.cancel else { return };
            pending.enter(Stage::Sending { op });
            self.outputs.push_back(Output::SendCancel {
                op,
                deadline: pending.last_deadline().unwrap_or(now),
                fresh_credentials: pending.refresh,
            });
        }
    }

    pub(super) fn cancel_done(&mut self, now: Moment, op: OpId, result: WriteResult) {
        if self.cancel_op() != Some(op) {
            return;
        }
        self.reads.write_ended(now);
        if let Some(pending) = &mut self.cancel {
            pending.refresh = false;
        }
        match result {
            Ok(shown) => self.cancel_accepted(now, shown),
            Err(failure) if failure.is_unread_success() => self.cancel_accepted(now, None),
            Err(failure) => {
                self.cancel_attempt_failed(now, failure);
                self.schedule_next_read(now);
            }
        }
        if self.cancel.as_ref().is_some_and(|pending| pending.waiters.is_empty()) {
            self.cancel = None;
        }
        self.cancel_after_end();
    }

    fn cancel_accepted(&mut self, now: Moment, shown: Option<Arc<Session>>) {
        self.reached(now);
        self.polling.changed(now);
        if let Some(pending) = &mut self.cancel {
            pending.may_be_done = true;
            pending.enter(Stage::AwaitingEnd);
        }
        match shown {
            Some(session) => {
                self.take_in(now, now, session);
                self.schedule_next_read(now);
            }
            None => self.polling.demand(now),
        }
    }

    fn cancel_attempt_failed(&mut self, now: Moment, failure: Failure) {
        let hint = self.hint(&failure);
        let Some(pending) = &mut self.cancel else { return };
        pending.last_error = Some(failure.error.clone());
        let unknown = failure.is_outcome_unknown();
        pending.may_be_done |= unknown;
        let comes_to_nothing =
            matches!(failure.kind, FailureKind::NeverLeft | FailureKind::Status(425 | 429));
        match failure.kind {
            _ if unknown || comes_to_nothing => {
                pending.failures += 1;
                let random = self.dice.unit();
                let backoff = schedule::backoff(&self.settings.retry, pending.failures, random);
                let from = now + hint.map_or(backoff, |hint| hint.max(backoff));
                pending.enter(Stage::Checking { from });
            }
            FailureKind::Status(401)
                if self.settings.can_refresh_credentials && !pending.refreshed =>
            {
                pending.refreshed = true;
                pending.refresh = true;
                pending.enter(Stage::Ready);
            }
            FailureKind::Status(status)
                if (400..500).contains(&status) && !matches!(status, 401 | 403) =>
            {
                pending.enter(Stage::Judging { error: failure.error, since: now });
            }
            _ => self.finish_cancel(&Err(failure.error)),
        }
    }

    pub(super) fn cancel_not_started(&mut self, op: OpId) {
        if self.cancel_op() != Some(op) {
            return;
        }
        if let Some(pending) = &mut self.cancel {
            pending.enter(Stage::Ready);
            if pending.waiters.is_empty() {
                self.cancel = None;
            }
        }
        self.cancel_after_end();
    }

    pub(super) fn cancel_read_failed(&mut self, failure: &Failure) {
        if let Some(pending) = &mut self.cancel {
            pending.last_error.get_or_insert_with(|| failure.error.clone());
        }
    }

    /// What a believed snapshot means for the pending cancel.
    pub(super) fn cancel_seen(&mut self, now: Moment, session: &Arc<Session>) {
        let Some(pending) = &mut self.cancel else { return };
        if session.status.is_end() {
            if !matches!(pending.stage, Stage::Sending { .. }) {
                self.finish_cancel(&Ok(Arc::clone(session)));
            }
            return;
        }
        match pending.stage.clone() {
            Stage::Checking { from } if now >= from => pending.enter(Stage::Ready),
            Stage::Judging { error, .. } => {
                let error = self.misplaced_cancel(error);
                self.finish_cancel(&Err(error));
            }
            _ => {}
        }
    }

    /// A 404 that names the wrong path, now that the session itself has been read.
    fn misplaced_cancel(&self, error: LiveFlowError) -> LiveFlowError {
        if !matches!(error.context().http_status, Some(404 | 405)) {
            return error;
        }
        LiveFlowError::Configuration {
            context: ErrorContext {
                reason: format!(
                    "the service has the session, but nothing that cancels it at {:?}: check the \
                     method and path of endpoints.cancel_session",
                    self.settings.cancel_path
                ),
                ..error.context().clone()
            },
            setting: Some("endpoints.cancel_session".to_owned()),
        }
    }

    /// Whether a 404 of a read says that our DELETE took effect.
    pub(super) fn cancel_means_gone(&self) -> bool {
        self.settings.cancel_deletes
            && self.cancel.as_ref().is_some_and(|pending| {
                match pending.stage {
                    // What never left has deleted nothing.
                    Stage::Checking { .. } => pending.may_be_done,
                    Stage::Judging { .. } | Stage::AwaitingEnd => true,
                    Stage::Ready | Stage::Sending { .. } => false,
                }
            })
    }

    /// The session was deleted: the last that was known of it, marked as failed (documented: a
    /// cancelled session's status is FAILED).
    pub(super) fn session_is_gone(&mut self, now: Moment) {
        let last_known = self.reads.known().map(|known| (**known).clone());
        let gone = Session {
            status: SessionStatus::Failed,
            raw_status: "CANCELLED".to_owned(),
            current_step: None,
            ..last_known.unwrap_or_else(|| Session::unseen(&self.flow, &self.session_id))
        };
        self.take_in(now, now, Arc::new(gone));
    }

    /// The watch has ended before the session did.
    pub(super) fn cancel_stopped(&mut self, error: &LiveFlowError) {
        match self.cancel.as_ref().map(|pending| &pending.stage) {
            Some(Stage::Sending { op }) => self.outputs.push_back(Output::Withdraw { op: *op }),
            Some(_) => self.finish_cancel(&Err(error.clone())),
            None => {}
        }
    }

    /// After the end nothing is sent and no read comes: what is known must do.
    fn cancel_after_end(&mut self) {
        match (&self.end, self.reads.known().cloned()) {
            (Some(End::Session), Some(session)) => self.finish_cancel(&Ok(session)),
            (Some(End::Watch(reason)), _) => {
                let error = super::stop_error(reason);
                self.finish_cancel(&Err(error));
            }
            _ => {}
        }
    }

    /// Tells those whose deadline has come. For the last of them the cancel is over.
    fn cancel_out_of_time(&mut self, now: Moment) {
        let Some(pending) = &mut self.cancel else { return };
        let is_late = |waiter: &Waiter| now >= waiter.deadline;
        if !pending.waiters.iter().any(is_late) {
            return;
        }
        let error = pending.out_of_time();
        if pending.waiters.iter().all(is_late) {
            self.finish_cancel(&Err(error));
            return;
        }
        for late in pending.waiters.extract_if(.., |waiter| is_late(waiter)) {
            let result = Err(error.clone());
            self.outputs.push_back(Output::Cancelled { call: late.call, result });
        }
    }

    fn finish_cancel(&mut self, result: &Result<Arc<Session>, LiveFlowError>) {
        let Some(pending) = self.cancel.take() else { return };
        stages::check(stages::CANCEL, pending.stage.name(), "End");
        for Waiter { call, .. } in pending.waiters {
            self.outputs.push_back(Output::Cancelled { call, result: result.clone() });
        }
    }
}

impl PendingCancel {
    /// What a call is told whose deadline comes now.
    fn out_of_time(&self) -> LiveFlowError {
        let context = ErrorContext {
            retryable: true,
            ..self.last_error.as_ref().map(|error| error.context().clone()).unwrap_or_default()
        };
        let reason = |text: &str| ErrorContext { reason: text.to_owned(), ..context.clone() };
        match (&self.stage, &self.last_error, self.may_be_done) {
            (Stage::Judging { error, .. }, ..) => error.clone(),
            (Stage::AwaitingEnd, ..) => LiveFlowError::RequestTimeout {
                context: reason(
                    "the service accepted the cancel, but the session has not ended within the \
                     deadline",
                ),
            },
            (_, _, true) => LiveFlowError::OutcomeUnknown {
                context: reason(
                    "the cancel was sent, and nothing shows whether it took effect within the \
                     deadline; cancelling again is safe",
                ),
                candidates: Vec::new(),
            },
            (_, Some(last), false) => last.clone(),
            (_, None, false) => LiveFlowError::RequestTimeout {
                context: reason("the deadline passed before the cancel could be sent"),
            },
        }
    }
}
