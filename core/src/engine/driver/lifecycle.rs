//! Suspend, resume, close: what holds for every session at once.

use crate::engine::clock;
use crate::engine::mailbox::WatchId;
use crate::engine::requests::Request;
use crate::machine::Input;

use super::Driver;

impl Driver {
    pub(super) fn may_send(&self) -> bool {
        !self.is_suspended && !self.is_closing()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing_until.is_some()
    }

    pub(super) fn suspend(&mut self, order: u64) {
        if order < self.lifecycle_order {
            return;
        }
        self.lifecycle_order = order;
        self.is_suspended = true;
        self.stop_all(|| Input::Suspend { order }, Request::is_machines);
    }

    pub(super) fn resume(&mut self, order: u64) {
        if order < self.lifecycle_order {
            return;
        }
        self.lifecycle_order = order;
        self.is_suspended = false;
        self.grant_all_the_time_there_is();
        // What was kept alive before a sleep is dead after it.
        self.service.fresh_connections();
        self.budget.forget_outage();
        self.tell_all(|| Input::Resume { order });
    }

    pub(super) fn close(&mut self) {
        if self.is_closing() {
            return;
        }
        self.mailbox.close();
        // What was said before the close is heard; its requests are kept back by the gate.
        while let Ok(message) = self.mailbox.try_recv() {
            self.take_message(message);
        }
        self.closing_until = Some(clock::now() + self.config.suspend_grace);
        self.stop_all(|| Input::Close, |_| true);
    }

    /// Whether a closed client's task may end. Writes on the wire have their own grace; a store that
    /// has not come back within it is not waited for.
    pub(super) fn has_nothing_left_to_do(&self) -> bool {
        let is_out_of_time = self.closing_until.is_some_and(|until| clock::now() >= until);
        self.in_flight.is_empty() && (is_out_of_time || self.all_stored())
    }

    /// Has every machine stop sending, and takes the requests that `wanted` picks out of the queue.
    /// What machines withdraw is withdrawn all at once, not by looking through the queue once for
    /// each of them.
    fn stop_all(&mut self, input: impl Fn() -> Input, wanted: impl FnMut(&Request) -> bool) {
        self.is_stopping_all = true;
        self.tell_all(input);
        self.is_stopping_all = false;
        for request in self.budget.take_out(wanted) {
            self.not_started(request);
        }
        self.stop_in_flight(|_| true);
    }

    pub(super) fn tell_all(&mut self, input: impl Fn() -> Input) {
        let ids: Vec<WatchId> = self.slots.keys().copied().collect();
        for id in ids {
            self.tell(id, input());
        }
    }
}
