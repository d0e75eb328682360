//! Requests: when they are sent, and what came of them.

use std::sync::Arc;

use futures_util::future::{AbortHandle, Abortable};

use crate::engine::clock;
use crate::engine::gate::WayOut;
use crate::engine::requests::{Asker, Reply, Request, Signal};
use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};
use crate::machine::{Moment, hinted};
use crate::service::Left;

use super::{Class, Driver, Event};

/// One request on the wire.
pub(super) struct InFlight {
    request: Request,
    begun: Moment,
    left: Left,
    abort: AbortHandle,
    /// For a write that is waited for no longer than this: the client was suspended, or it or the
    /// watch was closed.
    give_up_at: Option<Moment>,
}

// Sending.
impl Driver {
    pub(super) fn send_what_may_be_sent(&mut self) {
        while self.may_send() {
            let now = clock::now();
            let Some(request) = self.budget.admit(now) else { return };
            if request.is_pointless(now) {
                self.budget.unused();
                self.not_started(request);
            } else {
                self.send(now, request);
            }
        }
    }

    fn send(&mut self, now: Moment, request: Request) {
        self.requests += 1;
        let number = self.requests;
        let bar = match request.asker {
            Asker::Machine(id, _) => self.slots.get(&id).map(|slot| slot.bar.clone()),
            Asker::Caller(..) => None,
        };
        let way_out = Arc::new(WayOut::new(self.gate.clone(), bar));
        let left = Left::by(way_out.clone());
        let attempt = request.attempt(now, self.config.timeouts.request, left.clone());
        let (job, service) = (request.job.clone(), self.service.clone());
        let (abort, registration) = AbortHandle::new_pair();
        let in_flight = InFlight { request, begun: now, left, abort, give_up_at: None };
        self.in_flight.insert(number, in_flight);
        self.work.push(Box::pin(async move {
            // Looked at before anything is done, because credentials are asked for first, and that
            // runs the caller's code.
            let reply = if way_out.is_shut() {
                None
            } else {
                Abortable::new(job.carry_out(service, attempt), registration).await.ok()
            };
            Event::Replied { number, reply }
        }));
    }
}

// Stopping.
impl Driver {
    /// These requests are not wanted any more. A write that has left already goes on.
    pub(super) fn forgo(&mut self, wanted: impl Fn(&Request) -> bool) {
        for request in self.budget.take_out(&wanted) {
            self.answer_not_started(request);
        }
        self.stop_in_flight(wanted);
    }

    /// Ends what has not left, and reads in any case. Writes that have left get their grace, if the
    /// client is to be quiet or their watch was closed.
    pub(super) fn stop_in_flight(&mut self, wanted: impl Fn(&Request) -> bool) {
        let is_quiet = !self.may_send();
        let until = clock::now() + self.config.suspend_grace;
        let mut stopped = Vec::new();
        for (number, in_flight) in &mut self.in_flight {
            if !wanted(&in_flight.request) {
                continue;
            }
            if in_flight.request.job.is_read() || in_flight.left.withdraw() {
                stopped.push(*number);
                continue;
            }
            let is_barred = match in_flight.request.asker {
                Asker::Machine(id, _) => self.slots.get(&id).is_some_and(|slot| slot.bar.is_set()),
                Asker::Caller(..) => false,
            };
            if is_quiet || is_barred {
                in_flight.give_up_at.get_or_insert(until);
                self.graces.insert(*number);
            }
        }
        // At once, so that whoever asked is free to ask for something else.
        for number in stopped {
            self.stop(number);
        }
    }

    fn stop(&mut self, number: u64) {
        if let Some(in_flight) = self.in_flight.remove(&number) {
            in_flight.abort.abort();
            self.cut_short(in_flight);
        }
    }

    /// When the first write that was granted a grace is given up.
    pub(super) fn grace_ends(&self) -> Option<Moment> {
        self.graces.iter().filter_map(|number| self.in_flight.get(number)?.give_up_at).min()
    }

