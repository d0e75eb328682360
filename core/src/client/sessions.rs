//! Get sessions, one at a time.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::engine::{DirectCall, DirectReply, Engine};
use crate::error::Result;
use crate::ids::LiveFlowId;
use crate::service::SessionStream;
use crate::session::Session;

use super::direct::Tries;

/// The sessions of a flow, decoded one at a time as the answer arrives.
pub struct SessionIter {
    engine: Arc<Engine>,
    flow: LiveFlowId,
    state: Arc<Mutex<State>>,
}

enum State {
    Unasked,
    Open(Box<SessionStream>),
    Over,
}

impl SessionIter {
    pub(super) fn new(engine: Arc<Engine>, flow: LiveFlowId) -> Self {
        Self { engine, flow, state: Arc::new(Mutex::new(State::Unasked)) }
    }

    /// The next session; none after the last one, and after an error.
    ///
    /// Failures before the first session are tried again like those of any read. One amid the list
    /// is an error: what follows is not known.
    pub async fn next(&mut self) -> Option<Result<Session>> {
        let (engine, flow) = (Arc::clone(&self.engine), self.flow.clone());
        let state = Arc::clone(&self.state);
        let step = async move {
            let mut state = state.lock().await;
            if matches!(*state, State::Unasked) {
                *state = match open(&engine, flow).await {
                    Ok(stream) => State::Open(stream),
                    Err(error) => {
                        *state = State::Over;
                        return Err(error);
                    }
                };
            }
            let State::Open(stream) = &mut *state else { return Ok(None) };
            match stream.next().await {
                Some(Ok(session)) => Ok(Some(session)),
                Some(Err(failure)) => {
                    *state = State::Over;
                    Err(failure.error)
                }
                None => {
                    *state = State::Over;
                    Ok(None)
                }
            }
        };
        self.engine.run(step).await.transpose()
    }
}

impl std::fmt::Debug for SessionIter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionIter").field("live_flow_id", &self.flow).finish_non_exhaustive()
    }
}

async fn open(engine: &Arc<Engine>, flow: LiveFlowId) -> Result<Box<SessionStream>> {
    let mut tries = Tries::new(engine);
    loop {
        match tries.ask(DirectCall::List { flow: flow.clone() }).await {
            Some(DirectReply::List(Ok(stream))) => return Ok(stream),
            Some(DirectReply::List(Err(failure))) => tries.again_after_read(failure).await?,
            None => engine.check()?,
            Some(_) => return Err(tries.not_started()),
        }
    }
}
