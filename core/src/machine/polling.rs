//! When to read, and what a read means for the watch.

use std::sync::Arc;
use std::time::Duration;

use crate::failure::{Failure, FailureKind};

use super::Machine;
use super::answering::PendingAnswer;
use super::event::WatchEndReason;
use super::io::{OpId, Output, ReadResult, SessionReading};
use super::look::Lost;
use super::moment::Moment;
use super::reads::Verdict;
use super::schedule::{self, Phase};
use super::settings::{CREATE_LAG, UNREADABLE_LIMIT};

#[derive(Debug)]
pub(super) struct Polling {
    /// When the schedule wants the next read.
    due: Moment,
    /// Before this moment nothing is read, whoever wants it: a failure is being waited out.
    not_before: Option<Moment>,
    in_flight: Option<OpId>,
    /// When the session last differed from before.
    last_change: Moment,
    failures_in_a_row: u32,
    unreadable_in_a_row: u32,
    /// Whether any read ever succeeded.
    has_succeeded: bool,
    /// The next read goes out with fresh credentials, after a 401.
    refresh: bool,
}

impl Polling {
    pub(super) fn new(now: Moment, first_read: Moment) -> Self {
        Self {
            due: first_read,
            not_before: None,
            in_flight: None,
            last_change: now,
            failures_in_a_row: 0,
            unreadable_in_a_row: 0,
            has_succeeded: false,
            refresh: false,
        }
    }

    /// Somebody wants a read now, whatever the schedule and earlier failures say.
    pub(super) fn demand(&mut self, now: Moment) {
        self.due = now;
        self.not_before = None;
    }

    /// The network is another one: what failed before may work now.
    pub(super) fn forget_backoff(&mut self, now: Moment) {
        if self.not_before.take().is_some() {
            self.due = now;
        }
    }

    pub(super) fn changed(&mut self, now: Moment) {
        self.last_change = now;
    }

    /// Forgets the read in flight; its result will not be looked at.
    pub(super) fn withdraw_read(&mut self) -> Option<OpId> {
        self.in_flight.take()
    }

    pub(super) fn not_started(&mut self, op: OpId) {
        if self.in_flight == Some(op) {
            self.in_flight = None;
        }
    }
}

impl Machine {
    /// When the next read is due; none while one is in flight, or a write whose end it would miss.
    pub(super) fn read_due(&self) -> Option<Moment> {
        let blocked = !self.is_active()
            || self.polling.in_flight.is_some()
            || self.answer_op().is_some()
            || self.cancel_op().is_some();
        if blocked {
            return None;
        }
        let wanted = [self.answer_wants_read(), self.cancel_wants_read()];
        let due = wanted.into_iter().flatten().fold(self.polling.due, Moment::min);
        Some(self.polling.not_before.map_or(due, |not_before| due.max(not_before)))
    }

    pub(super) fn settle_read(&mut self, now: Moment) {
        if self.read_due().is_some_and(|due| due <= now) {
            let op = self.new_op();
            self.polling.in_flight = Some(op);
            let urgent = self.answer.as_deref().is_some_and(PendingAnswer::is_awaited)
                || self.cancel.is_some();
            let fresh_credentials = self.polling.refresh;
            self.outputs.push_back(Output::Read { op, urgent, fresh_credentials });
        }
    }

    pub(super) fn read_done(&mut self, now: Moment, op: OpId, begun: Moment, result: ReadResult) {
        if self.polling.in_flight != Some(op) {
            return;
        }
        self.polling.in_flight = None;
        match result {
            Ok(reading) => self.read_succeeded(now, begun, reading),
            Err(failure) => self.read_failed(now, failure),
        }
    }

    fn read_succeeded(&mut self, now: Moment, begun: Moment, reading: SessionReading) {
        self.reached(now);
        let verdict = match reading {
            SessionReading::Session(session) => self.take_in(now, begun, session),
            SessionReading::Unchanged => {
                let verdict = self.reads.unchanged(now, begun);
                if verdict == Verdict::Confirmed {
                    self.draw_conclusions(now);
                }
                verdict
            }
        };
        self.schedule_next_read(now);
        match verdict {
            Verdict::Changed | Verdict::Confirmed => {}
            // It told nothing; the question stands.
            Verdict::Overtaken => self.polling.due = now,
            Verdict::Stale => self.polling.due = now + self.settings.polling.running_min,
        }
    }

