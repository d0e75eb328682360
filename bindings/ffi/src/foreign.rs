//! An object of the foreign language, and how it is called.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use liveflow::HostError;

use crate::process::{Here, PerProcess};
use crate::{courier, gate};

/// A foreign callback failed; the words are the host's own.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Error)]
pub enum CallbackError {
    /// It threw.
    Failed {
        /// What it threw, in its own words.
        reason: String,
    },
}

impl std::fmt::Display for CallbackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Failed { reason } = self;
        f.write_str(reason)
    }
}

impl std::error::Error for CallbackError {}

impl From<uniffi::UnexpectedUniFFICallbackError> for CallbackError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

impl From<CallbackError> for HostError {
    fn from(error: CallbackError) -> Self {
        let CallbackError::Failed { reason } = error;
        Self(reason)
    }
}

/// How many callbacks that were asked to return at once may be in foreign code at the same time.
const AT_ONCE: usize = 64;

static UNDER_WAY: PerProcess<AtomicUsize> = PerProcess::new();

fn under_way() -> &'static AtomicUsize {
    UNDER_WAY.get(|| AtomicUsize::new(0))
}

/// A foreign object. It is called through the gate, and let go of by the courier.
pub(crate) struct Foreign<T: ?Sized + Send + Sync + 'static>(Arc<Held<T>>);

struct Held<T: ?Sized + Send + Sync + 'static>(Option<Here<Arc<T>>>);

impl<T: ?Sized + Send + Sync + 'static> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            courier::let_go(Box::new(object));
        }
    }
}

impl<T: ?Sized + Send + Sync + 'static> Clone for Foreign<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized + Send + Sync + 'static> Foreign<T> {
    pub(crate) fn new(object: Arc<T>) -> Self {
        Self(Arc::new(Held(Some(Here::new(object)))))
    }

    /// Calls it on this thread, which must not be one of the runtime's workers.
    pub(crate) fn call(
        &self,
        call: impl FnOnce(&T) -> Result<(), CallbackError>,
    ) -> Result<(), HostError> {
        let object = self.0.0.as_ref().and_then(Here::get);
        match (object, gate::enter()) {
            (Some(object), Some(_inside)) => call(object).map_err(HostError::from),
            _ => Err(HostError("the process is exiting".to_owned())),
        }
    }

    /// Calls it on a thread that may block. To be awaited on the core's runtime.
    pub(crate) fn call_elsewhere(
        &self,
        call: impl FnOnce(&T) -> Result<(), CallbackError> + Send + 'static,
    ) -> impl Future<Output = Result<(), HostError>> + Send + 'static {
        let this = self.clone();
        async move {
            let slot = Slot::take()?;
            let done = tokio::task::spawn_blocking(move || {
                let _slot = slot;
                this.call(call)
            });
            done.await.unwrap_or_else(|_| Err(HostError("the callback panicked".to_owned())))
        }
    }
}

/// One of the callbacks under way.
struct Slot(());

impl Slot {
    fn take() -> Result<Self, HostError> {
        under_way()
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < AT_ONCE).then_some(n + 1))
            .map(|_| Self(()))
            .map_err(|_| {
                tracing::error!(at_once = AT_ONCE, "callbacks do not return; one more was refused");
                HostError(format!("{AT_ONCE} callbacks have not returned yet"))
            })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        under_way().fetch_sub(1, Ordering::AcqRel);
    }
}
