//! Plays the engine by hand: a virtual clock, the outputs the machine gave, and what comes of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::error::LiveFlowError;
use crate::failure::{Failure, FailureKind};
use crate::json::Json;
use crate::machine::{
    AnswerCall, CallId, Checkpoint, Cursor, Input, Look, Machine, Moment, OpId, Output,
    SessionReading, Settings, WriteResult,
};
use crate::session::{Prompt, Session};

use super::shown::{Shown, asking, flow, session_id};
use super::words::{failure, words};
use super::world::settings;

/// What `timeouts.total` is by default.
pub(super) const TOTAL: Duration = Duration::from_secs(120);

/// More wakes than this at one moment are a busy loop.
const WAKES_AT_ONCE: u32 = 20;

pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub(super) struct Bench {
    pub(super) machine: Machine,
    pub(super) now: Moment,
    pub(super) cursor: Cursor,
    outputs: VecDeque<Output>,
    calls: u64,
}

/// An answer that the machine wants sent.
#[derive(Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) op: OpId,
    pub(super) text: String,
    pub(super) idempotency_key: String,
    pub(super) not_after: Option<Moment>,
    pub(super) deadline: Moment,
    pub(super) fresh_credentials: bool,
}

impl Bench {
    /// Watches a session of which nothing is known yet.
    pub(super) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(super) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::of(change, |settings, now| Machine::new(settings, flow(), session_id(), 7, now, now))
    }

    /// Watches a session that our own create has just brought about.
    pub(super) fn created(first: &Shown) -> Self {
        Self::of(
            |_| (),
            |settings, now| {
                Machine::new(settings, flow(), session_id(), 7, now, now)
                    .created(now, first.session())
            },
        )
    }

    /// Watches on from a checkpoint.
    pub(super) fn restored(change: impl FnOnce(&mut Settings), checkpoint: Checkpoint) -> Self {
        Self::of(change, |settings, now| {
            Machine::new(settings, flow(), session_id(), 7, now, now).restored(now, checkpoint)
        })
    }

    fn of(
        change: impl FnOnce(&mut Settings),
        machine: impl FnOnce(Arc<Settings>, Moment) -> Machine,
    ) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let now = Moment::after_origin(Duration::from_secs(1000));
        let mut bench = Self {
            machine: machine(Arc::new(settings), now),
            now,
            cursor: Cursor::default(),
            outputs: VecDeque::new(),
            calls: 0,
        };
        bench.tell(Input::Wake);
        bench
    }

    /// The session asks "Budget?", and the consumer has been told everything.
    pub(super) fn asking() -> Self {
        Self::asking_with(|_| ())
    }

    pub(super) fn asking_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut bench = Self::with(change);
        bench.read(&asking());
        bench.saved();
        bench.events();
        // The first read is no longer fresh enough to be acted upon.
        bench.wait(1.5);
        bench
    }

    /// "1000" has been sent as the answer; its outcome is still to come.
    pub(super) fn sending() -> (Self, CallId) {
        Self::sending_with(|_| ())
    }

    pub(super) fn sending_with(change: impl FnOnce(&mut Settings)) -> (Self, CallId) {
        let mut bench = Self::asking_with(change);
        let call = bench.answer("1000");
        bench.saved();
        if bench.outputs.iter().any(|output| matches!(output, Output::Read { .. })) {
            bench.read(&asking());
        }
        bench.expect_sent();
        (bench, call)
    }

    /// "1000" has been sent, and nobody knows whether it arrived.
    pub(super) fn reconciling() -> (Self, CallId) {
        Self::reconciling_with(|_| ())
    }

    pub(super) fn reconciling_with(change: impl FnOnce(&mut Settings)) -> (Self, CallId) {
        let (mut bench, call) = Self::sending_with(change);
        bench.attempt(Err(failure(FailureKind::NoStatus)));
        (bench, call)
    }
}

// Time and inputs.
impl Bench {
    pub(super) fn tell(&mut self, input: Input) {
        self.machine.handle(self.now, input);
        while let Some(output) = self.machine.poll_output() {
            self.outputs.push_back(output);
        }
    }

    /// Lets time pass, waking the machine whenever it wants to be.
    pub(super) fn wait(&mut self, span: f64) {
        let until = self.now + seconds(span);
        while let Some(at) = self.machine.wake_at().filter(|at| *at <= until) {
            self.wake(at);
        }
        self.now = until;
    }

    fn wake(&mut self, at: Moment) {
        self.now = self.now.max(at);
        let mut wakes = 0;
        while self.machine.wake_at().is_some_and(|at| at <= self.now) {
            wakes += 1;
            assert!(wakes <= WAKES_AT_ONCE, "busy loop at {:?}: {:?}", self.now, self.machine);
            self.tell(Input::Wake);
        }
    }