    /// The service answered: whatever was wrong with the connection is over.
    pub(super) fn reached(&mut self, _now: Moment) {
        let polling = &mut self.polling;
        polling.failures_in_a_row = 0;
        polling.unreadable_in_a_row = 0;
        polling.not_before = None;
        polling.has_succeeded = true;
        polling.refresh = false;
        if self.connection.take().is_some() {
            self.changed = true;
        }
    }

    fn read_failed(&mut self, now: Moment, failure: Failure) {
        match failure.kind {
            FailureKind::Status(401)
                if self.settings.can_refresh_credentials && !self.polling.refresh =>
            {
                self.polling.refresh = true;
                self.polling.demand(now);
            }
            FailureKind::Status(404) if self.cancel_means_gone() => self.session_is_gone(now),
            FailureKind::Status(404) if self.may_be_replica_lag(now) => {
                self.read_failed_for_now(now, failure);
            }
            FailureKind::Unreadable => {
                self.polling.unreadable_in_a_row += 1;
                if self.polling.unreadable_in_a_row >= UNREADABLE_LIMIT {
                    self.stop(now, WatchEndReason::Error { error: failure.error });
                } else {
                    self.read_failed_for_now(now, failure);
                }
            }
            // A café's login page breaks certificates for an hour: once the right server has been
            // reached, that is an outage. Before, it is a set-up to be mended.
            FailureKind::Untrusted if self.polling.has_succeeded => {
                self.read_failed_for_now(now, failure);
            }
            _ if failure.is_transient_for_reads() => self.read_failed_for_now(now, failure),
            _ => self.stop(now, WatchEndReason::Error { error: failure.error }),
        }
    }

    fn may_be_replica_lag(&self, now: Moment) -> bool {
        self.created_at.is_some_and(|created| now.since(created) <= CREATE_LAG)
    }

    fn read_failed_for_now(&mut self, now: Moment, failure: Failure) {
        self.polling.failures_in_a_row = self.polling.failures_in_a_row.saturating_add(1);
        if failure.kind != FailureKind::Unreadable {
            self.polling.unreadable_in_a_row = 0;
        }
        let failures = self.polling.failures_in_a_row;
        let backoff = schedule::backoff(&self.settings.retry, failures, self.dice.unit());
        let wait = self.hint(&failure).map_or(backoff, |hint| hint.max(backoff));
        self.polling.not_before = Some(now + wait);
        self.polling.due = now + wait;
        self.answer_read_failed(&failure);
        self.cancel_read_failed(&failure);
        if failures >= 2 && self.connection.is_none() {
            self.connection = Some(Arc::new(Lost { error: failure.error, retry_in: wait }));
            self.changed = true;
        }
    }

    /// What the service asked for in this very answer, capped.
    pub(super) fn hint(&mut self, failure: &Failure) -> Option<Duration> {
        let cap = self.settings.max_retry_after;
        failure.retry_after.map(|hint| schedule::hinted(hint, cap, self.dice.unit()))
    }

    /// Sets the next read by the schedule.
    pub(super) fn schedule_next_read(&mut self, now: Moment) {
        let is_waiting = self.answer.is_none() && self.cancel.is_none() && self.look_asks();
        let phase = if is_waiting { Phase::Waiting } else { Phase::Running };
        let since = self.polling.last_change.max(self.answer_since().unwrap_or_default());
        let random = self.dice.unit();
        let polling = &self.settings.polling;
        self.polling.due = now + schedule::interval(polling, phase, now.since(since), random);
    }

    /// Whether the newest snapshot asks something that is not answered.
    fn look_asks(&self) -> bool {
        let Some(session) = self.reads.known() else { return false };
        super::prompts::asking(session).is_some_and(|run| {
            self.prompts
                .entries()
                .iter()
                .rev()
                .find(|entry| entry.run == run.id)
                .is_some_and(|entry| matches!(entry.fate, super::prompts::Fate::Open(_)))
        })
    }
}
