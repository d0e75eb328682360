//! A ready-made place for checkpoints: a folder with one file for each session.
//!
//! A file is never changed. A new one is written beside it, made durable, and put in its place in one
//! step; whatever happens meanwhile, either the old checkpoint or the new one is there, whole.

mod disk;
mod name;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::config::{CheckpointStore, HostError, HostFuture, StoredCheckpoint};
use crate::engine::runtime_handle;
use crate::error::{LiveFlowError, Result};

/// Keeps checkpoints in a folder, one file for each session, atomically and durably.
///
/// Only the user that the program runs as may read the files (on Unix), because a checkpoint holds
/// what somebody typed. Other files in the folder are left alone, and a damaged checkpoint hides none
/// of the others. Programs may share a folder as long as each session has one owner at a time.
///
/// ```no_run
/// # fn example() -> liveflow::Result<()> {
/// use std::sync::Arc;
/// use liveflow::{Client, ClientConfig, FileCheckpointStore};
///
/// let mut config = ClientConfig::from_env()?;
/// config.checkpoint_store = Some(Arc::new(FileCheckpointStore::new("checkpoints")?));
/// let client = Client::new(config)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FileCheckpointStore {
    folder: Arc<Path>,
    /// One visit to the disk at a time, first come, first served: a save that nobody waits for any
    /// more must not overtake a newer one.
    turn: Arc<Mutex<()>>,
}

impl FileCheckpointStore {
    /// A store in this folder, which is made if it is not there. `Configuration`, naming
    /// `checkpoint_store`, if it cannot be used.
    pub fn new(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        disk::prepare(&folder).map_err(|error| {
            let reason =
                format!("checkpoints cannot be kept in the folder {}: {error}", folder.display());
            LiveFlowError::configuration("checkpoint_store", reason)
        })?;
        Ok(Self { folder: folder.into(), turn: Arc::default() })
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has the disk visited by a thread that may wait for it.
    fn visit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, HostError> + Send + 'static,
    ) -> HostFuture<T> {
        let (folder, turn) = (Arc::clone(&self.folder), Arc::clone(&self.turn));
        Box::pin(async move {
            let turn = turn.lock_owned().await;
            let handle = runtime_handle().map_err(|error| HostError(error.to_string()))?;
            let visit = handle.spawn_blocking(move || {
                let _turn = turn;
                work(&folder)
            });
            visit.await.map_err(|_| HostError("the program is exiting".to_owned()))?
        })
    }
}

impl CheckpointStore for FileCheckpointStore {
    fn save(&self, checkpoint: StoredCheckpoint) -> HostFuture<()> {
        self.visit(move |folder| disk::save(folder, &checkpoint))
    }

    fn load(&self, session_id: String) -> HostFuture<Option<StoredCheckpoint>> {
        self.visit(move |folder| disk::load(folder, &session_id))
    }

    fn list(&self) -> HostFuture<Vec<String>> {
        self.visit(disk::list)
    }

    fn delete(&self, session_id: String) -> HostFuture<()> {
        self.visit(move |folder| disk::delete(folder, &session_id))
    }
}
