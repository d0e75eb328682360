//! The part of a watched session that the engine and its handles share: what can be seen of it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::machine::Look;

/// Where the engine publishes what there is to tell.
pub(crate) struct Published(watch::Sender<Arc<Look>>);

/// Where handles look. It outlives the engine.
#[derive(Debug, Clone)]
pub(crate) struct View(watch::Receiver<Arc<Look>>);

pub(crate) fn publish(look: Look) -> (Published, View) {
    let (sender, receiver) = watch::channel(Arc::new(look));
    (Published(sender), View(receiver))
}

impl Published {
    pub(super) fn replace(&self, look: Look) {
        self.0.send_replace(Arc::new(look));
    }
}

impl View {
    /// What there is to tell now.
    pub(crate) fn now(&self) -> Arc<Look> {
        Arc::clone(&self.0.borrow())
    }

    /// Waits until there is something else to tell than `told`. False once nothing ever will be.
    pub(crate) async fn differs_from(&self, told: &Arc<Look>) -> bool {
        self.0.clone().wait_for(|look| !Arc::ptr_eq(look, told)).await.is_ok()
    }

    /// Whether nothing will ever be published any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.has_changed().is_err()
    }
}
