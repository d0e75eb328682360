//! The one task of a client: wakes machines, performs what they ask for, and reports back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::config::ClientConfig;
use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};
use crate::json::Json;
use crate::machine::{CallId, Dice, Input, Machine, Moment, OpId, Output, hinted};
use crate::service::{Known, Left, Service};

use super::budget::{Budget, Class};
use super::clock;
use super::gate::{Bar, Gate};
use super::mailbox::{Message, Waiter, WatchId};
use super::random;
use super::requests::{Done, Job, Request, Signal};
use super::saves::{Errand, Saves};
use super::watched::Published;

/// The clock that counts sleep and tokio's timer, which may not, are compared at least this often.
const LONGEST_NAP: Duration = Duration::from_secs(30);

type Work = Pin<Box<dyn Future<Output = Event> + Send>>;

/// Something that a future of the engine's brought.
enum Event {
    Request { number: u64, outcome: Outcome },
    Saved { id: WatchId, number: Option<u64>, result: Result<(), LiveFlowError> },
}

enum Outcome {
    Done(Box<Done>, Signal),
    /// The gate was shut.
    NotStarted(Box<Request>),
    Aborted,
}

/// One watched session.
struct Slot {
    machine: Box<Machine>,
    published: Published,
    bar: Bar,
    /// A body and its `ETag`, to ask whether it is still the same.
    tag: Option<(Json, String)>,
    saves: Saves,
    wake: Option<Moment>,
}

/// One request on the wire.
struct InFlight {
    owner: Option<(WatchId, OpId)>,
    kind: Kind,
    left: Left,
    abort: AbortHandle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Answer,
    Cancel,
    /// A write outside any watch: its caller waits for it.
    DirectWrite,
}

pub(super) struct Driver {
    config: Arc<ClientConfig>,
    service: Service,
    gate: Gate,
    mailbox: UnboundedReceiver<Message>,
    slots: HashMap<WatchId, Slot>,
    waiters: HashMap<CallId, Waiter>,
    /// One entry for each slot that has a `wake`.
    timers: BTreeSet<(Moment, WatchId)>,
    budget: Budget<Request>,
    dice: Dice,
    work: FuturesUnordered<Work>,
    in_flight: BTreeMap<u64, InFlight>,
    requests: u64,
    /// When writes that were on the wire at suspend or close are given up.
    grace_until: Option<Moment>,
    is_suspended: bool,
    lifecycle_order: u64,
    is_closing: bool,
    is_stopping_all: bool,
}

impl Driver {
    pub(super) fn new(
        config: Arc<ClientConfig>,
        service: Service,
        gate: Gate,
        mailbox: UnboundedReceiver<Message>,
    ) -> Self {
        let budget =
            Budget::new(config.requests_per_second, config.max_concurrent_requests, clock::now());
        Self {
            config,
            service,
            gate,
            mailbox,
            slots: HashMap::new(),
            waiters: HashMap::new(),
            timers: BTreeSet::new(),
            budget,
            dice: Dice::new(random::seed()),
            work: FuturesUnordered::new(),
            in_flight: BTreeMap::new(),
            requests: 0,
            grace_until: None,
            is_suspended: false,
            lifecycle_order: 0,
            is_closing: false,
            is_stopping_all: false,
        }
    }

    /// Runs until the client is closed, or every handle is gone, and writes on the wire are over.
    pub(super) async fn run(mut self) {
        loop {
            self.fire_timers();
            self.send_what_may_be_sent();
            if self.is_closing && self.in_flight.is_empty() && self.all_stored() {
                return;
            }
            let nap = self.next_wake().map_or(LONGEST_NAP, |at| at.since(clock::now()));
            tokio::select! {
                biased;
                // Messages first: until a suspend is heard, the gate keeps handing requests back.
                message = self.mailbox.recv(), if !self.is_closing => match message {
                    Some(message) => self.take_message(message),
                    None => self.close(),
                },
                Some(event) = self.work.next(), if !self.work.is_empty() => self.take_event(event),
                () = tokio::time::sleep(nap.min(LONGEST_NAP)) => {}
            }
        }
    }

    fn all_stored(&self) -> bool {
        self.slots.values().all(|slot| slot.saves.is_idle())
    }
}

