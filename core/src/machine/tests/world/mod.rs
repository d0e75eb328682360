//! A world for the machine to be tried in: a service, a network that fails in every way, a caller
//! who does as it pleases, consumers of any speed, and an engine that does what the real one does.
//! Everything that must always hold is asserted as it happens.

mod calls;
mod consumer;
mod network;
mod service;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::error::LiveFlowError;
use crate::json::Json;
use crate::machine::{
    AnswerCall, CallId, Checkpoint, Input, Machine, Moment, OpId, Output, SessionEvent, Settings,
};
use crate::session::Prompt;

use super::shown::{flow, session_id};

use calls::Calls;
use consumer::Consumer;
use network::Request;
use service::{Question, Service};

pub(super) use network::{ReadFate, ReadKind, WriteFate, WriteKind};
pub(super) use service::{Plan, Step, Times};

/// How often the machine may want to be woken at one moment.
const WAKES_AT_ONCE: u32 = 10;

/// How often it may read at one moment.
const READS_AT_ONCE: u32 = 12;

/// How long the service takes for one request at most, as the engine has it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

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
}

/// What the caller, or the device, does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
    /// Hears everything there is to be told, and answers the prompt that is open.
    Answer {
        within: u16,
    },
    /// Answers a prompt that it was asked before, whatever became of it.
    AnswerOld {
        within: u16,
    },
    Cancel {
        within: u16,
    },
    /// Gives up the call so many calls ago.
    GiveUp {
        ago: u8,
    },
    Pull {
        consumer: u8,
        events: u8,
    },
    Join,
    PollNow,
    NetworkChanged,
    Suspend,
    Resume,
    /// A suspend that was overtaken by a later resume.
    LateSuspend,
    Close,
    /// The process ends, and another one goes on from the checkpoint.
    Restart,
    /// The service touches the session without a change.
    Touch,
    Elsewhere,
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
    machine: Machine,
    now: Moment,
    events: BTreeMap<(Moment, u64), (u32, Event)>,
    sequence: u64,
    /// Rises with each restart: what was under way before it is lost to the machine.
    generation: u32,
    requests: HashMap<OpId, Request>,
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

/// As the engine's: one errand at a time, the newest wins.
#[derive(Debug, Default)]
struct Store {
    kept: Option<Checkpoint>,
    busy: Option<(Errand, bool)>,
    next: Option<Errand>,
}

