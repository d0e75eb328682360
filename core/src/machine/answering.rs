//! One answer on its way: stored, verified, sent, and its outcome found out.
//!
//! Stages: `Storing` (the store makes it durable) → `Verifying` (a fresh read still shows the prompt)
//! → `Sending` → over; or `BackingOff` (it surely never left), `Judging` (it was refused: is the
//! prompt still open?), `Reconciling` (nobody knows: reads decide).

use std::sync::Arc;

use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};
use crate::json::Json;
use crate::session::{Prompt, Session, SessionStatus};

use super::checkpoint::KeptAnswer;
use super::event::PromptCloseReason;
use super::io::{AnswerCall, CallId, OpId, Output, WriteResult};
use super::look::Unresolved;
use super::moment::Moment;
use super::prompts::{Fingerprint, Prompts, Standing, asking, same_answer};
use super::schedule;
use super::settings::UNRESOLVED_KEPT;
use super::{End, Machine, stages};

const CANCELLING: &str = "the session is being cancelled";

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

/// What one snapshot says about a prompt that somebody wants to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Open,
    Gone,
    /// It does not tell.
    Unclear,
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
        self.answer = Some(PendingAnswer {
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
        });
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
        if self.answer.as_ref().is_some_and(|pending| pending.is_in_the_way_of(prompt)) {
            return Some(LiveFlowError::invalid_argument(
                "prompt",
                "another answer to this session is still under way; wait until it is known what \
                 came of it",
            ));
        }
        match self.prompts.standing(&prompt.run_id, prompt.round) {
            Standing::Closed(reason) => Some(no_longer_open(closed_words(reason))),
            Standing::Open | Standing::Unheard => None,
        }
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

// Time.
impl Machine {
    pub(super) fn answer_wake(&self) -> Option<Moment> {
        let pending = self.answer.as_ref()?;
        let deadline = pending.call.map(|_| pending.deadline);
        match pending.stage {
            Stage::Sending { .. } => None,
            Stage::BackingOff { until } if self.is_active() => {
                Some(deadline.map_or(until, |deadline| deadline.min(until)))
            }
            _ => deadline,
        }
    }

    /// When it wants a read, beside the schedule.
    pub(super) fn answer_wants_read(&self) -> Option<Moment> {
        let pending = self.answer.as_ref()?;
        // A read that did not tell is followed by others by the schedule.
        let wanted = |at: Moment| (!self.reads.has_looked_since(at)).then_some(at);
        match &pending.stage {
            Stage::Storing { .. } | Stage::Sending { .. } | Stage::BackingOff { .. } => None,
            Stage::Verifying | Stage::Judging { .. } => wanted(pending.stage_since),
            Stage::Reconciling => wanted(pending.stage_since)
                .or_else(|| wanted(pending.unknown.as_ref()?.ended + self.settings.answer_grace)),
        }
    }

    /// Since when its outcome is being waited for: reads are frequent then.
    pub(super) fn answer_since(&self) -> Option<Moment> {
        self.answer.as_ref().map(|pending| pending.stage_since)
    }

    pub(super) fn answer_op(&self) -> Option<OpId> {
        match self.answer.as_ref()?.stage {
            Stage::Sending { op } => Some(op),
            _ => None,
        }
    }

    pub(super) fn settle_answer(&mut self, now: Moment) {
        let Some(pending) = &mut self.answer else { return };
        if pending.call.is_some() && now >= pending.deadline {
            if let Stage::Sending { op } = pending.stage {
                self.outputs.push_back(Output::Withdraw { op });
            } else {
                self.answer_out_of_time(now);
            }
            return;
        }
        if pending.barred && pending.has_never_been_sent() {
            self.finish_answer(now, Err(no_longer_open(CANCELLING)));
            return;
        }
        if self.end.is_some() || self.suspended_at.is_some() {
            return;
        }
        if let Stage::BackingOff { until } = pending.stage
            && now >= until
        {
            pending.look_first(now);
        }
        if pending.stage == Stage::Verifying {
            self.send_if_verified(now);
        }
    }

    fn send_if_verified(&mut self, now: Moment) {
        let Some(pending) = &self.answer else { return };
        let prompt = &pending.prompt;
        let known_open = self.prompts.standing(&prompt.run_id, prompt.round) == Standing::Open
            && !self.prompts.is_doubtful(&prompt.run_id, prompt.round);
        let must_look = self.settings.verify_before_answer || pending.look_again || !known_open;
        if !must_look {
            self.send_answer(now, None);
            return;
        }
        let Some(session) = self.reads.known().cloned() else { return };
        let is_recent = !pending.look_again
            || self.reads.confirmed().is_some_and(|begun| begun >= pending.stage_since);
        let verified_until = self.reads.verified_until().filter(|until| now <= *until);
        if is_recent && verified_until.is_some() {
            match self.shown(&session, prompt) {
                Shown::Open => self.send_answer(now, verified_until),
                Shown::Gone => self.answer_gone(now),
                Shown::Unclear => {}
            }
        }
    }

