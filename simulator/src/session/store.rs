//! All sessions. The map is locked only to look up or add; each session has its own lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use uuid::Uuid;

use super::Session;

pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) flow: Uuid,
    session: Mutex<Session>,
}

impl Entry {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
pub(crate) struct Store(RwLock<Index>);

#[derive(Default)]
struct Index {
    by_id: HashMap<Uuid, Arc<Entry>>,
    by_flow: HashMap<Uuid, Vec<Arc<Entry>>>,
    /// In the order of creation, with those the service has forgotten.
    all: Vec<Arc<Entry>>,
}

impl Store {
    pub(crate) fn add(&self, session: Session) -> Arc<Entry> {
        let (id, flow) = (session.id, session.flow.id);
        let entry = Arc::new(Entry { id, flow, session: Mutex::new(session) });
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        index.by_id.insert(id, Arc::clone(&entry));
        index.by_flow.entry(flow).or_default().push(Arc::clone(&entry));
        index.all.push(Arc::clone(&entry));
        entry
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<Arc<Entry>> {
        self.read().by_id.get(&id).cloned()
    }

    pub(crate) fn of_flow(&self, flow: Uuid) -> Vec<Arc<Entry>> {
        self.read().by_flow.get(&flow).cloned().unwrap_or_default()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.read().all.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.read().all.len()
    }

    /// From now on the service knows nothing of it; the journal does.
    pub(crate) fn forget(&self, entry: &Entry) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        index.by_id.remove(&entry.id);
        if let Some(sessions) = index.by_flow.get_mut(&entry.flow) {
            sessions.retain(|other| other.id != entry.id);
        }
    }

    pub(crate) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Index::default();
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
