//! The core's ready-made place for checkpoints, for each language to wrap.

use std::sync::Arc;

use liveflow::{
    CheckpointStore as _, ErrorContext, HostError, HostFuture, LiveFlowError, Result,
    StoredCheckpoint,
};

use crate::block;
use crate::process::PerProcess;

/// Keeps checkpoints in a folder, one file for each session, atomically and durably.
///
/// Its methods wait for the disk.
#[derive(uniffi::Object)]
pub struct FileCheckpointStore {
    folder: String,
    // A fork may come while another thread is at the disk.
    store: PerProcess<Result<liveflow::FileCheckpointStore>>,
}

#[uniffi::export]
impl FileCheckpointStore {
    /// A store in this folder, which is made if it is not there.
    #[uniffi::constructor]
    pub fn new(folder: String) -> Result<Arc<Self>> {
        let store = Self { folder, store: PerProcess::new() };
        store.here()?;
        Ok(Arc::new(store))
    }

    /// Stores it in place of the session's older one. It is durable when this returns.
    pub fn save(&self, checkpoint: StoredCheckpoint) -> Result<()> {
        done(self.here()?.save(checkpoint))
    }

    /// The session's checkpoint, if there is one.
    pub fn load(&self, session_id: String) -> Result<Option<StoredCheckpoint>> {
        done(self.here()?.load(session_id))
    }

    /// The ids of all sessions that have one.
    pub fn list(&self) -> Result<Vec<String>> {
        done(self.here()?.list())
    }

    /// Forgets the session's checkpoint; no error if there is none.
    pub fn delete(&self, session_id: String) -> Result<()> {
        done(self.here()?.delete(session_id))
    }
}

impl FileCheckpointStore {
    fn here(&self) -> Result<&liveflow::FileCheckpointStore> {
        let make = || liveflow::FileCheckpointStore::new(self.folder.as_str());
        self.store.get(make).as_ref().map_err(Clone::clone)
    }
}

fn done<T>(visit: HostFuture<T>) -> Result<T> {
    block::on(visit).map_err(|HostError(reason)| LiveFlowError::HandlerFailed {
        context: ErrorContext::new(reason),
    })
}