    fn send_answer(&mut self, now: Moment, not_after: Option<Moment>) {
        let op = self.new_op();
        if let Some(read) = self.polling.withdraw_read() {
            // It could only show the world before this write.
            self.outputs.push_back(Output::Withdraw { op: read });
        }
        let Some(pending) = &mut self.answer else { return };
        pending.enter(now, Stage::Sending { op });
        let (prompt, answer) = (&pending.prompt, &pending.answer);
        self.prompts.remember_sent(&prompt.run_id, prompt.round, Some(answer));
        self.outputs.push_back(Output::SendAnswer {
            op,
            answer: pending.answer.clone(),
            idempotency_key: pending.idempotency_key.clone(),
            not_after,
            deadline: pending.deadline,
            fresh_credentials: pending.refresh,
        });
    }

    fn answer_out_of_time(&mut self, now: Moment) {
        let Some(pending) = &self.answer else { return };
        let error = match (&pending.stage, &pending.unknown, &pending.last_error) {
            (_, Some(_), last) => outcome_unknown(last.as_ref()),
            (Stage::Judging { error }, None, _) => error.clone(),
            (_, None, Some(last)) => last.clone(),
            (_, None, None) => LiveFlowError::RequestTimeout {
                context: ErrorContext {
                    reason: "the deadline passed before the answer could be sent; nothing was sent"
                        .to_owned(),
                    retryable: true,
                    ..ErrorContext::default()
                },
            },
        };
        self.finish_answer(now, Err(error));
    }
}

// What attempts met.
impl Machine {
    pub(super) fn answer_done(&mut self, now: Moment, op: OpId, result: WriteResult) {
        if self.answer_op() != Some(op) {
            return;
        }
        self.reads.write_ended(now);
        if let Some(pending) = &mut self.answer {
            pending.refresh = false;
        }
        match result {
            Ok(shown) => self.answer_accepted(now, shown),
            Err(failure) if failure.is_unread_success() => self.answer_accepted(now, None),
            Err(failure) => {
                self.attempt_failed(now, failure);
                self.schedule_next_read(now);
            }
        }
    }

    fn answer_accepted(&mut self, now: Moment, shown: Option<Arc<Session>>) {
        let Some(pending) = &self.answer else { return };
        let (run, round) = (pending.prompt.run_id.clone(), pending.prompt.round);
        self.prompts.accepted(now, &run, round, shown.as_deref());
        self.finish_answer(now, Ok(()));
        self.reached(now);
        self.polling.changed(now);
        match shown {
            Some(session) => {
                self.take_in(now, now, session);
                self.schedule_next_read(now);
            }
            // Read back. Nothing depends on it any more.
            None => self.polling.demand(now),
        }
    }

    fn attempt_failed(&mut self, now: Moment, failure: Failure) {
        let hint = self.hint(&failure);
        let Some(pending) = &mut self.answer else { return };
        pending.last_error = Some(failure.error.clone());
        let is_over = self.end.is_some() || pending.call.is_none();
        let may_resend = !is_over && pending.may_send_again(self.settings.resend_answers);
        if !failure.is_outcome_unknown() && pending.unknown.is_none() {
            self.prompts.remember_sent(&pending.prompt.run_id, pending.prompt.round, None);
        }
        match failure.kind {
            FailureKind::NeverLeft | FailureKind::Status(425 | 429)
                if may_resend || (!is_over && failure.kind == FailureKind::NeverLeft) =>
            {
                pending.failures += 1;
                pending.look_again |= failure.kind != FailureKind::NeverLeft;
                let random = self.dice.unit();
                let backoff = schedule::backoff(&self.settings.retry, pending.failures, random);
                let until = now + hint.map_or(backoff, |hint| hint.max(backoff));
                pending.enter(now, Stage::BackingOff { until });
            }
            FailureKind::Status(401)
                if self.settings.can_refresh_credentials && !pending.refreshed && may_resend =>
            {
                pending.refreshed = true;
                pending.refresh = true;
                pending.look_first(now);
            }
            _ if failure.is_outcome_unknown() => {
                let fingerprint =
                    self.prompts.fingerprint(&pending.prompt.run_id, pending.prompt.round).cloned();
                pending.unknown = Some(Unknown { ended: now, fingerprint, unseen: 0 });
                pending.enter(now, Stage::Reconciling);
                self.judge_by_what_is_known(now);
            }
            // A refusal settles its own attempt only.
            _ if pending.unknown.is_some() => {
                pending.barred = true;
                pending.enter(now, Stage::Reconciling);
                self.judge_by_what_is_known(now);
            }
            kind if needs_judging(kind) && self.end.is_none() => {
                pending.enter(now, Stage::Judging { error: failure.error });
            }
            _ => self.finish_answer(now, Err(failure.error)),
        }
    }

