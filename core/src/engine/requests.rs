//! From what is to be sent to what came of it.

use std::sync::Arc;
use std::time::Duration;

use crate::failure::{Failure, FailureKind};
use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;
use crate::machine::{Input, Moment, OpId, SessionReading};
use crate::service::{Attempt, Known, Left, Reading, Service};

use super::clock;
use super::mailbox::{DirectCall, DirectReply, WatchId};
use tokio::sync::oneshot;

/// One request that waits for its turn.
pub(super) struct Request {
    /// The machine that asked for it, if one did.
    pub(super) owner: Option<(WatchId, OpId)>,
    pub(super) job: Job,
    /// After this it is too late to begin.
    pub(super) not_after: Option<Moment>,
    pub(super) deadline: Option<Moment>,
    pub(super) fresh_credentials: bool,
}

pub(super) enum Job {
    Read { flow: LiveFlowId, session: SessionId, known: Option<Known> },
    Answer { flow: LiveFlowId, session: SessionId, answer: Json, idempotency_key: String },
    Cancel { flow: LiveFlowId, session: SessionId },
    Direct { call: DirectCall, reply: oneshot::Sender<DirectReply> },
}

/// What came of a request.
pub(super) enum Done {
    /// For the machine that asked; with the body and `ETag` that a later read may be unchanged from.
    Machine {
        input: Input,
        tag: Option<(Json, String)>,
    },
    Direct {
        reply: oneshot::Sender<DirectReply>,
        result: DirectReply,
    },
}

/// What a result tells about the service as a whole.
#[derive(Debug, Default)]
pub(super) struct Signal {
    /// Whether the service was reached, as far as the result tells.
    pub(super) reached: Option<bool>,
    /// It asked for fewer requests: none for so long.
    pub(super) hold: Option<Duration>,
    /// Why it was not reached, where it surely was not.
    pub(super) unreached: Option<Failure>,
}

impl Signal {
    fn of<T>(result: &Result<T, Failure>) -> Self {
        let Err(failure) = result else {
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

impl Request {
    pub(super) fn is_read(&self) -> bool {
        match &self.job {
            Job::Read { .. } => true,
            Job::Direct { call, .. } => {
                matches!(call, DirectCall::Get { .. } | DirectCall::List { .. })
            }
            Job::Answer { .. } | Job::Cancel { .. } => false,
        }
    }

    /// Whether it came too late to begin, or nobody waits for it any more.
    pub(super) fn is_pointless(&self, now: Moment) -> bool {
        let late = |at: Option<Moment>| at.is_some_and(|at| now > at);
        let unwanted = matches!(&self.job, Job::Direct { reply, .. } if reply.is_closed());
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

    /// What to report when none of it was sent.
    pub(super) fn not_started(self) -> Option<Done> {
        match (self.job, self.owner) {
            (Job::Direct { reply, .. }, _) => {
                Some(Done::Direct { reply, result: DirectReply::NotStarted })
            }
            (_, Some((_, op))) => {
                Some(Done::Machine { input: Input::NotStarted { op }, tag: None })
            }
            (_, None) => None,
        }
    }

    /// What to report when it failed like this without having been sent.
    pub(super) fn failed(self, now: Moment, failure: Failure) -> Option<Done> {
        let op = self.owner.map(|(_, op)| op);
        match (self.job, op) {
            (Job::Read { .. }, Some(op)) => {
                let input = Input::ReadDone { op, begun: now, result: Err(failure) };
                Some(Done::Machine { input, tag: None })
            }
            (Job::Answer { .. }, Some(op)) => {
                let input = Input::AnswerDone { op, result: Err(failure) };
                Some(Done::Machine { input, tag: None })
            }
            (Job::Cancel { .. }, Some(op)) => {
                let input = Input::CancelDone { op, result: Err(failure) };
                Some(Done::Machine { input, tag: None })
            }
            (Job::Direct { call, reply }, _) => {
                let result = match call {
                    DirectCall::Get { .. } => DirectReply::Read(Err(failure)),
                    DirectCall::List { .. } => DirectReply::List(Err(failure)),
                    DirectCall::Create { .. } | DirectCall::AddUserInput { .. } => {
                        DirectReply::Write(Err(failure))
                    }
                };
                Some(Done::Direct { reply, result })
            }
            (_, None) => None,
        }
    }

    /// Sends it and describes what came back.
    pub(super) async fn send(self, service: Service, attempt: Attempt) -> (Done, Signal) {
        let op = self.owner.map_or(OpId(0), |(_, op)| op);
        match self.job {
            Job::Read { flow, session, known } => {
                let begun = clock::now();
                let result = service.get_session(&flow, &session, known.as_ref(), &attempt).await;
                let signal = Signal::of(&result);
                let (result, tag) = match result {
                    Ok(Reading::Unchanged) => (Ok(SessionReading::Unchanged), None),
                    Ok(Reading::Session { session, etag }) => {
                        let tag = etag.map(|etag| (session.raw_json.clone(), etag));
                        (Ok(SessionReading::Session(Arc::from(session))), tag)
                    }
                    Err(failure) => (Err(failure), None),
                };
                (Done::Machine { input: Input::ReadDone { op, begun, result }, tag }, signal)
            }
            Job::Answer { flow, session, answer, idempotency_key } => {
                let result = service
                    .add_user_input(&flow, &session, &answer, &idempotency_key, &attempt)
                    .await;
                let signal = Signal::of(&result);
                let result = result.map(|shown| shown.map(Arc::new));
                (Done::Machine { input: Input::AnswerDone { op, result }, tag: None }, signal)
            }
            Job::Cancel { flow, session } => {
                let result = service.cancel_session(&flow, &session, &attempt).await;
                let signal = Signal::of(&result);
                let result = result.map(|shown| shown.map(Arc::new));
                (Done::Machine { input: Input::CancelDone { op, result }, tag: None }, signal)
            }
            Job::Direct { call, reply } => {
                let (result, signal) = send_direct(call, &service, &attempt).await;
                (Done::Direct { reply, result }, signal)
            }
        }
    }
}

async fn send_direct(
    call: DirectCall,
    service: &Service,
    attempt: &Attempt,
) -> (DirectReply, Signal) {
    match call {
        DirectCall::Create { flow, inputs, idempotency_key } => {
            let result = service.create_session(&flow, &inputs, &idempotency_key, attempt).await;
            let signal = Signal::of(&result);
            (DirectReply::Write(result.map(|shown| shown.map(Arc::new))), signal)
        }
        DirectCall::AddUserInput { flow, session, answer, idempotency_key } => {
            let result =
                service.add_user_input(&flow, &session, &answer, &idempotency_key, attempt).await;
            let signal = Signal::of(&result);
            (DirectReply::Write(result.map(|shown| shown.map(Arc::new))), signal)
        }
        DirectCall::Get { flow, session } => {
            let result = service.get_session(&flow, &session, None, attempt).await;
            let signal = Signal::of(&result);
            (DirectReply::Read(result), signal)
        }
        DirectCall::List { flow } => {
            let result = service.get_sessions(&flow, attempt).await;
            let signal = Signal::of(&result);
            (DirectReply::List(result.map(Box::new)), signal)
        }
    }
}
