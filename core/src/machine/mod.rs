//! What to do next with one watched session: a state machine without I/O.
//!
//! It is handed inputs with the time (`handle`), and is drained of outputs (`poll_output`) and of
//! the time it wants to be woken (`wake_at`). It knows no clock, no network and no randomness of its
//! own, so a test can take it through years of trouble in a millisecond. What it concludes from each
//! outcome is specified by tables whose rows the tests in `tests/` name.
//!
//! To add an input: a variant of [`Input`], an arm in [`Machine::handle`], a row in the tests.

mod answering;
mod cancelling;
mod checkpoint;
mod create;
mod cursor;
mod dice;
mod event;
mod io;
mod kept_time;
mod look;
mod moment;
mod polling;
mod prompts;
mod reads;
mod schedule;
mod settings;
mod stages;
// With the feature for its world, in which fuzzers play too.
#[cfg(any(test, feature = "internals"))]
pub(crate) mod tests;
mod unresolved;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::{ErrorContext, LiveFlowError};
use crate::ids::{LiveFlowId, SessionId};
use crate::session::Session;

use answering::PendingAnswer;
use cancelling::PendingCancel;
use look::Lost;
use polling::Polling;
use prompts::Prompts;
use reads::{Reads, Verdict};
use unresolved::UnresolvedAnswers;

pub use checkpoint::Checkpoint;
pub use event::{PromptCloseReason, SessionEvent, WatchEndReason};

pub(crate) use answering::no_longer_open;
pub(crate) use create::{
    CLOCK_GRAIN, ClockDifference, CreateInput, CreateMachine, CreateStep, REPORTED_AGE, Wanted,
};
pub(crate) use cursor::Cursor;
pub(crate) use dice::Dice;
pub(crate) use io::{AnswerCall, CallId, Input, OpId, Output, SessionReading, WriteResult};
pub(crate) use look::{End, Look};
pub(crate) use moment::Moment;
#[cfg(any(test, feature = "internals"))]
pub(crate) use schedule::{Phase, interval};
pub(crate) use schedule::{backoff, hinted};
pub(crate) use settings::Settings;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errand {
    Save,
    Forget,
}

/// One watched session.
#[derive(Debug)]
pub(crate) struct Machine {
    settings: Arc<Settings>,
    flow: LiveFlowId,
    session_id: SessionId,
    dice: Dice,
    reads: Reads,
    prompts: Prompts,
    polling: Polling,
    // Boxed, as nearly all machines have none most of the time.
    answer: Option<Box<PendingAnswer>>,
    cancel: Option<Box<PendingCancel>>,
    /// Until when an answer of unknown outcome may still take effect; until a read that was begun
    /// after that has told what is asked.
    doubtful_until: Option<Moment>,
    unresolved: UnresolvedAnswers,
    connection: Option<Arc<Lost>>,
    /// When watching ends without an end of the session. Moved on by every suspension.
    limit_at: Moment,
    /// When our own create brought this session about, if it did.
    created_at: Option<Moment>,
    suspended_at: Option<Moment>,
    /// The order number of the newest suspend or resume: the later call wins.
    lifecycle_order: u64,
    end: Option<End>,
    /// Whether nobody will ask for events any more.
    is_closed: bool,
    next_op: u64,
    checkpoint_number: u64,
    outputs: VecDeque<Output>,
    /// What the store is to do, once the input at hand has had all its effects.
    errand: Option<Errand>,
    /// Whether consumers have something new to look at.
    changed: bool,
}

impl Machine {
    /// Watches a session from now on; the first read is due at `first_read`.
    pub(crate) fn new(
        settings: Arc<Settings>,
        flow: LiveFlowId,
        session_id: SessionId,
        seed: u64,
        now: Moment,
        first_read: Moment,
    ) -> Self {
        let limit_at = now + settings.watch_limit;
        Self {
            settings,
            flow,
            session_id,
            dice: Dice::new(seed),
            reads: Reads::default(),
            prompts: Prompts::default(),
            polling: Polling::new(now, first_read),
            answer: None,
            cancel: None,
            doubtful_until: None,
            unresolved: UnresolvedAnswers::default(),
            connection: None,
            limit_at,
            created_at: None,
            suspended_at: None,
            lifecycle_order: 0,
            end: None,
            is_closed: false,
            next_op: 0,
            checkpoint_number: 0,
            outputs: VecDeque::new(),
            errand: None,
            changed: true,
        }
    }

    /// Watches a session that our own create has just brought about.
    pub(crate) fn created(mut self, now: Moment, session: Arc<Session>) -> Self {
        self.created_at = Some(now);
        self.take_in(now, now, session);
        self.schedule_next_read(now);
        self.run_errand();
        self
    }