    /// After the end no read will come: what is known must do.
    fn judge_by_what_is_known(&mut self, now: Moment) {
        if self.end.is_none() {
            return;
        }
        if let Some(session) = self.reads.known().cloned() {
            self.answer_seen(now, &session);
        }
        if let Some(pending) = &self.answer {
            let error = outcome_unknown(pending.last_error.as_ref());
            self.finish_answer(now, Err(error));
        }
    }

    pub(super) fn answer_not_started(&mut self, now: Moment, op: OpId) {
        if self.answer_op() != Some(op) {
            return;
        }
        let Some(pending) = &mut self.answer else { return };
        pending.look_first(now);
        let is_unknown = pending.unknown.is_some();
        let is_awaited = pending.is_awaited();
        if !is_unknown {
            self.prompts.remember_sent(&pending.prompt.run_id, pending.prompt.round, None);
        }
        match &self.end {
            Some(End::Watch(reason)) => {
                let error = super::stop_error(reason);
                self.answer_stopped(now, &error);
            }
            Some(End::Session) if is_unknown => self.judge_by_what_is_known(now),
            Some(End::Session) => self.answer_gone(now),
            None if !is_awaited && !is_unknown => self.drop_answer(),
            None => {}
        }
    }

    pub(super) fn answer_read_failed(&mut self, failure: &Failure) {
        if let Some(pending) = &mut self.answer
            && pending.stage == Stage::Verifying
        {
            pending.last_error = Some(failure.error.clone());
        }
    }
}

// What reads show.
impl Machine {
    /// Evidence for an attempt of unknown outcome, before the prompts take the snapshot in.
    pub(super) fn answer_seen(&mut self, now: Moment, session: &Session) {
        let grace = self.settings.answer_grace;
        let begun = self.reads.confirmed().unwrap_or(now);
        let Some(pending) = &mut self.answer else { return };
        if matches!(pending.stage, Stage::Sending { .. }) {
            return;
        }
        let Some(unknown) = &mut pending.unknown else { return };
        let (run_id, round) = (pending.prompt.run_id.clone(), pending.prompt.round);
        let run = session.run(&run_id);

        if let Some(input) = run.and_then(|run| run.user_input.as_ref()) {
            let result = if same_answer(&pending.answer, input) {
                self.prompts.close(&run_id, round, PromptCloseReason::Answered);
                Ok(())
            } else {
                self.prompts.close(&run_id, round, PromptCloseReason::AnsweredElsewhere);
                Err(no_longer_open(closed_words(PromptCloseReason::AnsweredElsewhere)))
            };
            self.finish_answer(now, result);
            return;
        }
        let another_is_current = session.status != SessionStatus::Unrecognised
            && session.current_step.as_ref().is_some_and(|current| current.id != run_id);
        if session.status.is_end() || another_is_current {
            let error = outcome_unknown(pending.last_error.as_ref());
            self.finish_answer(now, Err(error));
            return;
        }
        // From here on its own run is current, or nothing tells which one is.
        let asks = session.status == SessionStatus::WaitingForUserInput
            && session.current_step.as_ref().is_some_and(|current| !current.status.is_end());
        let Some(run) = run.filter(|_| asks) else { return };
        let is_unchanged = unknown
            .fingerprint
            .as_ref()
            .is_none_or(|sent_to| *sent_to == Fingerprint::of(session, run));
        if !is_unchanged {
            // It asks again: perhaps because our answer was taken and found wanting.
            let error = outcome_unknown(pending.last_error.as_ref());
            self.prompts.supersede(&run_id, round);
            self.finish_answer(now, Err(error));
            return;
        }
        unknown.unseen += 1;
        let is_settled = unknown.unseen >= 2 && begun >= unknown.ended + grace;
        if !is_settled || !matches!(pending.stage, Stage::Reconciling) {
            return;
        }
        if pending.may_send_again(self.settings.resend_answers) {
            if self.is_active() {
                self.send_answer(now, self.reads.verified_until());
            }
        } else {
            let error = outcome_unknown(pending.last_error.as_ref());
            self.finish_answer(now, Err(error));
        }
    }

