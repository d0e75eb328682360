//! The service's calls outside any watch: reads are tried again on transient failures, writes only
//! while they surely never left.

use std::sync::Arc;

use crate::answer::Answer;
use crate::engine::{Engine, Job, Reply, now, seed, unique_key};
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

    /// Sends one request.
    pub(super) async fn ask(&mut self, job: Job) -> Reply {
        let fresh = std::mem::take(&mut self.refresh);
        self.engine.ask(job, self.deadline, fresh).await
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
            // A last try that the deadline cut short tells less than the one before it.
            let told_more = self.last_error.take().filter(|_| now() >= self.deadline);
            return Err(told_more.unwrap_or(failure.error));
        }
        self.last_error = Some(failure.error);
        self.engine.sleep_until(until).await
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
        let job = Job::Get { flow: flow.clone(), session: session.clone(), known: None };
        match tries.ask(job).await {
            Reply::Read { result: Ok(Reading::Session { session, .. }), .. } => {
                return Ok(*session);
            }
            Reply::Read { result: Err(failure), .. } => tries.again_after_read(failure).await?,
            _ => return Err(tries.not_started()),
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
    let write = write_input(tries, flow.clone(), session.clone(), answer);
    match engine.run(write).await.map_err(|error| error.with_answer(text))? {
        Some(session) => Ok((*session).clone()),
        // Taken, but not shown: read it back.
        None => get_session(engine, flow, session).await.map_err(taken),
    }
}

/// Gives the session, if the service shows it.
async fn write_input(
    mut tries: Tries,
    flow: LiveFlowId,
    session: SessionId,
    answer: Answer,
) -> Result<Option<Arc<Session>>> {
    let idempotency_key = unique_key();
    loop {
        let job = Job::AddUserInput {
            flow: flow.clone(),
            session: session.clone(),
            answer: answer.json().clone(),
            idempotency_key: idempotency_key.clone(),
        };
        match tries.ask(job).await {
            Reply::Write(Ok(shown)) => return Ok(shown),
            Reply::Write(Err(failure)) if failure.is_outcome_unknown() => {
                return Err(outcome_unknown(&failure.error));
            }
            Reply::Write(Err(failure)) => tries.again_after_write(failure).await?,
            _ => return Err(tries.not_started()),
        }
    }
}

/// The input was taken; only the session could not be read back. There is no text to hand back.
fn taken(mut error: LiveFlowError) -> LiveFlowError {
    let context = error.context_mut();
    context.retryable = false;
    context.reason = format!(
        "the input was accepted, but the session could not be read afterwards: {}",
        context.reason
    );
    error
}

fn outcome_unknown(cause: &LiveFlowError) -> LiveFlowError {
    LiveFlowError::OutcomeUnknown {
        context: ErrorContext {
            reason: format!(
                "the input was sent, and nothing shows whether it arrived (last: {cause}); look \
                 at the session before you send it again"
            ),
            retryable: false,
            ..cause.context().clone()
        },
        candidates: Vec::new(),
    }
}
