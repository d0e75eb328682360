//! Something that happens once, and that any number can wait for.

use tokio::sync::watch;

pub(crate) struct Signal(watch::Sender<bool>);

impl Signal {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn give(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_given(&self) -> bool {
        *self.0.borrow()
    }

    /// Resolves once it has been given. Safe to drop at any time.
    pub(crate) async fn given(&self) {
        // It can only fail when the sender is gone, and `self` is the sender.
        let _ = self.0.subscribe().wait_for(|given| *given).await;
    }
}
