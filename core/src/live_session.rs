//! The handle to one watched session.

use std::sync::Arc;
use std::time::Duration;

use crate::answer::Answer;
use crate::engine::{Waiter, Watch, unique_key, wall_milliseconds, watch_closed};
use crate::error::{ErrorContext, LiveFlowError, Result};
use crate::events::Events;
use crate::ids::{LiveFlowId, SessionId};
use crate::machine::{
    AnswerCall, Checkpoint, End, Input, SessionEvent, WatchEndReason, no_longer_open, stop_error,
};
use crate::session::{Prompt, Session};
use crate::subscription::{SessionListener, Subscription};

/// A session that this client watches.
///
/// Clones are handles to the same watch, and share the cursor of [`LiveSession::next_event`]. When
/// the last handle and stream is gone, watching stops; the session itself goes on.
#[derive(Debug, Clone)]
pub struct LiveSession {
    watch: Arc<Watch>,
    shared_events: Arc<Events>,
    id: SessionId,
    live_flow_id: LiveFlowId,
}

impl LiveSession {
    pub(crate) fn new(watch: Watch, id: SessionId, live_flow_id: LiveFlowId) -> Self {
        let watch = Arc::new(watch);
        let shared_events = Arc::new(Events::new(Arc::clone(&watch)));
        Self { watch, shared_events, id, live_flow_id }
    }

    /// The session's id.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// The flow it is a run of.
    pub fn live_flow_id(&self) -> &LiveFlowId {
        &self.live_flow_id
    }

    /// The newest that is known of the session. None until the first read of a watch that was not
    /// begun by `start`.
    pub fn snapshot(&self) -> Option<Arc<Session>> {
        self.watch.view.now().session.clone()
    }

    /// A stream of this session's events, with a place of its own.
    pub fn events(&self) -> Events {
        Events::new(Arc::clone(&self.watch))
    }

    /// The next event; none after the terminal one. All callers of one `LiveSession` share one
    /// place, so each event goes to one of them.
    pub async fn next_event(&self) -> Option<SessionEvent> {
        self.shared_events.next().await
    }

    /// Has each event delivered to `listener`, until the subscription is cancelled or dropped.
    pub fn subscribe(&self, listener: impl SessionListener + 'static) -> Subscription {
        Subscription::start(self.events(), Arc::new(listener))
    }

    /// Answers a prompt, exactly once.
    ///
    /// Whatever keeps the answer from arriving is an error that hands its text back
    /// ([`ErrorContext::answer`]): `PromptNoLongerOpen` (somebody else answered, or the session moved
    /// on), `InvalidRequest` (refused; the prompt is still open), `Network`, `RateLimited` or
    /// `RequestTimeout` (it never left, within `timeouts.total`), `OutcomeUnknown` (it may have
    /// arrived, and no read could tell: look before answering again).
    ///
    /// Dropping the future gives up waiting, and the right to send again. If the answer is not known
    /// to have arrived, consumers are told by [`SessionEvent::AnswerUnresolved`].
    pub async fn answer(&self, prompt: &Prompt, answer: impl Into<Answer>) -> Result<()> {
        let answer = answer.into();
        let text = answer.text();
        self.send_answer(prompt, answer).await.map_err(|error| match error.context().answer {
            Some(_) => error,
            None => error.with_answer(text),
        })
    }

    async fn send_answer(&self, prompt: &Prompt, answer: Answer) -> Result<()> {
        let engine = self.watch.engine();
        let deadline = engine.deadline();
        let begin = |call| {
            Input::Answer(AnswerCall {
                call,
                prompt: prompt.clone(),
                answer: answer.json().clone(),
                idempotency_key: unique_key(),
                wall_time: wall_milliseconds(),
                deadline,
            })
        };
        let result = self.watch.call(begin, Waiter::Answer).await;
        // A watch that is over has nobody left to say why.
        match (&result, &self.watch.view.now().end) {
            (Err(LiveFlowError::Closed { .. }), Some(End::Session)) => {
                Err(no_longer_open("the session has ended"))
            }
            (Err(LiveFlowError::Closed { .. }), Some(End::Watch(reason))) => {
                Err(stop_error(reason))
            }
            _ => result,
        }
    }

    /// Waits for the session's end and gives it, whatever its status.
    ///
    /// `RequestTimeout` when `timeout` passes first; if the watch ends first, its error.
    pub async fn wait(&self, timeout: Option<Duration>) -> Result<Session> {
        let view = self.watch.view.clone();
        let ended = async move {
            loop {
                let is_abandoned = view.is_abandoned();
                let look = view.now();
                match (&look.end, &look.session) {
                    (Some(End::Session), Some(session)) => return Ok((**session).clone()),
                    (Some(End::Watch(reason)), _) => return Err(ended_early(reason)),
                    _ if is_abandoned => return Err(watch_closed()),
                    _ => {}
                }
                view.differs_from(&look).await;
            }
        };
        let Some(timeout) = timeout else { return ended.await };
        let timed = async move {
            tokio::time::timeout(timeout, ended).await.unwrap_or_else(|_| {
                Err(LiveFlowError::RequestTimeout {
                    context: ErrorContext {
                        retryable: true,
                        ..ErrorContext::new(format!(
                            "the session did not end within {} s; it goes on",
                            timeout.as_secs_f64()
                        ))
                    },
                })
            })
        };
        self.watch.engine().run(timed).await
    }

    /// Cancels the session at the service and gives it as it ended: `FAILED`, as documented, or
    /// finished, if that came first. To stop only the watching, use [`LiveSession::close`].
    pub async fn cancel(&self) -> Result<Session> {
        let deadline = self.watch.engine().deadline();
        let begin = |call| Input::Cancel { call, deadline };
        let result = self.watch.call(begin, Waiter::Cancel).await;
        let look = self.watch.view.now();
        match (result, &look.end, &look.session) {
            (Ok(session), ..) => Ok((*session).clone()),
            (Err(LiveFlowError::Closed { .. }), Some(End::Session), Some(session)) => {
                Ok((**session).clone())
            }
            (Err(LiveFlowError::Closed { .. }), Some(End::Watch(reason)), _) => {
                Err(stop_error(reason))
            }
            (Err(error), ..) => Err(error),
        }
    }

    /// Stops watching; the session itself goes on. Streams end with `WatchEnded`. It waits for
    /// nothing, and no request starts after it has returned.
    pub fn close(&self) {
        self.watch.close();
    }

    /// Has the session looked at now, whatever the schedule says.
    pub fn poll_now(&self) {
        self.watch.tell(Input::PollNow);
    }

    /// What to keep in order to go on after a restart with `Client::restore`.
    pub fn checkpoint(&self) -> Checkpoint {
        (*self.watch.view.now().checkpoint).clone()
    }

    pub(crate) fn handler_timeout(&self) -> Option<Duration> {
        self.watch.engine().config().handler_timeout
    }

    /// Sleeps by the library's own timer, on whichever executor the caller is.
    pub(crate) async fn sleep(&self, span: Duration) {
        let sleep = self.watch.engine().runtime().spawn(async move {
            tokio::time::sleep(span).await;
        });
        // It ends early only with the runtime.
        let _ = sleep.await;
    }
}

fn ended_early(reason: &WatchEndReason) -> LiveFlowError {
    match reason {
        WatchEndReason::Closed => LiveFlowError::closed(
            "the watch was closed before the session ended; the session itself goes on",
        ),
        other => stop_error(other),
    }
}