    /// Waits until there is an output that `wanted` takes, and takes it.
    fn until<T>(&mut self, what: &str, wanted: impl Fn(&Output) -> Option<T>) -> T {
        for _ in 0..1000 {
            if let Some(at) = self.outputs.iter().position(|output| wanted(output).is_some()) {
                let output = self.outputs.remove(at).unwrap();
                return wanted(&output).unwrap();
            }
            let at = self.machine.wake_at().unwrap_or_else(|| panic!("no {what} ever comes"));
            self.wake(at);
        }
        panic!("no {what} comes")
    }

    fn take<T>(&mut self, wanted: impl Fn(&Output) -> Option<T>) -> Option<T> {
        let at = self.outputs.iter().position(|output| wanted(output).is_some())?;
        wanted(&self.outputs.remove(at)?)
    }

    /// Forgets the outputs so far, but those that wait for an end.
    pub(super) fn forget_outputs(&mut self) {
        self.outputs.clear();
    }
}

// Reads.
impl Bench {
    pub(super) fn until_read(&mut self) -> OpId {
        self.until("read", |output| match output {
            Output::Read { op, .. } => Some(*op),
            _ => None,
        })
    }

    /// Whether a read has been asked for, without letting time pass.
    pub(super) fn wants_read(&self) -> bool {
        self.outputs.iter().any(|output| matches!(output, Output::Read { .. }))
    }

    pub(super) fn read_done(
        &mut self,
        op: OpId,
        begun: Moment,
        result: Result<&Shown, FailureKind>,
    ) {
        let result = match result {
            Ok(shown) => Ok(SessionReading::Session(shown.session())),
            Err(kind) => Err(failure(kind)),
        };
        self.tell(Input::ReadDone { op, begun, result });
    }

    /// The next read, whenever it comes, takes no time and shows this.
    pub(super) fn read(&mut self, shown: &Shown) {
        let op = self.until_read();
        self.read_done(op, self.now, Ok(shown));
    }

    /// As [`Bench::read`], again and again for so long.
    pub(super) fn read_for(&mut self, span: f64, shown: &Shown) -> u32 {
        let until = self.now + seconds(span);
        let mut reads = 0;
        loop {
            if let Some(op) = self.take(|output| match output {
                Output::Read { op, .. } => Some(*op),
                _ => None,
            }) {
                self.read_done(op, self.now, Ok(shown));
                reads += 1;
                assert!(reads < 10_000, "it reads without a pause");
                continue;
            }
            match self.machine.wake_at().filter(|at| *at <= until) {
                Some(at) => self.wake(at),
                None => break,
            }
        }
        self.now = until;
        reads
    }

    pub(super) fn unchanged(&mut self) {
        let op = self.until_read();
        let result = Ok(SessionReading::Unchanged);
        self.tell(Input::ReadDone { op, begun: self.now, result });
    }

    pub(super) fn read_fails(&mut self, kind: FailureKind) {
        let op = self.until_read();
        self.read_done(op, self.now, Err(kind));
    }

    pub(super) fn read_fails_with(&mut self, failure: Failure) {
        let op = self.until_read();
        self.tell(Input::ReadDone { op, begun: self.now, result: Err(failure) });
    }

    /// Whether the next read, whenever it comes, goes before ordinary polls; it shows this.
    pub(super) fn read_is_urgent(&mut self, shown: &Shown) -> bool {
        let (op, urgent) = self.until("read", |output| match output {
            Output::Read { op, urgent, .. } => Some((*op, *urgent)),
            _ => None,
        });
        self.read_done(op, self.now, Ok(shown));
        urgent
    }

    /// The kinds of outputs that this input brings, in their order.
    pub(super) fn outputs_of(&mut self, input: Input) -> Vec<String> {
        let before = self.outputs.len();
        self.tell(input);
        let name = |output: &Output| {
            let debug = format!("{output:?}");
            debug.split([' ', '{']).next().unwrap_or_default().to_owned()
        };
        self.outputs.iter().skip(before).map(name).collect()
    }

    /// Whether the next read, whenever it comes, is to have fresh credentials; it stays in flight.
    pub(super) fn until_read_with_credentials(&mut self) -> (OpId, bool) {
        self.until("read", |output| match output {
            Output::Read { op, fresh_credentials, .. } => Some((*op, *fresh_credentials)),
            _ => None,
        })
    }
}

// Answers.
impl Bench {
    /// The prompt that is open now.
    pub(super) fn prompt(&self) -> Prompt {
        let look = self.machine.look();
        Prompt::clone(look.open_prompt().expect("no prompt is open"))
    }

    pub(super) fn new_call(&mut self) -> CallId {
        self.calls += 1;
        CallId(self.calls)
    }

    pub(super) fn answer(&mut self, text: &str) -> CallId {
        let prompt = self.prompt();
        self.answer_to(&prompt, text)
    }

    pub(super) fn answer_to(&mut self, prompt: &Prompt, text: &str) -> CallId {
        self.answer_by(prompt, &Json::string(text), TOTAL)
    }

    pub(super) fn answer_by(&mut self, prompt: &Prompt, answer: &Json, within: Duration) -> CallId {
        let call = self.new_call();
        self.tell(Input::Answer(AnswerCall {
            call,
            prompt: prompt.clone(),
            answer: answer.clone(),
            idempotency_key: format!("key-{}", call.0),
            wall_time: 0,
            deadline: self.now + within,
        }));
        call
    }

