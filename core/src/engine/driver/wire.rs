//! Requests: when they are sent, and what came of them.

use futures_util::future::{AbortHandle, Abortable};

use crate::engine::clock;
use crate::engine::mailbox::WatchId;
use crate::engine::requests::{Done, Job, Request, Signal};
use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};
use crate::machine::{Input, Moment, OpId, hinted};
use crate::service::Left;

use super::{Driver, Event};

pub(super) enum Outcome {
    Done(Box<Done>, Signal),
    /// The gate was shut.
    NotStarted(Box<Request>),
    Aborted,
}

/// One request on the wire.
pub(super) struct InFlight {
    pub(super) owner: Option<(WatchId, OpId)>,
    pub(super) kind: Kind,
    pub(super) left: Left,
    pub(super) abort: AbortHandle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Answer,
    Cancel,
    /// A write outside any watch: its caller waits for it.
    DirectWrite,
}

impl Driver {
    pub(super) fn send_what_may_be_sent(&mut self) {
        if self.is_suspended || self.is_closing {
            return;
        }
        loop {
            let now = clock::now();
            let Some(request) = self.budget.admit(now) else { return };
            if request.is_pointless(now) {
                self.budget.ended(None);
                self.report_not_started(request);
            } else {
                self.send(now, request);
            }
        }
    }

    fn send(&mut self, now: Moment, request: Request) {
        self.requests += 1;
        let number = self.requests;
        let left = Left::default();
        let attempt = request.attempt(now, self.config.timeouts.request, left.clone());
        let (abort, registration) = AbortHandle::new_pair();
        let owner = request.owner;
        self.in_flight.insert(number, InFlight { owner, kind: kind(&request), left, abort });
        let bar = owner.and_then(|(id, _)| self.slots.get(&id)).map(|slot| slot.bar.clone());
        let (gate, service) = (self.gate.clone(), self.service.clone());
        self.work.push(Box::pin(async move {
            let passed = gate.pass(bar, request, |request| request.send(service, attempt));
            let outcome = match Abortable::new(passed, registration).await {
                Ok(Ok((done, signal))) => Outcome::Done(Box::new(done), signal),
                Ok(Err(request)) => Outcome::NotStarted(Box::new(request)),
                Err(_) => Outcome::Aborted,
            };
            Event::Request { number, outcome }
        }));
    }

    pub(super) fn abort(&mut self, number: u64) {
        if let Some(request) = self.in_flight.get(&number) {
            request.abort.abort();
        }
    }

    /// Writes that are still on the wire when their grace is over.
    pub(super) fn give_up_writes(&mut self) {
        for request in self.in_flight.values() {
            request.abort.abort();
        }
    }

    pub(super) fn report_not_started(&mut self, request: Request) {
        let owner = request.owner;
        if let Some(done) = request.not_started() {
            self.report(owner, done);
        }
    }

    fn report(&mut self, owner: Option<(WatchId, OpId)>, done: Done) {
        match (done, owner) {
            (Done::Machine { input, tag }, Some((id, _))) => {
                if let (Some(tag), Some(slot)) = (tag, self.slots.get_mut(&id)) {
                    slot.tag = Some(tag);
                }
                self.tell(id, input);
            }
            (Done::Machine { .. }, None) => {}
            // Whoever asked may have gone away meanwhile.
            (Done::Direct { reply, result }, _) => drop(reply.send(result)),
        }
    }

    pub(super) fn request_over(&mut self, number: u64, outcome: Outcome) {
        let Some(request) = self.in_flight.remove(&number) else { return };
        match outcome {
            Outcome::Done(done, signal) => {
                self.budget.ended(signal.reached);
                if let Some(hold) = signal.hold {
                    let random = self.dice.unit();
                    let hold = hinted(hold, self.config.max_retry_after, random);
                    tracing::info!(target: "liveflow::engine", ?hold, "the service asks to wait");
                    self.budget.hold(clock::now() + hold);
                }
                self.report(request.owner, *done);
                if let Some(failure) = signal.unreached
                    && self.budget.is_out_of_reach()
                {
                    self.fail_waiting(&failure);
                }
            }
            Outcome::NotStarted(request) => {
                self.budget.ended(None);
                self.report_not_started(*request);
            }
            Outcome::Aborted => {
                self.budget.ended(None);
                self.aborted(&request);
            }
        }
    }

    /// The service is out of reach: what waits would only find out the same, one after another.
    fn fail_waiting(&mut self, failure: &Failure) {
        let now = clock::now();
        for request in self.budget.take_out(|_| true) {
            let owner = request.owner;
            if let Some(done) = request.failed(now, failure.clone()) {
                self.report(owner, done);
            }
        }
    }

    fn aborted(&mut self, request: &InFlight) {
        let Some((id, op)) = request.owner else { return };
        let never_left = request.left.withdraw();
        let given_up = || Failure {
            kind: FailureKind::NoStatus,
            error: LiveFlowError::Network {
                context: ErrorContext {
                    retryable: true,
                    ..ErrorContext::new(
                        "the request was given up while the service had not answered yet, because \
                         the client was suspended or closed",
                    )
                },
            },
            retry_after: None,
        };
        let input = match request.kind {
            Kind::Answer if !never_left => Input::AnswerDone { op, result: Err(given_up()) },
            Kind::Cancel if !never_left => Input::CancelDone { op, result: Err(given_up()) },
            _ => Input::NotStarted { op },
        };
        self.tell(id, input);
    }
}

fn kind(request: &Request) -> Kind {
    match request.job {
        _ if request.is_read() => Kind::Read,
        Job::Answer { .. } => Kind::Answer,
        Job::Cancel { .. } => Kind::Cancel,
        Job::Direct { .. } | Job::Read { .. } => Kind::DirectWrite,
    }
}
