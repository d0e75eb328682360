//! Suspend, resume, close: what holds for every session at once.

use crate::engine::clock;
use crate::engine::mailbox::WatchId;
use crate::machine::Input;

use super::Driver;
use super::wire::Kind;

impl Driver {
    pub(super) fn suspend(&mut self, order: u64) {
        if order < self.lifecycle_order {
            return;
        }
        self.lifecycle_order = order;
        self.is_suspended = true;
        self.stop_all(|| Input::Suspend { order });
        for request in self.budget.take_out(|request| request.owner.is_some()) {
            self.report_not_started(request);
        }
        self.grace_until = Some(clock::now() + self.config.suspend_grace);
    }

    pub(super) fn resume(&mut self, order: u64) {
        if order < self.lifecycle_order {
            return;
        }
        self.lifecycle_order = order;
        self.is_suspended = false;
        self.grace_until = None;
        // What was kept alive before a sleep is dead after it.
        self.service.fresh_connections();
        self.budget.forget_outage();
        self.tell_all(|| Input::Resume { order });
    }

    pub(super) fn close(&mut self) {
        if self.is_closing {
            return;
        }
        self.is_closing = true;
        self.mailbox.close();
        // What was said before the close is heard; its requests are kept back by the gate.
        while let Ok(message) = self.mailbox.try_recv() {
            self.take_message(message);
        }
        self.stop_all(|| Input::Close);
        for request in self.budget.take_out(|_| true) {
            self.report_not_started(request);
        }
        self.grace_until = Some(clock::now() + self.config.suspend_grace);
    }

    /// Has every machine stop sending. What they withdraw is withdrawn all at once, not by looking
    /// through the queue once for each of them.
    pub(super) fn stop_all(&mut self, input: impl Fn() -> Input) {
        self.is_stopping_all = true;
        self.tell_all(input);
        self.is_stopping_all = false;
        for request in self.in_flight.values().filter(|request| request.kind == Kind::Read) {
            request.abort.abort();
        }
    }

    pub(super) fn tell_all(&mut self, input: impl Fn() -> Input) {
        let ids: Vec<WatchId> = self.slots.keys().copied().collect();
        for id in ids {
            self.tell(id, input());
        }
    }
}
