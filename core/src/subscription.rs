//! Events delivered by callback.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::HostError;
use crate::engine::{AbortOnDrop, drop_elsewhere, run_callback};
use crate::events::Events;
use crate::machine::SessionEvent;

/// Is told each event of a session, in order, one at a time.
///
/// It runs on a thread of its own, so it may take its time and may call back into the client. An
/// error or a panic in it is logged and ends nothing; the next event follows.
pub trait SessionListener: Send + Sync {
    /// Told one event.
    fn on_event(&self, event: SessionEvent) -> Result<(), HostError>;
}

impl<F: Fn(SessionEvent) + Send + Sync> SessionListener for F {
    fn on_event(&self, event: SessionEvent) -> Result<(), HostError> {
        self(event);
        Ok(())
    }
}

/// A listener's registration. It ends when this is cancelled or dropped.
pub struct Subscription {
    is_cancelled: Arc<Mutex<bool>>,
    task: AbortOnDrop,
}

impl Subscription {
    pub(crate) fn start(events: Events, listener: Arc<dyn SessionListener>) -> Self {
        let is_cancelled = Arc::new(Mutex::new(false));
        let engine = Arc::clone(events.watch().engine());
        let limit = engine.config().callback_limit;
        let runtime = engine.runtime().clone();
        let state = Arc::clone(&is_cancelled);
        // Held by the task, so that a foreign destructor does not run on the runtime's own thread
        // even when the task is aborted.
        let listener = DropElsewhere(Some(listener), runtime.clone());
        let task = runtime.spawn(async move {
            while let Some(event) = events.next().await {
                let Some(listener) = listener.0.clone() else { return };
                let state = Arc::clone(&state);
                let watch = Arc::clone(events.watch());
                run_callback(limit, move || {
                    // Held until the decision is made: after a cancel or close no callback starts.
                    let may_start =
                        !*state.lock().unwrap_or_else(PoisonError::into_inner) && !watch.is_over();
                    // One that never returns must not keep the watch going.
                    drop(watch);
                    if may_start { listener.on_event(event) } else { Ok(()) }
                })
                .await;
            }
        });
        Self { is_cancelled, task: AbortOnDrop::new(task.abort_handle()) }
    }

    /// No callback starts after this has returned. It does not wait for one that is running.
    pub fn cancel(&self) {
        *self.is_cancelled.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.task.abort();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

struct DropElsewhere(Option<Arc<dyn SessionListener>>, tokio::runtime::Handle);

impl Drop for DropElsewhere {
    fn drop(&mut self) {
        if let Some(listener) = self.0.take() {
            drop_elsewhere(&self.1, listener);
        }
    }
}
