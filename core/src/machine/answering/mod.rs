//! One answer on its way: stored, verified, sent, and its outcome found out.
//!
//! Stages: `Storing` (the store makes it durable) → `Verifying` (a fresh read still shows the prompt)
//! → `Sending` → over; or `BackingOff` (it surely never left), `Judging` (it was refused: is the
//! prompt still open?), `Reconciling` (nobody knows: reads decide).
//!
//! Here is how an answer begins and ends; in `sending` its attempts, in `evidence` what reads say of
//! it, in `words` what its caller is told.

mod evidence;
mod sending;
mod words;

use crate::error::LiveFlowError;
use crate::json::Json;
use crate::session::Prompt;

use super::checkpoint::KeptAnswer;
use super::io::{AnswerCall, CallId, OpId, Output};
use super::moment::Moment;
use super::prompts::{Fingerprint, Prompts, Standing};
use super::{End, Machine, stages};

use words::{CANCELLING, closed_words, outcome_unknown};

pub(crate) use words::no_longer_open;

#[derive(Debug)]
pub(super) struct PendingAnswer {
    /// Who waits for the result. Nobody, once the call was given up, or after a restart; then it is
    /// never sent again.
    call: Option<CallId>,
    prompt: Prompt,
    answer: Json,
    idempotency_key: String,
    wall_time: u64,
    deadline: Moment,
    stage: Stage,
    stage_since: Moment,
    failures: u32,
    /// A 401 was met with fresh credentials already.
    refreshed: bool,
    /// The next attempt is to use fresh credentials.
    refresh: bool,
    /// The service asked to wait: the prompt is looked at again even if that is switched off.
    look_again: bool,
    /// The newest attempt of unknown outcome. It stays unknown, whatever later attempts meet.
    unknown: Option<Unknown>,
    /// Nothing more is sent: a later attempt was refused, or the session is to be cancelled.
    barred: bool,
    last_error: Option<LiveFlowError>,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Storing { number: u64 },
    Verifying,
    Sending { op: OpId },
    BackingOff { until: Moment },
    Judging { error: LiveFlowError },
    Reconciling,
}

/// An attempt whose outcome is not known.
#[derive(Debug)]
struct Unknown {
    /// When it ended. Its effect may show up until `answer_grace` later.
    ended: Moment,
    /// The prompt as it was when the answer was sent.
    fingerprint: Option<Fingerprint>,
    /// How many reads since have shown the prompt open and unchanged.
    unseen: u32,
}

impl PendingAnswer {
    pub(super) fn restored(now: Moment, kept: KeptAnswer, prompts: &Prompts) -> Self {
        let fingerprint = prompts.fingerprint(&kept.run, kept.round).cloned();
        Self {
            call: None,
            prompt: kept.prompt(),
            answer: kept.answer,
            idempotency_key: kept.idempotency_key,
            wall_time: kept.time,
            deadline: now,
            stage: Stage::Reconciling,
            stage_since: now,
            failures: 0,
            refreshed: false,
            refresh: false,
            look_again: false,
            // Its grace starts anew: the attempt may have begun just before the process ended.
            unknown: Some(Unknown { ended: now, fingerprint, unseen: 0 }),
            barred: false,
            last_error: None,
        }
    }

    pub(super) fn kept(&self) -> KeptAnswer {
        KeptAnswer {
            run: self.prompt.run_id.clone(),
            round: self.prompt.round,
            step_name: self.prompt.step_name.clone(),
            prompt_text: self.prompt.text.clone(),
            prompt_kind: self.prompt.kind.clone(),
            prompt_raw: self.prompt.raw.clone(),
            answer: self.answer.clone(),
            idempotency_key: self.idempotency_key.clone(),
            time: self.wall_time,
        }
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.call.is_some()
    }

    fn enter(&mut self, now: Moment, stage: Stage) {
        stages::check(stages::ANSWER, self.stage.name(), stage.name());
        self.stage = stage;
        self.stage_since = now;
    }

    /// Whether no attempt of it was ever begun, or each surely never arrived.
    fn has_never_been_sent(&self) -> bool {
        self.unknown.is_none()
            && matches!(
                self.stage,
                Stage::Storing { .. } | Stage::Verifying | Stage::BackingOff { .. }
            )
    }

    /// Where to go on from a wait: an earlier attempt of unknown outcome has to be judged first.
    fn look_first(&mut self, now: Moment) {
        let stage = if self.unknown.is_some() { Stage::Reconciling } else { Stage::Verifying };
        self.enter(now, stage);
    }

    /// Whether no other answer may be begun before this one is settled. One that nobody waits for
    /// any more only keeps its own run.
    fn is_in_the_way_of(&self, prompt: &Prompt) -> bool {
        self.call.is_some()
            || matches!(self.stage, Stage::Sending { .. })
            || self.prompt.run_id == prompt.run_id
    }

    fn may_have_been_sent(&self) -> bool {
        self.unknown.is_some() || matches!(self.stage, Stage::Sending { .. })
    }

    /// Whether it may be sent again after an attempt of which something left.
    fn may_send_again(&self, resend_answers: bool) -> bool {
        self.call.is_some() && resend_answers && !self.barred
    }
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Storing { .. } => "Storing",
            Self::Verifying => "Verifying",
            Self::Sending { .. } => "Sending",
            Self::BackingOff { .. } => "BackingOff",
            Self::Judging { .. } => "Judging",
            Self::Reconciling => "Reconciling",
        }
    }
}

