//! Events that are pushed: a listener of the foreign language, and its subscription.

use std::sync::Arc;

use liveflow::{HostError, SessionEvent, Subscription};

use crate::foreign::{CallbackError, Foreign};
use crate::process::Here;

/// Is told each event of a watched session, in order, one at a time.
#[uniffi::export(foreign)]
pub trait SessionListener: Send + Sync {
    /// One event. While it does not return, its own next event waits, and nothing else does. What
    /// it throws is logged and ends nothing.
    fn on_event(&self, event: SessionEvent) -> Result<(), CallbackError>;
}

pub(crate) struct Listener(Foreign<dyn SessionListener>);

impl Listener {
    pub(crate) fn new(listener: Arc<dyn SessionListener>) -> Self {
        Self(Foreign::new(listener))
    }
}

impl liveflow::SessionListener for Listener {
    fn on_event(&self, event: SessionEvent) -> Result<(), HostError> {
        self.0.call(|listener| listener.on_event(event))
    }
}

/// A listener's registration. Forgetting it ends it.
#[derive(uniffi::Object)]
pub struct CoreSubscription(Here<Subscription>);

impl CoreSubscription {
    pub(crate) fn new(subscription: Subscription) -> Arc<Self> {
        Arc::new(Self(Here::new(subscription)))
    }
}

#[uniffi::export]
impl CoreSubscription {
    /// No callback starts after this has returned. A callback under way is not waited for.
    pub fn cancel(&self) {
        if let Some(subscription) = self.0.get() {
            subscription.cancel();
        }
    }
}
