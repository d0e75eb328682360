//! A world for the machine to be tried in: a service, a network that fails in every way, a caller
//! who does as it pleases, consumers of any speed, and an engine that does what the real one does.
//! Everything that must always hold is asserted as it happens.

mod calls;
mod consumer;
mod deeds;
mod network;
mod outputs;
mod service;
mod tally;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::config::ClientConfig;
use crate::machine::{Input, Machine, Moment, OpId, Settings};
use crate::session::Prompt;

use super::shown::{flow, session_id};

use calls::Calls;
use consumer::Consumer;
use network::Request;
use outputs::Store;
use service::{Outage, Question, Service};

pub(super) use deeds::Deed;
pub(super) use network::{Effect, Lateness, ReadFate, ReadKind, WriteFate, WriteKind};
pub(super) use service::{Plan, Step, Times};
pub(super) use tally::Tally;

/// How often the machine may want to be woken at one moment.
const WAKES_AT_ONCE: u32 = 10;

/// How often it may read at one moment.
const READS_AT_ONCE: u32 = 12;

/// How long the service takes for one request at most, as the engine has it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How far a replica of the service lags at most. Less than `max_staleness`.
pub(super) const MAX_LAG: Duration = Duration::from_secs(9);

/// How long after a doubtful outcome a careful caller waits before it answers again.
const CARE: Duration = Duration::from_secs(80);

/// Everything that is thrown for one world.
#[derive(Debug, Clone)]
pub(super) struct Throw {
    pub(super) plan: Plan,
    pub(super) rules: Rules,
    pub(super) reads: Vec<ReadFate>,
    pub(super) answers: Vec<WriteFate>,
    pub(super) cancels: Vec<WriteFate>,
    /// How long each save takes, in milliseconds; an odd one fails.
    pub(super) saves: Vec<u16>,
    pub(super) deeds: Vec<(u16, Deed)>,
    pub(super) seed: u64,
}

#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Rules {
    pub(super) resend_answers: bool,
    pub(super) verify_before_answer: bool,
    pub(super) can_refresh_credentials: bool,
    pub(super) stores_answers: bool,
    pub(super) cancel_deletes: bool,
    pub(super) watch_limit: u32,
    /// Somebody else may answer as well. Then less can be promised.
    pub(super) has_other_writer: bool,
    pub(super) lateness: Lateness,
}

impl Rules {
    /// Whether it can be promised that no answer arrives twice, or anywhere but at its own prompt.
    fn promise_the_place(self) -> bool {
        let comes_once = self.lateness == Lateness::WithinGrace || !self.resend_answers;
        !self.has_other_writer && comes_once
    }
}

/// Something that happens at its time.
#[derive(Debug)]
enum Event {
    Begin(OpId),
    End(OpId),
    Effect { text: String, of: OpId },
    CancelEffect { of: OpId },
    Saved,
    Deed(Deed),
}

#[derive(Debug)]
pub(super) struct World {
    throw: Throw,
    settings: Arc<Settings>,
    service: Service,
    /// The newest of the service.
    outage: Option<Outage>,
    machine: Machine,
    now: Moment,
    events: BTreeMap<(Moment, u64), (u32, Event)>,
    sequence: u64,
    /// Rises with each restart: what was under way before it is lost to the machine.
    generation: u32,
    requests: BTreeMap<OpId, Request>,
    fates: Fates,
    calls: Calls,
    consumers: Vec<Consumer>,
    /// The prompts that were asked of the caller, and what the service asked by each.
    asked: Vec<(Prompt, Question)>,
    store: Store,
    is_suspended: bool,
    order: u64,
    doubtful_until: Moment,
    version: u64,
    pace: Pace,
    begun: Moment,
    tally: Tally,
    /// With `WORLD_TRACE` set, everything that happens is printed.
    is_traced: bool,
}

#[derive(Debug, Default)]
struct Fates {
    reads: VecDeque<ReadFate>,
    answers: VecDeque<WriteFate>,
    cancels: VecDeque<WriteFate>,
    saves: VecDeque<u16>,
}

/// How much has happened, and how much of it at one moment.
#[derive(Debug, Default)]
struct Pace {
    moment: Moment,
    wakes: u32,
    reads: u32,
    all_reads: u32,
    all_others: u32,
}

/// As an application has them that sets nothing.
pub(super) fn settings() -> Settings {
    Settings::from(&ClientConfig::new("key"))
}

