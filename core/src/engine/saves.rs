//! Checkpoints on their way to the store: one at a time for each session, the newest wins.

use crate::config::StoredCheckpoint;
use crate::machine::Checkpoint;

/// What is to be done next for one session.
#[derive(Debug, Default)]
pub(super) struct Saves {
    is_busy: bool,
    next: Option<Errand>,
}

#[derive(Debug)]
pub(super) enum Errand {
    Save(StoredCheckpoint),
    Forget(String),
}

impl Errand {
    pub(super) fn save(checkpoint: &Checkpoint) -> Self {
        Self::Save(StoredCheckpoint {
            session_id: checkpoint.session_id().to_string(),
            number: checkpoint.number(),
            data: checkpoint.to_text(),
        })
    }

    /// Of the checkpoint that is saved.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Save(checkpoint) => Some(checkpoint.number),
            Self::Forget(_) => None,
        }
    }
}

impl Saves {
    /// Gives back what to do at once; otherwise it waits, in place of an older one that still waits.
    pub(super) fn add(&mut self, errand: Errand) -> Option<Errand> {
        if self.is_busy {
            self.next = Some(errand);
            return None;
        }
        self.is_busy = true;
        Some(errand)
    }

    /// The one under way is done; gives back what to do next.
    pub(super) fn done(&mut self) -> Option<Errand> {
        let next = self.next.take();
        self.is_busy = next.is_some();
        next
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.is_busy
    }
}