// What callers want.
impl Machine {
    pub(super) fn answer_begin(&mut self, now: Moment, call: AnswerCall) {
        if let Some(error) = self.answer_refusal(&call.prompt) {
            let result = Err(error.with_answer(call.answer.to_text()));
            self.outputs.push_back(Output::Answered { call: call.call, result });
            return;
        }
        if let Some(older) = self.answer.take() {
            self.report_unresolved(&older);
        }
        self.answer = Some(Box::new(PendingAnswer {
            call: Some(call.call),
            prompt: call.prompt,
            answer: call.answer,
            idempotency_key: call.idempotency_key,
            wall_time: call.wall_time,
            deadline: call.deadline,
            stage: Stage::Verifying,
            stage_since: now,
            failures: 0,
            refreshed: false,
            refresh: false,
            look_again: false,
            unknown: None,
            barred: false,
            last_error: None,
        }));
        // The checkpoint holds it from now on.
        self.changed = true;
        if let Some(number) = self.save()
            && let Some(pending) = &mut self.answer
        {
            pending.stage = Stage::Storing { number };
        }
    }

    /// Why an answer to this prompt is not even begun, if so.
    fn answer_refusal(&self, prompt: &Prompt) -> Option<LiveFlowError> {
        match &self.end {
            Some(End::Session) => return Some(no_longer_open("the session has ended")),
            Some(End::Watch(reason)) => return Some(super::stop_error(reason)),
            None => {}
        }
        if self.cancel.is_some() {
            return Some(no_longer_open(CANCELLING));
        }
        if let Standing::Closed(reason) = self.prompts.standing(&prompt.run_id, prompt.round) {
            return Some(no_longer_open(closed_words(reason)));
        }
        self.answer.as_ref().filter(|pending| pending.is_in_the_way_of(prompt)).map(|_| {
            LiveFlowError::invalid_argument(
                "prompt",
                "another answer to this session is still under way; wait until it is known what \
                 came of it",
            )
        })
    }

    pub(super) fn answer_given_up(&mut self, call: CallId) {
        let Some(pending) = self.answer.as_mut().filter(|pending| pending.call == Some(call))
        else {
            return;
        };
        pending.call = None;
        if let Stage::Sending { op } = pending.stage {
            self.outputs.push_back(Output::Withdraw { op });
        } else if pending.unknown.is_none() {
            self.drop_answer();
        }
    }

    /// Nothing of it arrived, and whoever gave up waiting has its text.
    fn drop_answer(&mut self) {
        self.answer = None;
        self.changed = true;
        self.save();
    }

    /// The session is to be cancelled: what is on the wire goes on, nothing is sent any more.
    pub(super) fn answer_barred(&mut self) {
        if let Some(pending) = &mut self.answer {
            pending.barred = true;
        }
    }

    /// The store has made a checkpoint durable, or failed to.
    pub(super) fn saved(&mut self, now: Moment, number: u64, result: Result<(), LiveFlowError>) {
        let Some(pending) = &mut self.answer else { return };
        // A checkpoint that was stored in place of an older one holds all of it.
        if !matches!(pending.stage, Stage::Storing { number: awaited } if number >= awaited) {
            return;
        }
        match result {
            Ok(()) => pending.enter(now, Stage::Verifying),
            Err(error) => self.finish_answer(now, Err(error)),
        }
    }
}

// How it ends.
impl Machine {
    /// The watch has ended before the session did.
    pub(super) fn answer_stopped(&mut self, now: Moment, error: &LiveFlowError) {
        let Some(pending) = &self.answer else { return };
        match pending.stage {
            // It may be on the wire; the engine keeps it from beginning, or reports its outcome.
            Stage::Sending { op } => self.outputs.push_back(Output::Withdraw { op }),
            _ if pending.may_have_been_sent() => {
                let error = outcome_unknown(Some(error));
                self.finish_answer(now, Err(error));
            }
            _ => self.finish_answer(now, Err(error.clone())),
        }
    }

    /// No read will tell what became of it.
    fn answer_stays_unknown(&mut self, now: Moment) {
        let Some(pending) = &self.answer else { return };
        let error = outcome_unknown(pending.last_error.as_ref());
        self.finish_answer(now, Err(error));
    }

    fn finish_answer(&mut self, now: Moment, result: Result<(), LiveFlowError>) {
        let Some(pending) = self.answer.take() else { return };
        stages::check(stages::ANSWER, pending.stage.name(), "End");
        let keep_for_restart =
            matches!(self.end, Some(End::Watch(_))) && pending.unknown.is_some() && result.is_err();
        match (pending.call, result) {
            (Some(call), Ok(())) => {
                self.outputs.push_back(Output::Answered { call, result: Ok(()) });
            }
            (Some(call), Err(error)) => {
                let result = Err(error.with_answer(pending.answer.to_text()));
                self.outputs.push_back(Output::Answered { call, result });
            }
            (None, Ok(())) => {}
            (None, Err(_)) => self.report_unresolved(&pending),
        }
        self.changed = true;
        match self.end {
            Some(End::Session) => self.forget(),
            _ if keep_for_restart => {}
            _ => {
                self.save();
            }
        }
        self.schedule_next_read(now);
    }

    fn report_unresolved(&mut self, pending: &PendingAnswer) {
        self.unresolved.add(pending.kept());
        self.changed = true;
    }
}