impl World {
    pub(super) fn new(throw: Throw) -> Self {
        let mut settings = settings();
        let rules = throw.rules;
        settings.resend_answers = rules.resend_answers;
        settings.verify_before_answer = rules.verify_before_answer;
        settings.can_refresh_credentials = rules.can_refresh_credentials;
        settings.stores_answers = rules.stores_answers;
        settings.cancel_deletes = rules.cancel_deletes;
        settings.watch_limit = Duration::from_secs(u64::from(rules.watch_limit));
        let settings = Arc::new(settings);
        let now = Moment::after_origin(Duration::from_secs(1000));
        let machine =
            Machine::new(Arc::clone(&settings), flow(), session_id(), throw.seed, now, now);
        let mut world = Self {
            service: Service::new(throw.plan.clone(), now),
            outage: None,
            fates: Fates {
                reads: throw.reads.iter().copied().collect(),
                answers: throw.answers.iter().copied().collect(),
                cancels: throw.cancels.iter().copied().collect(),
                saves: throw.saves.iter().copied().collect(),
            },
            throw,
            settings,
            machine,
            now,
            events: BTreeMap::new(),
            sequence: 0,
            generation: 0,
            requests: BTreeMap::new(),
            calls: Calls::default(),
            consumers: vec![Consumer::default()],
            asked: Vec::new(),
            store: Store::default(),
            is_suspended: false,
            order: 0,
            doubtful_until: Moment::default(),
            version: 0,
            pace: Pace::default(),
            begun: now,
            tally: Tally::default(),
            is_traced: std::env::var_os("WORLD_TRACE").is_some(),
        };
        let mut at = now;
        for (gap, deed) in world.throw.deeds.clone() {
            at = at + Duration::from_millis(u64::from(gap));
            world.schedule(at, Event::Deed(deed));
        }
        world.tell(Input::Wake);
        world
    }

    /// Plays everything that was thrown, then lets the world be well, then ends it.
    pub(super) fn play(mut self) -> Tally {
        let last_deed = self.throw.deeds.iter().map(|(gap, _)| u64::from(*gap)).sum();
        self.run_until(self.begun + Duration::from_millis(last_deed) + Duration::from_secs(1));
        // Now that all is well, everything comes to its end.
        self.fates = Fates::default();
        self.resume();
        for _ in 0..40 {
            self.run_until(self.now + Duration::from_secs(10));
            self.pull_all(0);
        }
        self.calls.assert_all_settled();
        self.check_what_is_asked();
        let ended_early = self.machine.end.is_some();
        self.tell(Input::Close);
        self.run_until(self.now + Duration::from_secs(40));
        assert!(self.machine.is_done(), "it never ends: {:?}", self.machine);
        assert_eq!(self.machine.wake_at(), None);
        for consumer in 0..self.consumers.len() {
            self.pull_all(consumer);
            self.tally += self.consumers[consumer].tally();
        }
        let tally = self.tally + self.calls.judge(&self.service.delivered, ended_early);
        tally.assert_promises_kept(self.throw.rules.promise_the_place());
        tally
    }

    fn run_until(&mut self, until: Moment) {
        loop {
            let wake = self.machine.wake_at();
            let event = self.events.keys().next().map(|(at, _)| *at);
            let Some(at) = [wake, event].into_iter().flatten().min().filter(|at| *at <= until)
            else {
                break;
            };
            self.now = self.now.max(at);
            if self.pace.moment != self.now {
                self.pace.moment = self.now;
                (self.pace.wakes, self.pace.reads) = (0, 0);
            }
            if event.is_some_and(|event| event <= self.now) {
                let ((_, _), (generation, event)) = self.events.pop_first().unwrap();
                self.happen(generation, event);
            } else {
                self.pace.wakes += 1;
                assert!(self.pace.wakes <= WAKES_AT_ONCE, "busy loop: {:?}", self.machine);
                self.tell(Input::Wake);
            }
            self.check_deadlines();
        }
        self.now = until;
    }

    fn trace(&self, what: &str, of: &dyn std::fmt::Debug) {
        if self.is_traced {
            eprintln!("{:>9.3} {what} {of:?}", self.now.since(self.begun).as_secs_f64());
        }
    }

    fn schedule(&mut self, at: Moment, event: Event) {
        self.sequence += 1;
        self.events.insert((at, self.sequence), (self.generation, event));
    }

    fn happen(&mut self, generation: u32, event: Event) {
        self.service.advance(self.now);
        let is_current = generation == self.generation;
        if let Event::Deed(_) | Event::Effect { .. } = event {
            self.trace("**", &event);
        }
        match event {
            Event::Deed(deed) => self.act(deed),
            Event::Effect { text, of } => {
                if !self.service.submit(self.now, &text) && is_current {
                    self.refused(of);
                }
            }
            Event::CancelEffect { of } => {
                let deletes = self.throw.rules.cancel_deletes;
                if !self.service.cancel(self.now, deletes) && is_current {
                    self.refused(of);
                }
            }
            Event::Begin(op) if is_current => self.begin(op),
            Event::End(op) if is_current => self.end(op),
            Event::Saved if is_current => self.saved(),
            Event::Begin(_) | Event::End(_) | Event::Saved => {}
        }
    }
}
