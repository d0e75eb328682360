//! The handle to one watched session.

use std::sync::Arc;
use std::time::Duration;

use liveflow::{LiveFlowError, LiveSession, Prompt, Session};

use crate::answer::CoreAnswer;
use crate::events::CoreEvents;
use crate::listener::{CoreSubscription, Listener, SessionListener};
use crate::operation::{Operation, Outcome};
use crate::process::Here;

const WHAT: &str = "live session";

/// One watched session. Forgetting it stops watching; the session itself is untouched.
#[derive(uniffi::Object)]
pub struct CoreLiveSession {
    id: String,
    live_flow_id: String,
    session: Here<LiveSession>,
}

impl CoreLiveSession {
    pub(crate) fn new(session: LiveSession) -> Arc<Self> {
        Arc::new(Self {
            id: session.id().to_string(),
            live_flow_id: session.live_flow_id().to_string(),
            session: Here::new(session),
        })
    }
}

#[uniffi::export]
impl CoreLiveSession {
    /// The session's id.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// The flow it is a run of.
    pub fn live_flow_id(&self) -> String {
        self.live_flow_id.clone()
    }

    /// The newest known state; none before the first read.
    pub fn snapshot(&self) -> Result<Option<Session>, LiveFlowError> {
        Ok(self.session.or_forked(WHAT)?.snapshot().map(|session| session.as_ref().clone()))
    }

    /// A new consumer of events, with a cursor of its own.
    pub fn events(&self) -> Result<Arc<CoreEvents>, LiveFlowError> {
        Ok(CoreEvents::new(self.session.or_forked(WHAT)?.events()))
    }

    /// Pushes events to a listener, with a cursor of its own.
    pub fn subscribe(
        &self,
        listener: Arc<dyn SessionListener>,
    ) -> Result<Arc<CoreSubscription>, LiveFlowError> {
        let session = self.session.or_forked(WHAT)?;
        Ok(CoreSubscription::new(session.subscribe(Listener::new(listener))))
    }

    /// Answers a prompt. Gives nothing, when the answer has arrived.
    pub fn answer(
        &self,
        prompt: Prompt,
        answer: CoreAnswer,
    ) -> Result<Arc<Operation>, LiveFlowError> {
        let session = self.session.or_forked(WHAT)?.clone();
        let answer = answer.parse("answer")?;
        Operation::begin(async move {
            session.answer(&prompt, answer).await?;
            Ok(Outcome::Nothing)
        })
    }

    /// Waits for the session's end, at most this long. Gives the session.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<Arc<Operation>, LiveFlowError> {
        let live = self.session.or_forked(WHAT)?.clone();
        Operation::begin(async move {
            let session = live.wait(timeout).await?;
            Ok(Outcome::Session { session })
        })
    }

    /// Ends the session at the service. Gives the session.
    pub fn cancel(&self) -> Result<Arc<Operation>, LiveFlowError> {
        let live = self.session.or_forked(WHAT)?.clone();
        Operation::begin(async move {
            let session = live.cancel().await?;
            Ok(Outcome::Session { session })
        })
    }

    /// Looks at the session at once.
    pub fn poll_now(&self) -> Result<(), LiveFlowError> {
        self.session.or_forked(WHAT)?.poll_now();
        Ok(())
    }

    /// What `CoreClient::restore` needs to go on after a restart.
    pub fn checkpoint(&self) -> Result<String, LiveFlowError> {
        Ok(self.session.or_forked(WHAT)?.checkpoint().to_text())
    }

    /// Stops watching; the session itself is untouched. Waits for nothing.
    pub fn shutdown(&self) {
        if let Some(session) = self.session.get() {
            session.close();
        }
    }
}
