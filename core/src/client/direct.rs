//! The service's calls outside any watch: reads are tried again on transient failures, writes only
//! while they surely never left.

use std::sync::Arc;

use crate::answer::Answer;
use crate::engine::{DirectCall, DirectReply, Engine, client_closed, now, seed, unique_key};
use crate::error::{ErrorContext, LiveFlowError, Result};
use crate::failure::{Failure, FailureKind};
use crate::ids::{LiveFlowId, SessionId};
use crate::machine::{Dice, Moment, backoff, hinted};
use crate::service::Reading;
use crate::session::Session;

/// How many unreadable answers in a row a read bears.
const UNREADABLE_LIMIT: u32 = 5;

/// What one caller's tries have met so far.
pub(super) struct Tries {
    engine: Arc<Engine>,
    pub(super) deadline: Moment,
    dice: Dice,
    failures: u32,
    unreadable: u32,
    pub(super) refresh: bool,
    refreshed: bool,
    last_error: Option<LiveFlowError>,
}

impl Tries {
    pub(super) fn new(engine: &Arc<Engine>) -> Self {
        Self {
            engine: Arc::clone(engine),
            deadline: engine.deadline(),
            dice: Dice::new(seed()),
            failures: 0,
            unreadable: 0,
            refresh: false,
            refreshed: false,
            last_error: None,
        }
    }

    /// Sends one request. `None`: it was on its way when the client was closed or suspended.
    pub(super) async fn ask(&mut self, call: DirectCall) -> Option<DirectReply> {
        let fresh = std::mem::take(&mut self.refresh);
        self.engine.ask(call, self.deadline, fresh).await
    }

    /// Waits out a failure of a read, if it may pass; gives the error otherwise.
    pub(super) async fn again_after_read(&mut self, failure: Failure) -> Result<()> {
        if failure.kind == FailureKind::Unreadable {
            self.unreadable += 1;
        }
        let may_pass = failure.is_transient_for_reads() && self.unreadable < UNREADABLE_LIMIT;
        self.again(failure, may_pass).await
    }

    /// Waits out a failure of a write that surely never left; gives the error otherwise.
    async fn again_after_write(&mut self, failure: Failure) -> Result<()> {
        let never_left =
            matches!(failure.kind, FailureKind::NeverLeft | FailureKind::Status(425 | 429));
        self.again(failure, never_left).await
    }

    async fn again(&mut self, failure: Failure, may_pass: bool) -> Result<()> {
        let config = Arc::clone(self.engine.config());
        if failure.kind == FailureKind::Status(401)
            && config.credentials.is_some()
            && !self.refreshed
        {
            self.refreshed = true;
            self.refresh = true;
            return Ok(());
        }
        if !may_pass {
            return Err(failure.error);
        }
        self.failures += 1;
        let wait = backoff(&config.retry, self.failures, self.dice.unit());
        let hint = failure
            .retry_after
            .map(|hint| hinted(hint, config.max_retry_after, self.dice.unit()))
            .unwrap_or_default();
        let until = now() + wait.max(hint);
        if until >= self.deadline {
            return Err(failure.error);
        }
        self.last_error = Some(failure.error);
        tokio::time::sleep(until.since(now())).await;
        Ok(())
    }

    /// The error of a call that was not sent: the client is closed, or the deadline came first.
    pub(super) fn not_started(&mut self) -> LiveFlowError {
        if let Err(closed) = self.engine.check() {
            return closed;
        }
        self.last_error.take().unwrap_or_else(|| LiveFlowError::RequestTimeout {
            context: ErrorContext {
                retryable: true,
                ..ErrorContext::new(
                    "the deadline passed before the request could be sent; nothing was sent",
                )
            },
        })
    }
}

pub(super) async fn get_session(
    engine: &Arc<Engine>,
    flow: LiveFlowId,
    session: SessionId,
) -> Result<Session> {
    let tries = Tries::new(engine);
    engine.run(read(tries, flow, session)).await
}

async fn read(mut tries: Tries, flow: LiveFlowId, session: SessionId) -> Result<Session> {
    loop {
        let call = DirectCall::Get { flow: flow.clone(), session: session.clone() };
        match tries.ask(call).await {
            Some(DirectReply::Read(Ok(Reading::Session { session, .. }))) => return Ok(*session),
            Some(DirectReply::Read(Err(failure))) => tries.again_after_read(failure).await?,
            // Cut off by a suspend: it is only a read, and waits for its turn again.
            None => tries.engine.check()?,
            Some(_) => return Err(tries.not_started()),
        }
    }
}

pub(super) async fn add_user_input(
    engine: &Arc<Engine>,
    flow: LiveFlowId,
    session: SessionId,
    answer: Answer,
) -> Result<Session> {
    let text = answer.text();
    let tries = Tries::new(engine);
    engine
        .run(write_input(tries, flow, session, answer))
        .await
        .map_err(|error| error.with_answer(text))
}

async fn write_input(
    mut tries: Tries,
    flow: LiveFlowId,
    session: SessionId,
    answer: Answer,
) -> Result<Session> {
    let idempotency_key = unique_key();
    loop {
        let call = DirectCall::AddUserInput {
            flow: flow.clone(),
            session: session.clone(),
            answer: answer.json().clone(),
            idempotency_key: idempotency_key.clone(),
        };
        match tries.ask(call).await {
            Some(DirectReply::Write(Ok(Some(session)))) => return Ok((*session).clone()),
            // Taken, but not shown: read it back.
            Some(DirectReply::Write(Ok(None))) => return read(tries, flow, session).await,
            Some(DirectReply::Write(Err(failure))) if failure.is_outcome_unknown() => {
                return Err(outcome_unknown(&failure.error));
            }
            Some(DirectReply::Write(Err(failure))) => tries.again_after_write(failure).await?,
            None => return Err(outcome_unknown(&client_closed())),
            Some(_) => return Err(tries.not_started()),
        }
    }
}

fn outcome_unknown(cause: &LiveFlowError) -> LiveFlowError {
    LiveFlowError::OutcomeUnknown {
        context: ErrorContext {
            reason: format!(
                "the input was sent, and nothing shows whether it arrived (last: {cause}); look \
                 at the session before you send it again"
            ),
            ..cause.context().clone()
        },
        candidates: Vec::new(),
    }
}
