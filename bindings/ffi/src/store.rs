//! A place for checkpoints, from the integrator's own code.

use std::sync::Arc;

use liveflow::{HostError, HostFuture, StoredCheckpoint};

use crate::foreign::{CallbackError, Foreign};
use crate::reply::{self, OneShot};

const WHAT: &str = "the checkpoint store";

/// Keeps checkpoints across restarts, one for each session.
///
/// Each method returns at once; its reply may come later, from any thread.
#[uniffi::export(foreign)]
pub trait CheckpointStore: Send + Sync {
    /// Stores it in place of the session's older one. Reply when it is durable, not before.
    fn save(
        &self,
        checkpoint: StoredCheckpoint,
        reply: Arc<DoneReply>,
    ) -> Result<(), CallbackError>;
    /// The session's checkpoint, if there is one.
    fn load(&self, session_id: String, reply: Arc<LoadReply>) -> Result<(), CallbackError>;
    /// The ids of all sessions that have one.
    fn list(&self, reply: Arc<ListReply>) -> Result<(), CallbackError>;
    /// Forgets the session's checkpoint; no error if there is none.
    fn delete(&self, session_id: String, reply: Arc<DoneReply>) -> Result<(), CallbackError>;
}

/// Where a store says that it is done, once.
#[derive(uniffi::Object)]
pub struct DoneReply(OneShot<()>);

#[uniffi::export]
impl DoneReply {
    /// It is done.
    pub fn done(&self) -> bool {
        self.0.give(Ok(()))
    }

    /// It could not be done.
    pub fn fail(&self, reason: String) -> bool {
        self.0.give(Err(HostError(reason)))
    }
}

/// Where a store gives a checkpoint, once.
#[derive(uniffi::Object)]
pub struct LoadReply(OneShot<Option<StoredCheckpoint>>);

#[uniffi::export]
impl LoadReply {
    /// The checkpoint, or none.
    pub fn give(&self, checkpoint: Option<StoredCheckpoint>) -> bool {
        self.0.give(Ok(checkpoint))
    }

    /// It could not be read.
    pub fn fail(&self, reason: String) -> bool {
        self.0.give(Err(HostError(reason)))
    }
}

/// Where a store lists its sessions, once.
#[derive(uniffi::Object)]
pub struct ListReply(OneShot<Vec<String>>);

#[uniffi::export]
impl ListReply {
    /// The ids of the sessions.
    pub fn give(&self, session_ids: Vec<String>) -> bool {
        self.0.give(Ok(session_ids))
    }

    /// They could not be listed.
    pub fn fail(&self, reason: String) -> bool {
        self.0.give(Err(HostError(reason)))
    }
}

pub(crate) struct Store(Foreign<dyn CheckpointStore>);

impl Store {
    pub(crate) fn new(store: Arc<dyn CheckpointStore>) -> Self {
        Self(Foreign::new(store))
    }
}

impl liveflow::CheckpointStore for Store {
    fn save(&self, checkpoint: StoredCheckpoint) -> HostFuture<()> {
        let (reply, given) = OneShot::new();
        let reply = Arc::new(DoneReply(reply));
        let called = self.0.call_elsewhere(move |store| store.save(checkpoint, reply));
        Box::pin(reply::required(WHAT, called, given))
    }

    fn load(&self, session_id: String) -> HostFuture<Option<StoredCheckpoint>> {
        let (reply, given) = OneShot::new();
        let reply = Arc::new(LoadReply(reply));
        let called = self.0.call_elsewhere(move |store| store.load(session_id, reply));
        Box::pin(reply::required(WHAT, called, given))
    }

    fn list(&self) -> HostFuture<Vec<String>> {
        let (reply, given) = OneShot::new();
        let reply = Arc::new(ListReply(reply));
        let called = self.0.call_elsewhere(move |store| store.list(reply));
        Box::pin(reply::required(WHAT, called, given))
    }

    fn delete(&self, session_id: String) -> HostFuture<()> {
        let (reply, given) = OneShot::new();
        let reply = Arc::new(DoneReply(reply));
        let called = self.0.call_elsewhere(move |store| store.delete(session_id, reply));
        Box::pin(reply::required(WHAT, called, given))
    }
}