    /// What a believed snapshot means for an answer that is not (or no longer) on the wire, after
    /// the prompts have taken it in.
    pub(super) fn answer_judged(&mut self, now: Moment, session: &Session) {
        let Some(pending) = &self.answer else { return };
        if pending.unknown.is_some() {
            return;
        }
        let shown = self.shown(session, &pending.prompt);
        match (&pending.stage, shown) {
            (Stage::Sending { .. }, _) => {}
            (Stage::Judging { error }, _) if is_misplaced(error) => {
                let error = self.misplaced(error);
                self.finish_answer(now, Err(error));
            }
            (Stage::Judging { error }, Shown::Open) => {
                let error = refused(error);
                self.finish_answer(now, Err(error));
            }
            (_, Shown::Gone) => self.answer_gone(now),
            (_, Shown::Open | Shown::Unclear) => {}
        }
    }

    fn shown(&self, session: &Session, prompt: &Prompt) -> Shown {
        if session.status.is_end() {
            return Shown::Gone;
        }
        match (self.prompts.standing(&prompt.run_id, prompt.round), asking(session)) {
            (Standing::Open, Some(run)) if run.id == prompt.run_id => Shown::Open,
            (Standing::Closed(_), _) | (_, Some(_)) => Shown::Gone,
            (_, None) => match session.status {
                SessionStatus::Unrecognised | SessionStatus::WaitingForUserInput => Shown::Unclear,
                _ => Shown::Gone,
            },
        }
    }

    fn answer_gone(&mut self, now: Moment) {
        let Some(pending) = &self.answer else { return };
        let reason = match self.prompts.standing(&pending.prompt.run_id, pending.prompt.round) {
            Standing::Closed(reason) => closed_words(reason),
            _ => "the session does not ask it any more",
        };
        self.finish_answer(now, Err(no_longer_open(reason)));
    }

    fn misplaced(&self, error: &LiveFlowError) -> LiveFlowError {
        LiveFlowError::Configuration {
            context: ErrorContext {
                reason: format!(
                    "the service has the session, but nothing that takes user input at {:?}: \
                     check the method and path of endpoints.add_user_input",
                    self.settings.answer_path
                ),
                retryable: false,
                ..error.context().clone()
            },
            setting: Some("endpoints.add_user_input".to_owned()),
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
        self.unresolved_count += 1;
        let (number, text) = (self.unresolved_count, pending.answer.to_text());
        self.unresolved.push_back(Unresolved { number, prompt: pending.prompt.clone(), text });
        if self.unresolved.len() > UNRESOLVED_KEPT {
            self.unresolved.pop_front();
        }
        self.changed = true;
    }
}

fn needs_judging(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Status(401 | 403 | 425 | 429) => false,
        FailureKind::Status(status) => (400..500).contains(&status),
        _ => false,
    }
}

/// A status that says that there is nothing at that path, or nothing for that method.
fn is_misplaced(error: &LiveFlowError) -> bool {
    !matches!(error.context().http_status, Some(400 | 409 | 422))
}

fn refused(error: &LiveFlowError) -> LiveFlowError {
    match error {
        LiveFlowError::InvalidRequest { .. } => error.clone(),
        other => LiveFlowError::InvalidRequest {
            context: other.context().clone(),
            argument: Some("answer".to_owned()),
            field_errors: Vec::new(),
        },
    }
}

pub(crate) fn no_longer_open(why: &str) -> LiveFlowError {
    LiveFlowError::PromptNoLongerOpen {
        context: ErrorContext::new(format!("this prompt takes no answer any more: {why}")),
    }
}

fn closed_words(reason: PromptCloseReason) -> &'static str {
    match reason {
        PromptCloseReason::Answered => "it has been answered",
        PromptCloseReason::AnsweredElsewhere => "somebody else has answered it",
        PromptCloseReason::SessionEnded => "the session has ended",
        PromptCloseReason::WatchEnded => "the watch has ended",
        PromptCloseReason::Unknown => "the session has moved on",
    }
}

fn outcome_unknown(last: Option<&LiveFlowError>) -> LiveFlowError {
    let cause = last.map(|error| format!(" (last: {error})")).unwrap_or_default();
    LiveFlowError::OutcomeUnknown {
        context: ErrorContext {
            reason: format!(
                "the answer was sent, and nothing shows whether it arrived{cause}; look at the \
                 session before you answer again"
            ),
            ..last.map(|error| error.context().clone()).unwrap_or_default()
        },
        candidates: Vec::new(),
    }
}
