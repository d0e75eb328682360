//! Checkpoints on their way to the store and back.

use crate::engine::mailbox::WatchId;
use crate::engine::saves::Errand;
use crate::error::{ErrorContext, LiveFlowError};
use crate::machine::Input;

use super::{Driver, Event};

impl Driver {
    pub(super) fn errand(&mut self, id: WatchId, errand: Errand) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if let Some(errand) = slot.saves.add(errand) {
            self.start_errand(id, errand);
        }
    }

    fn start_errand(&mut self, id: WatchId, errand: Errand) {
        let Some(store) = self.config.checkpoint_store.clone() else { return };
        let (number, done) = match errand {
            Errand::Save(checkpoint) => (Some(checkpoint.number), store.save(checkpoint)),
            Errand::Forget(session) => (None, store.delete(session)),
        };
        self.work.push(Box::pin(async move {
            let result = done.await.map_err(|error| LiveFlowError::HandlerFailed {
                context: ErrorContext::new(format!("the checkpoint store failed: {error}")),
            });
            Event::Saved { id, number, result }
        }));
    }

    pub(super) fn saved(
        &mut self,
        id: WatchId,
        number: Option<u64>,
        result: Result<(), LiveFlowError>,
    ) {
        if let Err(error) = &result {
            tracing::error!(target: "liveflow::engine", %error, "a checkpoint was not stored");
        }
        let next = self.slots.get_mut(&id).and_then(|slot| slot.saves.done());
        if let Some(errand) = next {
            self.start_errand(id, errand);
        }
        match number {
            Some(number) => self.tell(id, Input::Saved { number, result }),
            None => self.tell(id, Input::Wake),
        }
    }

    pub(super) fn all_stored(&self) -> bool {
        self.slots.values().all(|slot| slot.saves.is_idle())
    }
}
