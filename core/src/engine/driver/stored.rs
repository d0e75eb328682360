//! Checkpoints on their way to the store and back.

use crate::engine::mailbox::WatchId;
use crate::engine::runtime::AbortOnDrop;
use crate::engine::saves::Errand;
use crate::engine::store_failed;
use crate::error::LiveFlowError;
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
        let number = errand.number();
        // A task of its own, because it is the caller's code, which may panic.
        let task = tokio::spawn(async move {
            match errand {
                Errand::Save(checkpoint) => store.save(checkpoint).await,
                Errand::Forget(session) => store.delete(session).await,
            }
        });
        let abort_on_drop = AbortOnDrop::new(task.abort_handle());
        self.work.push(Box::pin(async move {
            let _abort_on_drop = abort_on_drop;
            let result = match task.await {
                Ok(result) => result.map_err(store_failed),
                Err(_) => Err(store_failed("it panicked")),
            };
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