    /// The answer that the machine wants sent now, if it does.
    pub(super) fn sent(&mut self) -> Option<Sent> {
        self.take(|output| match output {
            Output::SendAnswer {
                op,
                answer,
                idempotency_key,
                not_after,
                deadline,
                fresh_credentials,
            } => Some(Sent {
                op: *op,
                text: answer.to_text(),
                idempotency_key: idempotency_key.clone(),
                not_after: *not_after,
                deadline: *deadline,
                fresh_credentials: *fresh_credentials,
            }),
            _ => None,
        })
    }

    /// The machine wants an answer sent; it stays on the wire.
    pub(super) fn expect_sent(&mut self) -> Sent {
        self.sent().expect("no answer was to be sent")
    }

    /// The machine reads this, if it wants to, until it wants the answer sent.
    pub(super) fn until_sent(&mut self, shown: &Shown) -> Sent {
        for _ in 0..1000 {
            if let Some(sent) = self.sent() {
                return sent;
            }
            if self.wants_read() {
                self.read(shown);
            } else {
                let at = self.machine.wake_at().expect("no answer is ever sent");
                self.wake(at);
            }
        }
        panic!("no answer is sent")
    }

    /// What came of the attempt that is on the wire. Each is told once.
    pub(super) fn attempt(&mut self, result: WriteResult) {
        let op = self.machine.answer_op().expect("no answer is on the wire");
        self.tell(Input::AnswerDone { op, result });
    }

    /// The result of an answer, which must have come by now.
    pub(super) fn result(&mut self, call: CallId) -> Result<(), LiveFlowError> {
        let result = self.result_if_any(call).expect("the call has no result yet");
        assert_eq!(self.result_if_any(call), None, "the call has two results");
        result
    }

    pub(super) fn result_if_any(&mut self, call: CallId) -> Option<Result<(), LiveFlowError>> {
        self.take(|output| match output {
            Output::Answered { call: of, result } if *of == call => Some(result.clone()),
            _ => None,
        })
    }

    /// The error of an answer, which must hand its text back.
    pub(super) fn error(&mut self, call: CallId) -> LiveFlowError {
        let error = self.result(call).expect_err("the answer succeeded");
        assert_eq!(error.context().answer.as_deref(), Some("1000"), "the text is handed back");
        error
    }

    /// The checkpoint that the machine wants stored.
    pub(super) fn unsaved(&mut self) -> Option<Checkpoint> {
        self.take(|output| match output {
            Output::Save { checkpoint } => Some((**checkpoint).clone()),
            _ => None,
        })
    }

    /// Everything that is to be stored is.
    pub(super) fn saved(&mut self) {
        while let Some(checkpoint) = self.unsaved() {
            self.tell(Input::Saved { number: checkpoint.number(), result: Ok(()) });
        }
    }

    pub(super) fn is_to_be_forgotten(&mut self) -> bool {
        self.take(|output| matches!(output, Output::Forget).then_some(())).is_some()
    }

    pub(super) fn withdrawn(&mut self) -> Option<OpId> {
        self.take(|output| match output {
            Output::Withdraw { op } => Some(*op),
            _ => None,
        })
    }
}

// Cancels.
impl Bench {
    pub(super) fn cancel(&mut self) -> CallId {
        self.cancel_within(TOTAL)
    }

    pub(super) fn cancel_within(&mut self, span: Duration) -> CallId {
        let call = self.new_call();
        self.tell(Input::Cancel { call, deadline: self.now + span });
        call
    }

    pub(super) fn cancel_sent(&mut self) -> Option<(OpId, bool)> {
        self.take(|output| match output {
            Output::SendCancel { op, fresh_credentials, .. } => Some((*op, *fresh_credentials)),
            _ => None,
        })
    }

    pub(super) fn cancel_attempt(&mut self, result: WriteResult) {
        let (op, _) = self.cancel_sent().expect("no cancel was to be sent");
        self.tell(Input::CancelDone { op, result });
    }

    pub(super) fn cancelled(
        &mut self,
        call: CallId,
    ) -> Option<Result<Arc<Session>, LiveFlowError>> {
        self.take(|output| match output {
            Output::Cancelled { call: of, result } if *of == call => Some(result.clone()),
            _ => None,
        })
    }
}

// Consumers.
impl Bench {
    /// What the consumer has not been told yet, in words.
    pub(super) fn events(&mut self) -> Vec<String> {
        let look = self.machine.look();
        drain(&mut self.cursor, &look)
    }

    /// What a new consumer is told.
    pub(super) fn events_of_a_new_consumer(&self) -> Vec<String> {
        drain(&mut Cursor::default(), &self.machine.look())
    }
}

pub(super) fn drain(cursor: &mut Cursor, look: &Look) -> Vec<String> {
    std::iter::from_fn(|| cursor.next(look)).map(|event| words(&event)).collect()
}
