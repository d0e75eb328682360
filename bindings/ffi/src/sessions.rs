//! A flow's sessions, one at a time.

use std::sync::Arc;

use liveflow::{LiveFlowError, SessionIter};
use tokio::sync::Mutex;

use crate::operation::{Operation, Outcome};
use crate::process::Here;

/// Gives a flow's sessions one at a time, in bounded memory.
#[derive(uniffi::Object)]
pub struct CoreSessions(Here<Arc<Mutex<SessionIter>>>);

impl CoreSessions {
    pub(crate) fn new(sessions: SessionIter) -> Arc<Self> {
        Arc::new(Self(Here::new(Arc::new(Mutex::new(sessions)))))
    }
}

#[uniffi::export]
impl CoreSessions {
    /// The next session. Gives an optional session: none when there are no more.
    pub fn next(&self) -> Result<Arc<Operation>, LiveFlowError> {
        let sessions = Arc::clone(self.0.or_forked("list of sessions")?);
        Operation::begin(async move {
            let session = sessions.lock().await.next().await.transpose()?;
            Ok(Outcome::OptionalSession { session })
        })
    }
}
