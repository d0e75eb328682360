//! Get sessions, one at a time.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::engine::{Engine, Job, Reply};
use crate::error::Result;
use crate::ids::LiveFlowId;
use crate::service::{ListPage, SessionStream};
use crate::session::Session;

use super::direct::Tries;

/// The sessions of a flow, decoded one at a time as the answer arrives.
pub struct SessionIter {
    engine: Arc<Engine>,
    flow: LiveFlowId,
    state: Arc<Mutex<State>>,
    has_ended: bool,
}

enum State {
    /// This is to be asked for next.
    Unasked(ListPage),
    Open(Box<SessionStream>),
}

impl SessionIter {
    pub(super) fn new(engine: Arc<Engine>, flow: LiveFlowId) -> Self {
        let state = Arc::new(Mutex::new(State::Unasked(ListPage::default())));
        Self { engine, flow, state, has_ended: false }
    }

    /// The next session; none after the last one, and after an error.
    ///
    /// A list, or a page of it, that fails before its first session is tried again like any read. A
    /// failure amid it is an error: what follows is not known.
    pub async fn next(&mut self) -> Option<Result<Session>> {
        if self.has_ended {
            return None;
        }
        let (engine, flow) = (Arc::clone(&self.engine), self.flow.clone());
        let state = Arc::clone(&self.state);
        let step = async move { advance(&mut *state.lock().await, &engine, &flow).await };
        let next = self.engine.run(step).await.transpose();
        self.has_ended = !matches!(next, Some(Ok(_)));
        next
    }
}

async fn advance(
    state: &mut State,
    engine: &Arc<Engine>,
    flow: &LiveFlowId,
) -> Result<Option<Session>> {
    loop {
        match state {
            State::Unasked(page) => *state = State::Open(open(engine, flow, page).await?),
            State::Open(stream) => {
                let next = tokio::select! {
                    next = stream.next() => next,
                    () = engine.closed() => return engine.check().map(|()| None),
                };
                match (next, stream.next_page()) {
                    (Some(session), _) => return session.map(Some).map_err(|it| it.error),
                    (None, Some(page)) => *state = State::Unasked(page),
                    (None, None) => return Ok(None),
                }
            }
        }
    }
}

impl std::fmt::Debug for SessionIter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionIter").field("live_flow_id", &self.flow).finish_non_exhaustive()
    }
}

async fn open(
    engine: &Arc<Engine>,
    flow: &LiveFlowId,
    page: &ListPage,
) -> Result<Box<SessionStream>> {
    let mut tries = Tries::new(engine);
    loop {
        match tries.ask(Job::List { flow: flow.clone(), page: page.clone() }).await {
            Reply::List(Ok(stream)) => return Ok(stream),
            Reply::List(Err(failure)) => tries.again_after_read(failure).await?,
            _ => return Err(tries.not_started()),
        }
    }
}
