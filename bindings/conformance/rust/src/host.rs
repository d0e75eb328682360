//! What the SDK asks of its host: credentials and a place for checkpoints.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

use liveflow::{
    CheckpointStore, CredentialsProvider, CredentialsRequest, FileCheckpointStore, HostError,
    HostFuture, StoredCheckpoint,
};
use serde::Deserialize;
use tempfile::TempDir;

use crate::failure::{Failure, Result};

/// Gives the first set of headers, and the next one each time the last were refused.
pub(crate) struct Rotating {
    sets: Vec<BTreeMap<String, String>>,
    at: Mutex<usize>,
}

impl Rotating {
    pub(crate) fn new(sets: Vec<BTreeMap<String, String>>) -> Self {
        Self { sets, at: Mutex::new(0) }
    }
}

impl CredentialsProvider for Rotating {
    fn headers(&self, request: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        if request.refused && *at + 1 < self.sets.len() {
            *at += 1;
        }
        let headers = self.sets.get(*at).cloned().unwrap_or_default();
        Box::pin(ready(Ok(headers.into_iter().collect())))
    }
}

/// Where a client keeps its checkpoints.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StoreKind {
    Memory,
    Files,
    Failing,
}

/// What the clients of one scenario have in common: checkpoints that outlive them.
pub(crate) struct Stores {
    memory: Arc<Store>,
    folder: TempDir,
}

impl Stores {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::invalid(format!("no folder for checkpoints: {error}")))?;
        Ok(Self { memory: Arc::default(), folder })
    }

    pub(crate) fn give(&self, kind: StoreKind) -> Result<Arc<dyn CheckpointStore>> {
        Ok(match kind {
            StoreKind::Memory => Arc::clone(&self.memory) as _,
            StoreKind::Files => {
                let store = FileCheckpointStore::new(self.folder.path());
                Arc::new(store.map_err(|error| Failure::invalid(error.to_string()))?)
            }
            StoreKind::Failing => Arc::new(Store::failing()),
        })
    }
}

/// A checkpoint store in memory, or one that cannot save.
#[derive(Default)]
struct Store {
    kept: Mutex<BTreeMap<String, StoredCheckpoint>>,
    fails: bool,
}

impl Store {
    fn failing() -> Self {
        Self { fails: true, ..Self::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, StoredCheckpoint>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CheckpointStore for Store {
    fn save(&self, checkpoint: StoredCheckpoint) -> HostFuture<()> {
        if self.fails {
            return Box::pin(ready(Err(HostError("the store is full".to_owned()))));
        }
        self.kept().insert(checkpoint.session_id.clone(), checkpoint);
        Box::pin(ready(Ok(())))
    }

    fn load(&self, session_id: String) -> HostFuture<Option<StoredCheckpoint>> {
        Box::pin(ready(Ok(self.kept().get(&session_id).cloned())))
    }

    fn list(&self) -> HostFuture<Vec<String>> {
        Box::pin(ready(Ok(self.kept().keys().cloned().collect())))
    }

    fn delete(&self, session_id: String) -> HostFuture<()> {
        self.kept().remove(&session_id);
        Box::pin(ready(Ok(())))
    }
}