    /// Goes on with a session from its checkpoint. An answer that was under way is of unknown
    /// outcome; nobody waits for it any more.
    pub(crate) fn restored(mut self, now: Moment, checkpoint: Checkpoint) -> Self {
        self.checkpoint_number = checkpoint.number();
        self.reads = Reads::restarted(checkpoint.updated_at());
        let (prompts, answer, unresolved) = checkpoint.into_parts();
        self.unresolved = UnresolvedAnswers::restored(unresolved);
        self.prompts = prompts.restarted(now);
        self.doubtful_until = Some(now + self.settings.answer_grace);
        if let Some(kept) = answer {
            self.prompts.remember_sent(&kept.run, kept.round, Some(&kept.answer));
            self.answer = Some(Box::new(PendingAnswer::restored(now, kept, &self.prompts)));
        }
        self
    }

    pub(crate) fn session_id(&self) -> &SessionId {
        &self.session_id
    }

    pub(crate) fn flow(&self) -> &LiveFlowId {
        &self.flow
    }

    pub(crate) fn known(&self) -> Option<&Arc<Session>> {
        self.reads.known()
    }

    /// Whether nothing will ever come out of it again.
    pub(crate) fn is_done(&self) -> bool {
        self.end.is_some()
            && self.answer.is_none()
            && self.cancel.is_none()
            && (self.is_closed || self.unresolved.are_all_told())
            && self.outputs.is_empty()
            && !self.changed
    }

    /// Takes one input in. Drain `poll_output` and read `wake_at` afterwards.
    pub(crate) fn handle(&mut self, now: Moment, input: Input) {
        match input {
            Input::Wake => {}

            // What came of requests.
            Input::ReadDone { op, begun, result } => self.read_done(now, op, begun, result),
            Input::AnswerDone { op, result } => self.answer_done(now, op, result),
            Input::CancelDone { op, result } => self.cancel_done(now, op, result),
            Input::NotStarted { op } => self.not_started(now, op),
            Input::Saved { number, result } => self.saved(now, number, result),

            // What callers want.
            Input::Answer(call) => self.answer_begin(now, call),
            Input::Cancel { call, deadline } => self.cancel_begin(call, deadline),
            Input::GiveUp { call } => self.give_up(call),
            Input::UnresolvedTold { number } => self.unresolved_told(number),
            Input::PollNow => self.polling.demand(now),

            // What the device does.
            Input::Suspend { order } => self.suspend(now, order),
            Input::Resume { order } => self.resume(now, order),
            Input::NetworkChanged => self.polling.forget_backoff(now),
            Input::Close => {
                self.is_closed = true;
                self.stop(now, WatchEndReason::Closed);
            }
        }
        self.settle(now);
        self.run_errand();
    }