// Time.
impl Driver {
    fn next_wake(&self) -> Option<Moment> {
        let now = clock::now();
        let timer = self.timers.first().map(|(at, _)| *at);
        let budget =
            if self.is_suspended || self.is_closing { None } else { self.budget.wake_at(now) };
        [timer, budget, self.grace_until].into_iter().flatten().min()
    }

    fn fire_timers(&mut self) {
        let now = clock::now();
        while let Some((at, id)) = self.timers.first().copied() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            if let Some(slot) = self.slots.get_mut(&id) {
                slot.wake = None;
            }
            self.tell(id, Input::Wake);
        }
        if self.grace_until.is_some_and(|until| now >= until) {
            self.grace_until = None;
            self.give_up_writes();
        }
    }

    fn set_timer(&mut self, id: WatchId) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let wake = slot.machine.wake_at();
        if wake != slot.wake {
            if let Some(at) = std::mem::replace(&mut slot.wake, wake) {
                self.timers.remove(&(at, id));
            }
            self.timers.extend(wake.map(|at| (at, id)));
        }
    }
}

// What handles say.
impl Driver {
    fn take_message(&mut self, message: Message) {
        match message {
            Message::Watch { id, machine, published, bar } => {
                let slot = Slot {
                    machine,
                    published,
                    bar,
                    tag: None,
                    saves: Saves::default(),
                    wake: None,
                };
                self.slots.insert(id, slot);
                if self.is_suspended {
                    self.tell(id, Input::Suspend { order: self.lifecycle_order });
                } else {
                    self.tell(id, Input::Wake);
                }
            }
            Message::Tell { id, input } => self.tell(id, input),
            Message::Call { id, call, waiter, input } => {
                if self.slots.contains_key(&id) {
                    self.waiters.insert(call, waiter);
                    self.tell(id, input);
                }
            }
            Message::Direct { call, deadline, fresh_credentials, reply } => {
                let request = Request {
                    owner: None,
                    job: Job::Direct { call, reply },
                    not_after: None,
                    deadline: Some(deadline),
                    fresh_credentials,
                };
                self.budget.add(Class::Direct, clock::now(), request);
            }
            Message::Suspend { order } => self.suspend(order),
            Message::Resume { order } => self.resume(order),
            Message::NetworkChanged => {
                self.service.fresh_connections();
                self.budget.forget_outage();
                self.tell_all(|| Input::NetworkChanged);
            }
            Message::Close => self.close(),
        }
    }

