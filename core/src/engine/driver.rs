//! The one task of a client: wakes machines, performs what they ask for, and reports back.

mod lifecycle;
mod machines;
mod stored;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::config::ClientConfig;
use crate::error::LiveFlowError;
use crate::machine::{CallId, Dice, Input, Machine, Moment};
use crate::service::Service;

use super::budget::{Budget, Class};
use super::by_id::ById;
use super::clock;
use super::gate::{Bar, Gate};
use super::mailbox::{Message, Waiter, WatchId};
use super::random;
use super::requests::{Asker, Reply, Request, Tag};
use super::saves::Saves;
use super::watched::Published;

use wire::InFlight;

/// The clock that counts sleep and tokio's timer, which may not, are compared at least this often.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// How many messages are taken before work that is done is looked at again.
const MESSAGES_AT_ONCE: usize = 256;

/// How much work that is done is looked at before what it makes possible is sent.
const EVENTS_AT_ONCE: usize = 16;

type Work = Pin<Box<dyn Future<Output = Event> + Send>>;

/// Something that a future of the engine's brought.
enum Event {
    /// A request is over; without a reply it was kept back or stopped.
    Replied {
        number: u64,
        reply: Option<Reply>,
    },
    Saved {
        id: WatchId,
        number: Option<u64>,
        result: Result<(), LiveFlowError>,
    },
}

/// One watched session.
struct Slot {
    machine: Box<Machine>,
    published: Published,
    bar: Bar,
    /// To ask whether a body is still the same.
    tag: Option<Tag>,
    saves: Saves,
    wake: Option<Moment>,
}

pub(super) struct Driver {
    config: Arc<ClientConfig>,
    service: Service,
    gate: Gate,
    mailbox: UnboundedReceiver<Message>,
    slots: ById<WatchId, Slot>,
    waiters: ById<CallId, Waiter>,
    /// One entry for each slot that has a `wake`.
    timers: BTreeSet<(Moment, WatchId)>,
    budget: Budget<Request>,
    dice: Dice,
    work: FuturesUnordered<Work>,
    in_flight: BTreeMap<u64, InFlight>,
    /// Which of them are waited for no longer than a grace; some may be over by now.
    graces: BTreeSet<u64>,
    requests: u64,
    is_suspended: bool,
    lifecycle_order: u64,
    /// Set by a close: when what is still under way is given up.
    closing_until: Option<Moment>,
    is_stopping_all: bool,
}

impl Driver {
    pub(super) fn new(
        config: Arc<ClientConfig>,
        service: Service,
        gate: Gate,
        mailbox: UnboundedReceiver<Message>,
    ) -> Self {
        let budget = Budget::new(
            config.requests_per_second,
            config.max_concurrent_requests,
            config.retry.max_backoff,
            clock::now(),
        );
        Self {
            config,
            service,
            gate,
            mailbox,
            slots: ById::default(),
            waiters: ById::default(),
            timers: BTreeSet::new(),
            budget,
            dice: Dice::new(random::seed()),
            work: FuturesUnordered::new(),
            in_flight: BTreeMap::new(),
            graces: BTreeSet::new(),
            requests: 0,
            is_suspended: false,
            lifecycle_order: 0,
            closing_until: None,
            is_stopping_all: false,
        }
    }

    /// Runs until the client is closed, or every handle is gone, and writes on the wire are over.
    pub(super) async fn run(mut self) {
        let mut timer = pin!(tokio::time::sleep(Duration::ZERO));
        let mut set_for = None;
        loop {
            self.fire_timers();
            self.send_what_may_be_sent();
            if self.is_closing() && self.has_nothing_left_to_do() {
                return;
            }
            let wake = self.next_wake();
            // Set anew only when it has to be: every set goes through the runtime's own timers.
            if timer.is_elapsed() || wake != set_for {
                let nap = wake.map_or(LONGEST_NAP, |at| at.since(clock::now()));
                timer.as_mut().reset(Instant::now() + nap.min(LONGEST_NAP));
                set_for = wake;
            }
            tokio::select! {
                message = self.mailbox.recv(), if !self.is_closing() => match message {
                    Some(message) => self.take_messages(message),
                    None => self.close(),
                },
                Some(event) = self.work.next(), if !self.work.is_empty() => self.take_events(event),
                () = &mut timer => {}
            }
        }
    }
}

// Time.
impl Driver {
    fn next_wake(&self) -> Option<Moment> {
        let now = clock::now();
        let timer = self.timers.first().map(|(at, _)| *at);
        let budget = self.may_send().then(|| self.budget.wake_at(now)).flatten();
        [timer, budget, self.closing_until, self.grace_ends()].into_iter().flatten().min()
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
        self.give_up_writes(now);
    }
}

// What comes in.
impl Driver {
    /// Takes what there is in one go, but not so much that requests wait for it.
    fn take_messages(&mut self, first: Message) {
        self.take_message(first);
        for _ in 0..MESSAGES_AT_ONCE {
            match self.mailbox.try_recv() {
                Ok(message) => self.take_message(message),
                Err(_) => return,
            }
        }
    }

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
            Message::Tell { id, input } => {
                if let (Input::Close, Some(slot)) = (&input, self.slots.get(&id)) {
                    // Whoever closes it is about to do the same.
                    self.gate.bar(&slot.bar);
                }
                self.tell(id, input);
            }
            Message::Call { id, call, waiter, input } => {
                if self.slots.contains_key(&id) {
                    self.waiters.insert(call, waiter);
                    self.tell(id, input);
                }
            }
            Message::GiveUp { id, call } => {
                self.waiters.remove(&call);
                self.tell(id, Input::GiveUp { call });
            }
            Message::Ask { call, job, deadline, fresh_credentials, reply } => {
                let request = Request {
                    asker: Asker::Caller(call, reply),
                    job,
                    not_after: None,
                    deadline: Some(deadline),
                    fresh_credentials,
                };
                self.budget.add(Class::Direct, clock::now(), request);
            }
            Message::Forgo { call } => self.forgo(|request| request.is_call(call)),
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

    /// Likewise of what futures have brought.
    fn take_events(&mut self, first: Event) {
        self.take_event(first);
        for _ in 0..EVENTS_AT_ONCE {
            match self.work.next().now_or_never() {
                Some(Some(event)) => self.take_event(event),
                _ => return,
            }
        }
    }

    fn take_event(&mut self, event: Event) {
        match event {
            Event::Replied { number, reply } => self.request_over(number, reply),
            Event::Saved { id, number, result } => self.saved(id, number, result),
        }
    }
}