    /// The next thing to be done, until there is none. News for consumers come first, so that whoever
    /// is told a call's result finds it in what can be seen.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        if std::mem::take(&mut self.changed) {
            return Some(Output::Changed);
        }
        let next = self.outputs.pop_front();
        if next.is_none() {
            // Most of the time there is nothing to do, and thousands of machines share the memory.
            self.outputs = VecDeque::new();
        }
        next
    }

    /// When it wants an [`Input::Wake`], if nothing else comes first.
    pub(crate) fn wake_at(&self) -> Option<Moment> {
        let limit = (self.end.is_none() && self.suspended_at.is_none()).then_some(self.limit_at);
        [limit, self.read_due(), self.answer_wake(), self.cancel_wake()].into_iter().flatten().min()
    }

    /// What there is to tell consumers.
    pub(crate) fn look(&self) -> Look {
        Look {
            session: self.reads.known().cloned(),
            prompts: look::prompt_fates(&self.prompts, self.reads.known().map(|known| &**known)),
            unresolved: self.unresolved.to_tell(),
            connection: self.connection.clone(),
            checkpoint: Arc::new(self.checkpoint()),
            end: self.end.clone(),
        }
    }

    /// The checkpoint as of now.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let answer = self.answer.as_deref().map(PendingAnswer::kept);
        Checkpoint::new(
            self.flow.clone(),
            self.session_id.clone(),
            self.checkpoint_number,
            self.reads.updated_at(),
            &self.prompts,
            answer,
            self.unresolved.untold().cloned().collect(),
        )
    }

    /// Lets time have its effect, then does whatever has become possible.
    fn settle(&mut self, now: Moment) {
        if self.end.is_none() && self.suspended_at.is_none() && now >= self.limit_at {
            self.stop(now, WatchEndReason::TimeLimit);
        }
        self.settle_cancel(now);
        self.settle_answer(now);
        self.settle_read(now);
    }

    /// Takes a snapshot in, and draws every conclusion from it.
    fn take_in(&mut self, now: Moment, begun: Moment, session: Arc<Session>) -> Verdict {
        if matches!(self.end, Some(End::Session)) {
            return Verdict::Overtaken;
        }
        let verdict = self.reads.judge(now, begun, session, self.settings.max_staleness);
        match verdict {
            Verdict::Changed => {
                self.polling.changed(now);
                self.draw_conclusions(now);
                self.changed = true;
            }
            Verdict::Confirmed => self.draw_conclusions(now),
            Verdict::Overtaken | Verdict::Stale => {}
        }
        verdict
    }

    /// What the newest knowledge means for the pending answer and cancel, for the prompts, and for
    /// the watch. The answer comes first: it knows of its own prompt what no snapshot can tell.
    fn draw_conclusions(&mut self, now: Moment) {
        let Some(session) = self.reads.known().cloned() else { return };
        self.answer_seen(now, &session);
        let begun = self.reads.confirmed().unwrap_or(now);
        let is_changed = self.prompts.observe(begun, &self.settings, &session);
        self.changed |= is_changed;
        if prompts::tells_what_is_asked(&session) {
            self.doubtful_until = self.doubtful_until.filter(|until| begun < *until);
        }
        self.answer_judged(now, &session);
        if session.status.is_end() && self.end.is_none() {
            self.end = Some(End::Session);
            self.connection = None;
            self.changed = true;
            if self.answer.is_none() {
                self.forget();
            }
        } else if is_changed || self.checkpoint_number == 0 {
            // The first time, so that a restart finds a session that has asked nothing yet.
            self.save();
        }
        self.cancel_seen(now, &session);
    }

    /// Ends the watch before the session's end.
    fn stop(&mut self, now: Moment, reason: WatchEndReason) {
        if self.end.is_some() {
            return;
        }
        let error = stop_error(&reason);
        self.end = Some(End::Watch(Arc::new(reason)));
        self.connection = None;
        self.changed = true;
        if let Some(op) = self.polling.withdraw_read() {
            self.outputs.push_back(Output::Withdraw { op });
        }
        self.answer_stopped(now, &error);
        self.cancel_stopped(&error);
    }

    /// A request of ours was withdrawn before any of it left.
    fn not_started(&mut self, now: Moment, op: OpId) {
        self.polling.not_started(op);
        self.answer_not_started(now, op);
        self.cancel_not_started(op);
    }

    fn give_up(&mut self, call: CallId) {
        self.answer_given_up(call);
        self.cancel_given_up(call);
    }

    fn suspend(&mut self, now: Moment, order: u64) {
        if order < self.lifecycle_order {
            return;
        }
        self.lifecycle_order = order;
        if self.suspended_at.is_some() || self.end.is_some() {
            return;
        }
        self.suspended_at = Some(now);
        // Writes in flight are given their grace by the engine, which then reports them.
        let writes = [self.answer_op(), self.cancel_op()];
        for op in writes.into_iter().flatten().chain(self.polling.withdraw_read()) {
            self.outputs.push_back(Output::Withdraw { op });
        }
    }

    fn resume(&mut self, now: Moment, order: u64) {
        if order < self.lifecycle_order {
            return;
        }
        self.lifecycle_order = order;
        let Some(since) = self.suspended_at.take() else { return };
        self.limit_at = self.limit_at + now.since(since);
        self.polling.demand(now);
    }

    fn is_active(&self) -> bool {
        self.end.is_none() && self.suspended_at.is_none()
    }

    /// Something that a checkpoint keeps is another. Where there is a store, gives the number under
    /// which it will be kept there.
    fn save(&mut self) -> Option<u64> {
        if self.errand.is_none() {
            self.checkpoint_number += 1;
        }
        if !self.settings.stores_answers {
            return None;
        }
        self.errand.get_or_insert(Errand::Save);
        Some(self.checkpoint_number)
    }

    /// The session has ended: no restart will ever go on with it, unless somebody is still to be told
    /// of an answer.
    fn forget(&mut self) {
        if !self.unresolved.are_all_told() {
            self.save();
        } else if self.settings.stores_answers {
            self.errand = Some(Errand::Forget);
        }
    }

    fn unresolved_told(&mut self, number: u64) {
        if !self.unresolved.told(number) {
            return;
        }
        self.changed = true;
        match self.end {
            Some(End::Session) => self.forget(),
            // What is stored is left to the next start.
            Some(End::Watch(_)) => {}
            None => {
                self.save();
            }
        }
    }

    /// A checkpoint is made of the state after an input, never of one amid its effects.
    fn run_errand(&mut self) {
        match self.errand.take() {
            Some(Errand::Save) => {
                let checkpoint = Box::new(self.checkpoint());
                self.outputs.push_back(Output::Save { checkpoint });
            }
            Some(Errand::Forget) => self.outputs.push_back(Output::Forget),
            None => {}
        }
    }

    fn new_op(&mut self) -> OpId {
        self.next_op += 1;
        OpId(self.next_op)
    }
}

/// What a caller is told whose call a stopped watch cuts short.
pub(crate) fn stop_error(reason: &WatchEndReason) -> LiveFlowError {
    match reason {
        WatchEndReason::Closed => LiveFlowError::closed("the watch was closed during this call"),
        WatchEndReason::TimeLimit => LiveFlowError::RequestTimeout {
            context: ErrorContext::new("the watch reached its watch_limit during this call"),
        },
        WatchEndReason::Error { error } => error.clone(),
    }
}