#[derive(Debug)]
enum Errand {
    Save(Box<Checkpoint>),
    Forget,
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

impl World {
    pub(super) fn new(throw: Throw) -> Self {
        let mut settings = super::harness::settings();
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
            requests: HashMap::new(),
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
    pub(super) fn play(mut self) {
        let last_deed = self.events.keys().next_back().map_or(self.now, |(at, _)| *at);
        self.run_until(last_deed + Duration::from_secs(1));
        // Now that all is well, everything comes to its end.
        self.fates = Fates::default();
        self.resume();
        for _ in 0..40 {
            self.run_until(self.now + Duration::from_secs(10));
            self.pull_all(0);
        }
        self.calls.assert_all_settled();
        self.calls.assert_restored_are_settled(&self.service.delivered);
        self.check_what_is_asked();
        self.tell(Input::Close);
        self.run_until(self.now + Duration::from_secs(40));
        assert!(self.machine.is_done(), "it never ends: {:?}", self.machine);
        assert_eq!(self.machine.wake_at(), None);
        for consumer in 0..self.consumers.len() {
            self.pull_all(consumer);
            assert!(self.consumers[consumer].has_ended(), "a consumer never learns of the end");
        }
        self.calls.assert_delivered(&self.service.delivered, self.throw.rules.has_other_writer);
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

// What the caller does.
impl World {
    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Answer { within } => {
                self.pull_all(0);
                let prompt = self.consumers.iter().find_map(Consumer::open_prompt).cloned();
                let question = prompt.as_ref().and_then(|prompt| self.question_of(prompt));
                if let (Some(prompt), Some(question)) = (prompt, question) {
                    self.answer(prompt, question, within);
                }
            }
            Deed::AnswerOld { within } => {
                if let Some((prompt, question)) = self.asked.first().cloned() {
                    self.answer(prompt, question, within);
                }
            }
            Deed::Cancel { within } => {
                let deadline = self.now + Duration::from_millis(u64::from(within));
                let call = self.calls.new_cancel(deadline);
                self.tell(Input::Cancel { call, deadline });
            }
            Deed::GiveUp { ago } => {
                if let Some(call) = self.calls.give_up(usize::from(ago)) {
                    self.tell(Input::GiveUp { call });
                }
            }
            Deed::Pull { consumer, events } => {
                let consumer = usize::from(consumer) % self.consumers.len();
                for _ in 0..events {
                    self.pull(consumer);
                }
            }
            Deed::Join => self.consumers.push(Consumer::default()),
            Deed::PollNow => self.tell(Input::PollNow),
            Deed::NetworkChanged => self.tell(Input::NetworkChanged),
            Deed::Suspend => self.suspend(),
            Deed::Resume => self.resume(),
            Deed::LateSuspend => {
                self.resume();
                self.tell(Input::Suspend { order: self.order - 1 });
            }
            Deed::Close => self.close(),
            Deed::Restart => self.restart(),
            // A question asked again in the same words cannot be told from one that was touched.
            Deed::Touch | Deed::Elsewhere if self.throw.plan.repeats_words => {}
            Deed::Touch => self.service.touch(self.now),
            Deed::Elsewhere => {
                if self.throw.rules.has_other_writer {
                    self.service.submit(self.now, "elsewhere");
                }
            }
        }
    }

    fn question_of(&self, prompt: &Prompt) -> Option<Question> {
        let asked =
            self.asked.iter().rev().find(|(asked, _)| {
                (&asked.run_id, asked.round) == (&prompt.run_id, prompt.round)
            })?;
        Some(asked.1.clone())
    }

    fn answer(&mut self, prompt: Prompt, question: Question, within: u16) {
        // Whoever answers again while an earlier answer may still arrive has been warned.
        if self.now < self.doubtful_until {
            return;
        }
        let deadline = self.now + Duration::from_millis(u64::from(within));
        let (call, text) = self.calls.new_answer(question, deadline);
        self.tell(Input::Answer(AnswerCall {
            call,
            prompt,
            answer: Json::string(&text),
            idempotency_key: text,
            wall_time: 0,
            deadline,
        }));
    }

    fn pull(&mut self, consumer: usize) -> bool {
        let look = self.machine.look();
        let Some(event) = self.consumers[consumer].pull(&look, self.version) else { return false };
        self.trace("!!", &event);
        match event {
            SessionEvent::PromptRequested { prompt } => {
                let session = look.session.as_ref().expect("a prompt out of nothing");
                let question = self.service.question_of(session).expect("nothing is asked").clone();
                assert_eq!(question.0, prompt.run_id.as_str());
                self.asked.push((prompt, question));
            }
            SessionEvent::AnswerUnresolved { text, .. } => {
                self.calls.unresolved(&text);
                self.doubtful_until = self.now + CARE;
            }
            _ => {}
        }
        true
    }

    fn pull_all(&mut self, consumer: usize) {
        let mut events = 0;
        while self.pull(consumer) {
            events += 1;
            assert!(events < 1000, "events without an end");
        }
    }

    fn suspend(&mut self) {
        self.order += 1;
        self.is_suspended = true;
        self.tell(Input::Suspend { order: self.order });
        self.cut_writes();
    }

    fn resume(&mut self) {
        self.order += 2;
        self.is_suspended = false;
        self.tell(Input::Resume { order: self.order });
    }

    fn close(&mut self) {
        self.tell(Input::Close);
        self.cut_writes();
    }

    fn restart(&mut self) {
        // An unresolved answer that nobody was told of before the process ended is lost with it.
        for consumer in 0..self.consumers.len() {
            self.pull_all(consumer);
        }
        let checkpoint = if self.throw.rules.stores_answers {
            self.store.kept.clone()
        } else {
            Some(self.machine.checkpoint())
        };
        self.generation += 1;
        self.requests.clear();
        self.store.busy = None;
        self.store.next = None;
        self.consumers = vec![Consumer::default()];
        self.asked.clear();
        let kept = checkpoint.as_ref().map(Checkpoint::to_text).unwrap_or_default();
        self.calls.killed(&kept);
        let (flow, id) = (flow(), session_id());
        let seed = self.throw.seed ^ u64::from(self.generation);
        let machine = Machine::new(Arc::clone(&self.settings), flow, id, seed, self.now, self.now);
        self.machine = match checkpoint {
            Some(checkpoint) => {
                let read = Checkpoint::parse(&kept).unwrap();
                assert_eq!(read, checkpoint, "a checkpoint survives its text form");
                machine.restored(self.now, read)
            }
            None => machine,
        };
        self.is_suspended = false;
        self.order = 0;
        self.tell(Input::Wake);
    }

    /// After a long time of peace a consumer has been asked what the service asks, and nothing else.
    fn check_what_is_asked(&mut self) {
        self.service.advance(self.now);
        if self.machine.look().end.is_none() {
            let open = self.consumers[0].open_prompt();
            let question = open.and_then(|prompt| self.question_of(prompt));
            assert_eq!(question, self.service.asked());
        }
    }
}

// What the machine does.
impl World {
    fn tell(&mut self, input: Input) {
        let was_ended = self.machine.look().end.is_some();
        self.trace("->", &input);
        self.machine.handle(self.now, input);
        self.version += 1;
        while let Some(output) = self.machine.poll_output() {
            self.trace("<-", &output);
            self.perform(output, was_ended);
        }
        self.check();
    }