    fn suspend(&mut self, order: u64) {
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

    fn resume(&mut self, order: u64) {
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

    fn close(&mut self) {
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
    fn stop_all(&mut self, input: impl Fn() -> Input) {
        self.is_stopping_all = true;
        self.tell_all(input);
        self.is_stopping_all = false;
        for request in self.in_flight.values().filter(|request| request.kind == Kind::Read) {
            request.abort.abort();
        }
    }

    fn tell_all(&mut self, input: impl Fn() -> Input) {
        let ids: Vec<WatchId> = self.slots.keys().copied().collect();
        for id in ids {
            self.tell(id, input());
        }
    }
}

// What machines want.
impl Driver {
    fn tell(&mut self, id: WatchId, input: Input) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        slot.machine.handle(clock::now(), input);
        while let Some(output) = self.slots.get_mut(&id).and_then(|slot| slot.machine.poll_output())
        {
            self.perform(id, output);
        }
        self.set_timer(id);
        if self.slots.get(&id).is_some_and(|s| s.machine.is_done() && s.saves.is_idle())
            && let Some(slot) = self.slots.remove(&id)
            && let Some(at) = slot.wake
        {
            self.timers.remove(&(at, id));
        }
    }

    fn perform(&mut self, id: WatchId, output: Output) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let ids = |slot: &Slot| (slot.machine.flow().clone(), slot.machine.session_id().clone());
        let now = clock::now();
        match output {
            Output::Read { op, urgent, fresh_credentials } => {
                let (flow, session) = ids(slot);
                let known = slot.machine.known().map(|known| Known {
                    raw: known.raw_json.clone(),
                    // A tag of another body would call that one unchanged.
                    etag: slot
                        .tag
                        .as_ref()
                        .filter(|(body, _)| *body == known.raw_json)
                        .map(|(_, etag)| etag.clone()),
                });
                let request = Request {
                    owner: Some((id, op)),
                    job: Job::Read { flow, session, known },
                    not_after: None,
                    deadline: None,
                    fresh_credentials,
                };
                let class = if urgent { Class::Urgent } else { Class::Poll };
                self.budget.add(class, now, request);
            }
            Output::SendAnswer {
                op,
                answer,
                idempotency_key,
                not_after,
                deadline,
                fresh_credentials,
            } => {
                let (flow, session) = ids(slot);
                let request = Request {
                    owner: Some((id, op)),
                    job: Job::Answer { flow, session, answer, idempotency_key },
                    not_after,
                    deadline: Some(deadline),
                    fresh_credentials,
                };
                self.budget.add(Class::Urgent, now, request);
            }
            Output::SendCancel { op, deadline, fresh_credentials } => {
                let (flow, session) = ids(slot);
                let request = Request {
                    owner: Some((id, op)),
                    job: Job::Cancel { flow, session },
                    not_after: None,
                    deadline: Some(deadline),
                    fresh_credentials,
                };
                self.budget.add(Class::Urgent, now, request);
            }
            Output::Withdraw { op } => self.withdraw(id, op),
            Output::Save { checkpoint } => self.errand(id, Errand::save(&checkpoint)),
            Output::Forget => {
                let session = slot.machine.session_id().to_string();
                self.errand(id, Errand::Forget(session));
            }
            Output::Answered { call, result } => {
                if let Some(Waiter::Answer(waiter)) = self.waiters.remove(&call) {
                    // Whoever gave up in this very moment is told by the prompt's events.
                    let _ = waiter.send(result);
                }
            }
            Output::Cancelled { call, result } => {
                if let Some(Waiter::Cancel(waiter)) = self.waiters.remove(&call) {
                    let _ = waiter.send(result);
                }
            }
            Output::Changed => slot.published.replace(slot.machine.look()),
        }
    }

    fn withdraw(&mut self, id: WatchId, op: OpId) {
        if self.is_stopping_all {
            return;
        }
        let owner = Some((id, op));
        for request in self.budget.take_out(|request| request.owner == owner) {
            self.report_not_started(request);
        }
        let number = self
            .in_flight
            .iter()
            .find(|(_, request)| request.owner == owner && request.kind == Kind::Read)
            .map(|(number, _)| *number);
        if let Some(number) = number {
            self.abort(number);
        }
    }

    fn errand(&mut self, id: WatchId, errand: Errand) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if let Some(errand) = slot.saves.add(errand) {
            self.start_errand(id, errand);
        }
    }

    fn start_errand(&mut self, id: WatchId, errand: Errand) {
        let Some(store) = self.config.checkpoint_store.clone() else { return };
        let (number, done) = match errand {
            Errand::Save(checkpoint) => (Some(checkpoint.number), store.save(checkpoint)),
            Errand::Forget(session) => (None, store.delete(session)),
        };
        self.work.push(Box::pin(async move {
            let result = done.await.map_err(|error| LiveFlowError::HandlerFailed {
                context: ErrorContext::new(format!("the checkpoint store failed: {error}")),
            });
            Event::Saved { id, number, result }
        }));
    }
}

// Requests.
impl Driver {
    fn send_what_may_be_sent(&mut self) {
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

    fn abort(&mut self, number: u64) {
        if let Some(request) = self.in_flight.get(&number) {
            request.abort.abort();
        }
    }

    /// Writes that are still on the wire when their grace is over.
    fn give_up_writes(&mut self) {
        for request in self.in_flight.values() {
            request.abort.abort();
        }
    }

    fn report_not_started(&mut self, request: Request) {
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
}

// What came of it all.
impl Driver {
    fn take_event(&mut self, event: Event) {
        match event {
            Event::Request { number, outcome } => self.request_over(number, outcome),
            Event::Saved { id, number, result } => self.saved(id, number, result),
        }
    }

    fn request_over(&mut self, number: u64, outcome: Outcome) {
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

    fn saved(&mut self, id: WatchId, number: Option<u64>, result: Result<(), LiveFlowError>) {
        if let Err(error) = &result {
            tracing::error!(target: "liveflow::engine", %error, "a checkpoint was not stored");
        }
        let next = self.slots.get_mut(&id).and_then(|slot| slot.saves.done());
        if let Some(errand) = next {
            self.start_errand(id, errand);
        }
        match number {
            Some(number) => self.tell(id, Input::Saved { number, result }),
            None => self.tell(id, Input::Wake),
        }
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
