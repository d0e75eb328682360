//! What becomes of requests: the engine's queue, the wire, and the service's answer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, FailureKind};
use crate::machine::io::ReadResult;
use crate::machine::{Input, Moment, OpId, SessionReading, WriteResult};
use crate::session::Session;

use super::super::words::{failure, status_after};
use super::{Event, MAX_LAG, REQUEST_TIMEOUT, World};

/// How long writes may go on after a suspend or a close.
const SUSPEND_GRACE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadFate {
    /// All times are in milliseconds.
    pub(crate) queue: u16,
    pub(crate) latency: u16,
    /// How far the replica lags that answers.
    pub(crate) lag: u16,
    pub(crate) kind: ReadKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadKind {
    Shown,
    /// `current_step` is null, whatever runs.
    WithoutCurrent,
    /// A status that nobody knows.
    Strange,
    NeverLeft,
    NoStatus,
    Status(u16),
    RetryAfter(u8),
    Unreadable,
    TooLarge,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteFate {
    pub(crate) queue: u16,
    /// When it has its effect, where it has one.
    pub(crate) effect: Effect,
    /// When its answer comes, from its beginning.
    pub(crate) answer: u16,
    pub(crate) kind: WriteKind,
}

/// When a write has its effect. What tells of its effect has had it by then, whatever is thrown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effect {
    /// So long after its beginning.
    During(u16),
    /// So long after it ended: after everybody gave it up.
    After(u32),
}

/// How late an effect may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lateness {
    /// Every replica of the service shows it a grace after its attempt ended.
    WithinGrace,
    Unbounded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteKind {
    /// With the session after the effect.
    Accepted,
    /// With the session before the effect.
    AcceptedOld,
    AcceptedEmpty,
    Unreadable,
    NeverLeft,
    NoStatus {
        is_done: bool,
    },
    Status {
        code: u16,
        is_done: bool,
    },
    RetryAfter(u8),
    Refused(u16),
}

/// One request of the machine's.
#[derive(Debug)]
pub(super) struct Request {
    what: What,
    begun: Option<Moment>,
    /// When it is over; set when it is begun.
    ends: Option<Moment>,
    is_withdrawn: bool,
}

#[derive(Debug)]
enum What {
    Read(ReadFate),
    Answer { text: String, write: Write },
    Cancel { write: Write },
}

#[derive(Debug)]
struct Write {
    fate: WriteFate,
    not_after: Option<Moment>,
    deadline: Moment,
    /// What is answered, once that is known.
    before: Option<Arc<Session>>,
    /// The service refused it, because it was not waiting.
    is_refused: bool,
    /// Its effect is still to come when it ends, so long after.
    late: Option<Duration>,
}

impl Request {
    pub(super) fn is_withdrawn_read(&self) -> bool {
        self.is_withdrawn && matches!(self.what, What::Read(_))
    }

    /// Nobody listens at the service.
    fn never_leaves(&mut self) {
        match &mut self.what {
            What::Read(fate) => fate.kind = ReadKind::NeverLeft,
            What::Answer { write, .. } | What::Cancel { write } => {
                write.fate.kind = WriteKind::NeverLeft;
            }
        }
    }

    fn write(&self) -> Option<&Write> {
        match &self.what {
            What::Answer { write, .. } | What::Cancel { write } => Some(write),
            What::Read(_) => None,
        }
    }
}

impl WriteKind {
    fn has_effect(self) -> bool {
        match self {
            Self::Accepted | Self::AcceptedOld | Self::AcceptedEmpty | Self::Unreadable => true,
            Self::NoStatus { is_done } | Self::Status { is_done, .. } => is_done,
            Self::NeverLeft | Self::RetryAfter(_) | Self::Refused(_) => false,
        }
    }

    /// Whether it says so when the service does not take it.
    fn tells_refusal(self) -> bool {
        matches!(self, Self::Accepted | Self::AcceptedOld | Self::AcceptedEmpty | Self::Unreadable)
    }
}

fn millis(millis: u16) -> Duration {
    Duration::from_millis(u64::from(millis))
}

// What the machine asks for.
impl World {
    pub(super) fn ask_to_read(&mut self, op: OpId) {
        let well = ReadFate { queue: 0, latency: 50, lag: 0, kind: ReadKind::Shown };
        let mut fate = self.fates.reads.pop_front().unwrap_or(well);
        if !self.throw.plan.may_lag() {
            fate.lag = 0;
        }
        self.ask(op, What::Read(fate), fate.queue);
    }

    pub(super) fn ask_to_answer(
        &mut self,
        op: OpId,
        text: String,
        not_after: Option<Moment>,
        deadline: Moment,
    ) {
        let fate = self.fates.answers.pop_front().unwrap_or(WELL);
        let write =
            Write { fate, not_after, deadline, before: None, is_refused: false, late: None };
        self.ask(op, What::Answer { text, write }, fate.queue);
    }

    pub(super) fn ask_to_cancel(&mut self, op: OpId, deadline: Moment) {
        let fate = self.fates.cancels.pop_front().unwrap_or(WELL);
        let write =
            Write { fate, not_after: None, deadline, before: None, is_refused: false, late: None };
        self.ask(op, What::Cancel { write }, fate.queue);
    }

    fn ask(&mut self, op: OpId, what: What, queue: u16) {
        let request = Request { what, begun: None, ends: None, is_withdrawn: false };
        self.requests.insert(op, request);
        self.schedule(self.now + millis(queue), Event::Begin(op));
    }

    pub(super) fn withdraw(&mut self, op: OpId) {
        let Some(request) = self.requests.get_mut(&op) else { return };
        let is_read = matches!(request.what, What::Read(_));
        if request.begun.is_none() || is_read {
            request.is_withdrawn = true;
            self.requests.remove(&op);
            self.tell(Input::NotStarted { op });
        }
    }

    /// Writes on the wire get a grace, then they are given up.
    pub(super) fn cut_writes(&mut self) {
        let until = self.now + SUSPEND_GRACE;
        let mut cut = Vec::new();
        for (op, request) in &mut self.requests {
            if request.write().is_some() && request.ends.is_some_and(|ends| ends > until) {
                request.ends = Some(until);
                cut.push(*op);
            }
        }
        for op in cut {
            self.schedule(until, Event::End(op));
        }
    }
}

const WELL: WriteFate =
    WriteFate { queue: 0, effect: Effect::During(20), answer: 50, kind: WriteKind::Accepted };

// What becomes of it.
impl World {
    pub(super) fn begin(&mut self, op: OpId) {
        let now = self.now;
        let Some(request) = self.requests.get_mut(&op) else { return };
        let late = |at: Option<Moment>| at.is_some_and(|at| now > at);
        if request.write().is_some_and(|write| late(write.not_after) || late(Some(write.deadline)))
        {
            self.requests.remove(&op);
            self.tell(Input::NotStarted { op });
            return;
        }
        request.begun = Some(now);
        if self.outage.is_some_and(|outage| outage.is_down(now)) {
            request.never_leaves();
        }
        match &request.what {
            What::Read(fate) => {
                let ends = now + millis(fate.latency).min(REQUEST_TIMEOUT);
                request.ends = Some(ends);
                self.schedule(ends, Event::End(op));
            }
            What::Answer { .. } | What::Cancel { .. } => self.begin_write(op),
        }
    }

    fn begin_write(&mut self, op: OpId) {
        let now = self.now;
        let before = self.service.shown_at(now);
        let Some(request) = self.requests.get_mut(&op) else { return };
        let (text, write) = match &mut request.what {
            What::Answer { text, write } => (Some(text.clone()), write),
            What::Cancel { write } => (None, write),
            What::Read(_) => return,
        };
        write.before = before;
        let fate = write.fate;
        let answered = now + millis(fate.answer).min(REQUEST_TIMEOUT);
        let ends = answered.min(write.deadline);
        request.ends = Some(ends);
        if let Some(text) = &text
            && fate.kind != WriteKind::NeverLeft
        {
            self.calls.left(text, self.throw.rules.resend_answers);
        }
        if fate.kind.has_effect() {
            // Whoever answers that it was accepted has let it have its effect before.
            let tells = fate.kind.tells_refusal();
            let effect = match fate.effect {
                Effect::After(late) if !tells => {
                    write.late = Some(Duration::from_millis(late.into()));
                    None
                }
                Effect::After(_) => Some(answered),
                Effect::During(effect) if tells => Some(answered.min(now + millis(effect))),
                Effect::During(effect) => Some(now + millis(effect).min(REQUEST_TIMEOUT)),
            };
            if let Some(at) = effect {
                self.schedule_effect(at, op, text);
            }
        }
        self.schedule(ends, Event::End(op));
    }

    fn schedule_effect(&mut self, at: Moment, of: OpId, text: Option<String>) {
        let event = match text {
            Some(text) => Event::Effect { text, of },
            None => Event::CancelEffect { of },
        };
        self.schedule(at, event);
    }

    /// The attempt is over for its client, and its effect may be still to come.
    fn schedule_late_effect(&mut self, of: OpId, what: &What) {
        let (text, write) = match what {
            What::Answer { text, write } => (Some(text.clone()), write),
            What::Cancel { write } => (None, write),
            What::Read(_) => return,
        };
        let Some(mut late) = write.late else { return };
        let settled = self.settings.answer_grace.saturating_sub(MAX_LAG);
        match self.throw.rules.lateness {
            Lateness::WithinGrace => late = late.min(settled.mul_f64(0.999)),
            Lateness::Unbounded if late >= settled && text.is_some() => self.tally.too_late += 1,
            Lateness::Unbounded => {}
        }
        self.schedule_effect(self.now + late, of, text);
    }

    /// The process ends, and all its connections with it.
    pub(super) fn cut_everything(&mut self) {
        for (op, request) in std::mem::take(&mut self.requests) {
            self.schedule_late_effect(op, &request.what);
        }
    }

    /// The service did not take the write.
    pub(super) fn refused(&mut self, op: OpId) {
        if let Some(Request { what: What::Answer { write, .. } | What::Cancel { write }, .. }) =
            self.requests.get_mut(&op)
        {
            write.is_refused = true;
        }
    }

    pub(super) fn end(&mut self, op: OpId) {
        if self.requests.get(&op).is_none_or(|request| request.ends != Some(self.now)) {
            return;
        }
        let Some(request) = self.requests.remove(&op) else { return };
        let begun = request.begun.unwrap_or(self.now);
        self.schedule_late_effect(op, &request.what);
        match request.what {
            What::Read(fate) => {
                let result = self.read(fate, begun);
                self.tell(Input::ReadDone { op, begun, result });
            }
            What::Answer { text, write } => {
                let result = self.written(&write, begun);
                if result.as_ref().is_err_and(Failure::is_outcome_unknown) {
                    self.calls.doubtful(&text);
                }
                self.tell(Input::AnswerDone { op, result });
            }
            What::Cancel { write } => {
                let result = self.written(&write, begun);
                self.tell(Input::CancelDone { op, result });
            }
        }
    }

    fn read(&mut self, fate: ReadFate, begun: Moment) -> ReadResult {
        // It was read half-way between its beginning and its end, from a replica that lags.
        let seen = begun + self.now.since(begun) / 2;
        let seen = match self.outage {
            Some(outage) if outage.is_stale(seen) => outage.since,
            _ => Moment::after_origin(seen.since(Moment::after_origin(millis(fate.lag)))),
        };
        let shown = self.service.shown_at(seen).ok_or_else(|| failure(FailureKind::Status(404)));
        let shown = match fate.kind {
            ReadKind::Shown => shown?,
            ReadKind::WithoutCurrent => self.service.with(&*shown?, "current_step", Value::Null),
            ReadKind::Strange => self.service.with(&*shown?, "status", "PAUSED".into()),
            ReadKind::NeverLeft => return Err(failure(FailureKind::NeverLeft)),
            ReadKind::NoStatus => return Err(failure(FailureKind::NoStatus)),
            // Where a session can be deleted, a 404 that is not true says that it was.
            ReadKind::Status(404) if self.settings.cancel_deletes => shown?,
            ReadKind::Status(code) => return Err(failure(FailureKind::Status(code))),
            ReadKind::RetryAfter(seconds) => return Err(status_after(503, seconds.into())),
            ReadKind::Unreadable => return Err(failure(FailureKind::Unreadable)),
            ReadKind::TooLarge => return Err(failure(FailureKind::TooLarge)),
        };
        let is_unchanged =
            self.machine.known().is_some_and(|known| known.raw_json == shown.raw_json);
        Ok(if is_unchanged { SessionReading::Unchanged } else { SessionReading::Session(shown) })
    }

    fn written(&mut self, write: &Write, begun: Moment) -> WriteResult {
        if self.now < begun + millis(write.fate.answer) && write.fate.kind != WriteKind::NeverLeft {
            // It was cut off before its answer came.
            return Err(failure(FailureKind::NoStatus));
        }
        if write.is_refused && write.fate.kind.tells_refusal() {
            return Err(failure(FailureKind::Status(409)));
        }
        let failed = |kind| Err::<Option<Arc<Session>>, Failure>(failure(kind));
        match write.fate.kind {
            WriteKind::Accepted => Ok(self.service.shown_at(self.now)),
            WriteKind::AcceptedOld => Ok(write.before.clone()),
            WriteKind::AcceptedEmpty => Ok(None),
            WriteKind::Unreadable => failed(FailureKind::Unreadable),
            WriteKind::NeverLeft => failed(FailureKind::NeverLeft),
            WriteKind::NoStatus { .. } => failed(FailureKind::NoStatus),
            WriteKind::Status { code, .. } | WriteKind::Refused(code) => {
                failed(FailureKind::Status(code))
            }
            WriteKind::RetryAfter(seconds) => Err(status_after(429, seconds.into())),
        }
    }
}