    pub(super) fn give_up_writes(&mut self, now: Moment) {
        let mut over = Vec::new();
        self.graces.retain(|number| {
            let until = self.in_flight.get(number).and_then(|in_flight| in_flight.give_up_at);
            let is_over = until.is_some_and(|until| now >= until);
            over.extend(is_over.then_some(*number));
            until.is_some() && !is_over
        });
        for number in over {
            self.stop(number);
        }
    }

    /// After a suspension: writes go on as long as any other.
    pub(super) fn grant_all_the_time_there_is(&mut self) {
        self.graces.clear();
        for in_flight in self.in_flight.values_mut() {
            in_flight.give_up_at = None;
        }
    }
}

// What came of it.
impl Driver {
    pub(super) fn request_over(&mut self, number: u64, reply: Option<Reply>) {
        // It is not there if it was stopped meanwhile.
        let Some(in_flight) = self.in_flight.remove(&number) else { return };
        match reply {
            Some(reply) if !in_flight.left.was_kept_back() => {
                self.replied(in_flight.request, reply);
            }
            _ => self.cut_short(in_flight),
        }
    }

    /// It was kept back or stopped, so there is no reply.
    fn cut_short(&mut self, in_flight: InFlight) {
        let InFlight { request, begun, left, .. } = in_flight;
        if left.withdraw() {
            self.budget.unused();
            self.not_started(request);
            return;
        }
        self.budget.ended(clock::now(), None);
        if request.job.is_read() {
            self.not_started(request);
        } else {
            let given_up = request.job.failed(begun, given_up());
            self.answer(request, given_up);
        }
    }

    fn replied(&mut self, request: Request, reply: Reply) {
        let signal = Signal::of(&reply);
        self.budget.ended(clock::now(), signal.reached);
        if let Some(hold) = signal.hold {
            let hold = hinted(hold, self.config.max_retry_after, self.dice.unit());
            tracing::info!(target: "liveflow::engine", ?hold, "the service asks to wait");
            self.budget.hold(clock::now() + hold);
        }
        self.answer(request, reply);
        if let Some(failure) = signal.unreached
            && self.budget.is_out_of_reach()
        {
            self.fail_waiting(&failure);
        }
    }

    /// The service is out of reach: what waits would only find out the same, one after another.
    fn fail_waiting(&mut self, failure: &Failure) {
        let now = clock::now();
        for request in self.budget.take_out(|_| true) {
            let failed = request.job.failed(now, failure.clone());
            self.answer(request, failed);
        }
    }

    /// Nothing of it was sent, or nothing that matters. A machine looks at its situation again; a
    /// caller who still waits does not care when it is sent.
    pub(super) fn not_started(&mut self, request: Request) {
        let is_awaited = match &request.asker {
            Asker::Machine(..) => false,
            Asker::Caller(..) => !request.is_pointless(clock::now()),
        };
        if is_awaited && !self.is_closing() {
            self.budget.add(Class::Direct, clock::now(), request);
        } else {
            self.answer_not_started(request);
        }
    }

    fn answer_not_started(&mut self, request: Request) {
        self.answer(request, Reply::NotStarted);
    }

    fn answer(&mut self, request: Request, reply: Reply) {
        match request.asker {
            Asker::Machine(id, op) => {
                let (input, tag) = reply.into_input(op, &request.job);
                if let (Some(tag), Some(slot)) = (tag, self.slots.get_mut(&id)) {
                    slot.tag = Some(tag);
                }
                self.tell(id, input);
            }
            // Whoever asked may have gone away meanwhile.
            Asker::Caller(_, caller) => drop(caller.send(reply)),
        }
    }
}

fn given_up() -> Failure {
    Failure {
        kind: FailureKind::NoStatus,
        error: LiveFlowError::Network {
            context: ErrorContext {
                retryable: true,
                ..ErrorContext::new(
                    "the request was given up while the service had not answered yet, because the \
                     client was suspended or closed",
                )
            },
        },
        retry_after: None,
    }
}
