//! A call that takes its time: begun here, awaited, blocked on or cancelled over there.
//!
//! Waiting and taking are two steps, because a foreign asynchronous call that carries its result
//! loses it when the caller is cancelled between completion and delivery.

use std::any::Any;
use std::future::Future;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use liveflow::{LiveFlowError, Result, Session, Task};

use crate::live_session::CoreLiveSession;
use crate::process::Here;
use crate::ready_queue::{ReadyQueue, Ticket};
use crate::signal::Signal;
use crate::{block, courier, gate};

/// What a call gave.
#[derive(uniffi::Enum)]
pub enum Outcome {
    /// It is done, and there is nothing more to say.
    Nothing,
    /// One session.
    Session {
        /// The session.
        session: Session,
    },
    /// One session, or none: there are no more.
    OptionalSession {
        /// The session.
        session: Option<Session>,
    },
    /// Sessions.
    Sessions {
        /// The sessions.
        sessions: Vec<Session>,
    },
    /// A watched session.
    LiveSession {
        /// The watched session.
        live_session: Arc<CoreLiveSession>,
    },
    /// Watched sessions.
    LiveSessions {
        /// The watched sessions.
        live_sessions: Vec<Arc<CoreLiveSession>>,
    },
}

/// One call under way. Forgetting it cancels it.
#[derive(uniffi::Object)]
pub struct Operation {
    inner: Here<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    task: Task,
}

struct Shared {
    state: Mutex<State>,
    over: Signal,
    /// Dropped at the end, and so delivered.
    tickets: Mutex<Vec<Ticket>>,
}

enum State {
    Running,
    Done(Box<Result<Outcome>>),
    Panicked(String),
    Cancelled,
    Taken,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first end counts.
    fn end(&self, end: State) {
        let mut state = self.state();
        if matches!(*state, State::Running) {
            *state = end;
            drop(state);
            self.over.give();
            drop(mem::take(&mut *self.tickets()));
        }
    }

    fn tickets(&self) -> MutexGuard<'_, Vec<Ticket>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the operation even when its future is dropped unfinished, as a runtime that stops does.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.end(State::Done(Box::new(Err(LiveFlowError::closed(
            "the call was given up because the process is exiting",
        )))));
    }
}

impl Operation {
    /// Begins `work` on the core's runtime.
    pub(crate) fn begin(
        work: impl Future<Output = Result<Outcome>> + Send + 'static,
    ) -> Result<Arc<Self>> {
        if gate::is_shut() {
            return Err(LiveFlowError::closed("the process is exiting"));
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Running),
            over: Signal::new(),
            tickets: Mutex::default(),
        });
        let guard = Guard(Arc::clone(&shared));
        let task = Task::spawn(async move {
            let end = match AssertUnwindSafe(work).catch_unwind().await {
                Ok(result) => State::Done(Box::new(result)),
                Err(panic) => State::Panicked(words_of(panic.as_ref())),
            };
            guard.0.end(end);
        })?;
        Ok(Arc::new(Self { inner: Here::new(Inner { shared, task }) }))
    }
}

#[uniffi::export]
impl Operation {
    /// Resolves when there is something to take. It carries nothing, so nothing can be lost.
    pub async fn ready(&self) {
        if let Some(inner) = self.inner.get() {
            courier::awaited_from_abroad(inner.shared.over.given()).await;
        }
    }

    /// Blocks until there is something to take, at most this long. Tells whether there is.
    pub fn wait(&self, milliseconds: u64) -> bool {
        match self.inner.get() {
            Some(inner) => block::until_done(inner.shared.over.given(), milliseconds),
            None => true,
        }
    }

    /// Brings `token` to `queue`, once, when there is something to take.
    pub fn notify(&self, queue: Arc<ReadyQueue>, token: u64) {
        let (Some(inner), Some(ticket)) = (self.inner.get(), queue.ticket(token)) else { return };
        let mut tickets = inner.shared.tickets();
        // Looked at under the lock: the end empties the tickets after it was signalled.
        if !inner.shared.over.is_given() {
            tickets.push(ticket);
        }
    }

    /// What the call gave, or its error. To be asked once, when it is ready.
    pub fn take(&self) -> Result<Outcome, LiveFlowError> {
        let inner = self.inner.or_forked("call")?;
        let mut state = inner.shared.state();
        if matches!(*state, State::Running) {
            return Err(LiveFlowError::invalid_argument(
                "operation",
                "the call is still under way; wait for it first",
            ));
        }
        let end = mem::replace(&mut *state, State::Taken);
        drop(state);
        match end {
            State::Done(result) => *result,
            // The boundary turns it into the language's internal error.
            State::Panicked(words) => panic::resume_unwind(Box::new(words)),
            State::Cancelled => Err(LiveFlowError::closed("the call was cancelled")),
            State::Taken | State::Running => {
                Err(LiveFlowError::closed("the result of this call was taken already"))
            }
        }
    }

    /// Gives the call up. What it already brought stays to be taken.
    pub fn cancel(&self) {
        if let Some(inner) = self.inner.get() {
            inner.task.abort();
            inner.shared.end(State::Cancelled);
        }
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&'static str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the library panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use std::future;

    use super::*;

    #[test]
    fn a_result_is_taken_once() {
        let operation = Operation::begin(async { Ok(Outcome::Nothing) }).unwrap();
        assert!(operation.wait(60_000));
        assert!(matches!(operation.take(), Ok(Outcome::Nothing)));
        assert!(matches!(operation.take(), Err(LiveFlowError::Closed { .. })));
    }

    #[test]
    fn waiting_ends_in_time_and_cancelling_ends_the_wait() {
        let operation = Operation::begin(future::pending()).unwrap();
        assert!(!operation.wait(5));
        assert!(matches!(operation.take(), Err(LiveFlowError::InvalidRequest { .. })));
        operation.cancel();
        assert!(operation.wait(60_000));
        assert!(matches!(operation.take(), Err(LiveFlowError::Closed { .. })));
    }

    #[test]
    fn a_result_that_came_before_the_cancelling_is_kept() {
        let operation = Operation::begin(async { Ok(Outcome::Nothing) }).unwrap();
        assert!(operation.wait(60_000));
        operation.cancel();
        assert!(operation.take().is_ok());
    }

    #[test]
    fn the_end_is_told_to_a_queue_before_and_after_it() {
        let queue = ReadyQueue::new();
        let operation = Operation::begin(future::pending()).unwrap();
        operation.notify(Arc::clone(&queue), 1);
        assert!(queue.next(5).is_empty());
        operation.cancel();
        assert_eq!(queue.next(60_000), [1]);
        operation.notify(Arc::clone(&queue), 2);
        assert_eq!(queue.next(60_000), [2]);
    }

    #[test]
    fn a_panic_reaches_the_boundary_as_a_panic() {
        let operation = Operation::begin(async { panic!("broken {}", 1) }).unwrap();
        assert!(operation.wait(60_000));
        let payload = panic::catch_unwind(AssertUnwindSafe(|| operation.take())).err().unwrap();
        assert_eq!(words_of(payload.as_ref()), "broken 1");
    }
}
