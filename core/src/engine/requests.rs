//! From what is to be sent to what came of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::failure::{Failure, FailureKind};
use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;
use crate::machine::{CallId, Input, Moment, OpId, SessionReading, WriteResult};
use crate::service::{Attempt, Known, Left, ListPage, Reading, Service, SessionStream};

use super::clock;
use super::mailbox::WatchId;

/// One request that waits for its turn.
pub(super) struct Request {
    pub(super) asker: Asker,
    pub(super) job: Job,
    /// After this it is too late to begin.
    pub(super) not_after: Option<Moment>,
    pub(super) deadline: Option<Moment>,
    pub(super) fresh_credentials: bool,
}

/// Who wants to know what comes of a request.
pub(super) enum Asker {
    Machine(WatchId, OpId),
    /// A caller outside any watch.
    Caller(CallId, oneshot::Sender<Reply>),
}

/// One call of the service.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    Create { flow: LiveFlowId, inputs: Json, idempotency_key: String },
    Get { flow: LiveFlowId, session: SessionId, known: Option<Known> },
    List { flow: LiveFlowId, page: ListPage },
    AddUserInput { flow: LiveFlowId, session: SessionId, answer: Json, idempotency_key: String },
    Cancel { flow: LiveFlowId, session: SessionId },
}

/// What came of a request.
pub(crate) enum Reply {
    Read {
        begun: Moment,
        result: Result<Reading, Failure>,
    },
    List(Result<Box<SessionStream>, Failure>),
    Write(WriteResult),
    /// Nothing was sent: the deadline came first, or the client was closed.
    NotStarted,
}

/// A body and its `ETag`, which a later read may be unchanged from.
pub(super) type Tag = (Json, String);

impl Request {
    /// Whether it came too late to begin, or nobody waits for it any more.
    pub(super) fn is_pointless(&self, now: Moment) -> bool {
        let late = |at: Option<Moment>| at.is_some_and(|at| now > at);
        let unwanted = matches!(&self.asker, Asker::Caller(_, reply) if reply.is_closed());
        late(self.not_after) || late(self.deadline) || unwanted
    }

    pub(super) fn attempt(&self, now: Moment, timeout: Duration, left: Left) -> Attempt {
        let until_deadline = self.deadline.map_or(timeout, |deadline| deadline.since(now));
        Attempt {
            timeout: timeout.min(until_deadline),
            fresh_credentials: self.fresh_credentials,
            left,
        }
    }

    pub(super) fn is_machines(&self) -> bool {
        matches!(self.asker, Asker::Machine(..))
    }

    pub(super) fn is_op(&self, of: WatchId, wanted: OpId) -> bool {
        matches!(self.asker, Asker::Machine(id, op) if id == of && op == wanted)
    }

    pub(super) fn is_call(&self, wanted: CallId) -> bool {
        matches!(self.asker, Asker::Caller(call, _) if call == wanted)
    }
}

impl Job {
    pub(super) fn is_read(&self) -> bool {
        matches!(self, Self::Get { .. } | Self::List { .. })
    }

    /// What to reply when it failed like this.
    pub(super) fn failed(&self, begun: Moment, failure: Failure) -> Reply {
        match self {
            Self::Get { .. } => Reply::Read { begun, result: Err(failure) },
            Self::List { .. } => Reply::List(Err(failure)),
            Self::Create { .. } | Self::AddUserInput { .. } | Self::Cancel { .. } => {
                Reply::Write(Err(failure))
            }
        }
    }

    /// Sends it and gives what came back.
    pub(super) async fn carry_out(self, service: Service, attempt: Attempt) -> Reply {
        match self {
            Self::Get { flow, session, known } => {
                let begun = clock::now();
                let result = service.get_session(&flow, &session, known.as_ref(), &attempt).await;
                Reply::Read { begun, result }
            }
            Self::List { flow, page } => {
                Reply::List(service.get_sessions(&flow, &page, &attempt).await.map(Box::new))
            }
            Self::Create { flow, inputs, idempotency_key } => {
                let result =
                    service.create_session(&flow, &inputs, &idempotency_key, &attempt).await;
                Reply::Write(result.map(|shown| shown.map(Arc::new)))
            }
            Self::AddUserInput { flow, session, answer, idempotency_key } => {
                let result = service
                    .add_user_input(&flow, &session, &answer, &idempotency_key, &attempt)
                    .await;
                Reply::Write(result.map(|shown| shown.map(Arc::new)))
            }
            Self::Cancel { flow, session } => {
                let result = service.cancel_session(&flow, &session, &attempt).await;
                Reply::Write(result.map(|shown| shown.map(Arc::new)))
            }
        }
    }
}

impl Reply {
    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Read { result, .. } => result.as_ref().err(),
            Self::List(result) => result.as_ref().err(),
            Self::Write(result) => result.as_ref().err(),
            Self::NotStarted => None,
        }
    }

    /// What it is to the machine that asked for `job`; with what a later read may be unchanged from.
    pub(super) fn into_input(self, op: OpId, job: &Job) -> (Input, Option<Tag>) {
        match (self, job) {
            (Self::Read { begun, result }, job) => {
                let (result, tag) = match (result, job) {
                    (Ok(Reading::Session { session, etag }), _) => {
                        let tag = etag.map(|etag| (session.raw_json.clone(), etag));
                        (Ok(SessionReading::Session(Arc::from(session))), tag)
                    }
                    (Ok(Reading::Unchanged { etag }), Job::Get { known: Some(known), .. }) => {
                        let tag = etag.map(|etag| (known.raw.clone(), etag));
                        (Ok(SessionReading::Unchanged), tag)
                    }
                    (Ok(Reading::Unchanged { .. }), _) => (Ok(SessionReading::Unchanged), None),
                    (Err(failure), _) => (Err(failure), None),
                };
                (Input::ReadDone { op, begun, result }, tag)
            }
            (Self::Write(result), Job::Cancel { .. }) => (Input::CancelDone { op, result }, None),
            (Self::Write(result), _) => (Input::AnswerDone { op, result }, None),
            // No machine asks for a list.
            (Self::NotStarted | Self::List(_), _) => (Input::NotStarted { op }, None),
        }
    }
}

/// What a reply tells about the service as a whole.
#[derive(Debug, Default)]
pub(super) struct Signal {
    /// Whether the service was reached, as far as the reply tells.
    pub(super) reached: Option<bool>,
    /// It asked for fewer requests: none for so long.
    pub(super) hold: Option<Duration>,
    /// Why it was not reached, where it surely was not.
    pub(super) unreached: Option<Failure>,
}

impl Signal {
    pub(super) fn of(reply: &Reply) -> Self {
        let Some(failure) = reply.failure() else {
            return Self { reached: Some(true), ..Self::default() };
        };
        match failure.kind {
            FailureKind::NeverLeft => {
                Self { reached: Some(false), unreached: Some(failure.clone()), ..Self::default() }
            }
            FailureKind::Status(429) => {
                Self { reached: Some(true), hold: failure.retry_after, ..Self::default() }
            }
            FailureKind::Status(_) | FailureKind::Unreadable | FailureKind::TooLarge => {
                Self { reached: Some(true), ..Self::default() }
            }
            FailureKind::NoStatus | FailureKind::Untrusted | FailureKind::NoCredentials => {
                Self::default()
            }
        }
    }
}