    fn perform(&mut self, output: Output, was_ended: bool) {
        let starts = matches!(
            output,
            Output::Read { .. } | Output::SendAnswer { .. } | Output::SendCancel { .. }
        );
        assert!(!(starts && self.is_suspended), "starts while suspended: {output:?}");
        assert!(!(starts && was_ended), "starts after the end: {output:?}");
        match output {
            Output::Read { op, fresh_credentials, .. } => {
                self.pace.reads += 1;
                self.pace.all_reads += 1;
                assert!(self.pace.reads <= READS_AT_ONCE, "it reads without a pause");
                assert!(
                    self.requests.values().all(Request::is_withdrawn_read),
                    "reads amid others"
                );
                assert!(!fresh_credentials || self.settings.can_refresh_credentials);
                self.ask_to_read(op);
            }
            Output::SendAnswer { op, answer, idempotency_key, not_after, deadline, .. } => {
                self.pace.all_others += 1;
                let text = answer.to_text();
                assert_eq!(idempotency_key, text, "one key for each answer");
                self.calls.may_send(&text);
                if self.settings.stores_answers {
                    let kept = self.store.kept.as_ref().map(Checkpoint::to_text);
                    let is_kept = kept.is_some_and(|kept| kept.contains(&format!("{text:?}")));
                    assert!(is_kept, "sent before it was stored");
                }
                self.ask_to_answer(op, text, not_after, deadline);
            }
            Output::SendCancel { op, deadline, .. } => {
                self.pace.all_others += 1;
                self.ask_to_cancel(op, deadline);
            }
            Output::Withdraw { op } => self.withdraw(op),
            Output::Save { checkpoint } => {
                assert!(self.settings.stores_answers);
                self.errand(Errand::Save(checkpoint));
            }
            Output::Forget => {
                assert!(self.settings.stores_answers);
                self.errand(Errand::Forget);
            }
            Output::Answered { call, result } => self.answered(call, result),
            Output::Cancelled { call, result } => {
                if let Ok(session) = &result {
                    assert!(session.status.is_end(), "cancelled, but not ended");
                }
                self.calls.cancelled(call, result.is_ok());
            }
            Output::Changed => {}
        }
    }

    fn answered(&mut self, call: CallId, result: Result<(), LiveFlowError>) {
        if matches!(result, Err(LiveFlowError::OutcomeUnknown { .. })) {
            self.doubtful_until = self.now + CARE;
        }
        self.calls.answered(call, result);
    }

    fn errand(&mut self, errand: Errand) {
        if self.store.busy.is_some() {
            self.store.next = Some(errand);
        } else {
            self.start_errand(errand);
        }
    }

    fn start_errand(&mut self, errand: Errand) {
        let fate = self.fates.saves.pop_front().unwrap_or(2);
        self.store.busy = Some((errand, fate.is_multiple_of(2)));
        self.schedule(self.now + Duration::from_millis(u64::from(fate)), Event::Saved);
    }

    fn saved(&mut self) {
        let Some((errand, is_ok)) = self.store.busy.take() else { return };
        if let Some(next) = self.store.next.take() {
            self.start_errand(next);
        }
        match errand {
            Errand::Save(checkpoint) => {
                let number = checkpoint.number();
                if is_ok {
                    self.store.kept = Some(*checkpoint);
                }
                let result =
                    if is_ok { Ok(()) } else { Err(LiveFlowError::closed("the disk is full")) };
                self.tell(Input::Saved { number, result });
            }
            Errand::Forget if is_ok => self.store.kept = None,
            Errand::Forget => {}
        }
    }

    /// What holds whenever the machine has been told something.
    fn check(&mut self) {
        let look = self.machine.look();
        let is_active = look.end.is_none() && !self.is_suspended;
        let in_flight = self.requests.values().any(|request| !request.is_withdrawn_read());
        if is_active && !in_flight {
            let longest = self.settings.max_retry_after.mul_f64(1.2);
            let due = self.machine.read_due().expect("a watch that nothing drives on");
            assert!(due <= self.now + longest, "the next read is too far away");
            assert!(self.machine.wake_at().is_some_and(|at| at <= due), "nobody wakes it");
        }
        if look.end.is_some() && self.requests.is_empty() && !self.calls.any_waits() {
            assert_eq!(self.machine.wake_at(), None);
        }
        let elapsed = self.now.since(self.begun).as_secs();
        let deeds = self.throw.deeds.len() as u64;
        let most = 50 + 6 * elapsed + 8 * (u64::from(self.pace.all_others) + deeds);
        assert!(u64::from(self.pace.all_reads) <= most, "it reads too often");
        assert!(self.machine.prompts.entries().len() < 300 && self.machine.unresolved.len() <= 64);
        assert!(self.machine.outputs.is_empty());
    }

    fn check_deadlines(&self) {
        let answer = self.machine.answer_op().is_some();
        let cancel = self.machine.cancel_op().is_some();
        self.calls.assert_in_time(self.now, answer, cancel);
    }
}
