//! Foreign callbacks: each on a thread that may be lost to it, never on the runtime's own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use once_cell::sync::Lazy;
use tokio::sync::Notify;

use crate::config::HostError;

/// How long a callback waits for one of those that are running to return, at the limit.
const PATIENCE: Duration = Duration::from_secs(5);

static RUNNING: AtomicU32 = AtomicU32::new(0);
static RETURNED: Lazy<Notify> = Lazy::new(Notify::new);

/// Runs one callback and waits until it returns. What goes wrong in it is logged, and ends nothing
/// but itself. False when it was refused, because `limit` others do not return.
pub(crate) async fn run_callback(
    limit: u32,
    callback: impl FnOnce() -> Result<(), HostError> + Send + 'static,
) -> bool {
    let Some(place) = Place::take(limit).await else {
        tracing::error!(
            target: "liveflow::callbacks",
            limit,
            "a callback was refused: as many as callback_limit allows have not returned"
        );
        return false;
    };
    let outcome = tokio::task::spawn_blocking(move || {
        let _place = place;
        callback()
    })
    .await;
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(target: "liveflow::callbacks", %error, "a callback failed");
        }
        Err(error) if error.is_panic() => {
            tracing::error!(target: "liveflow::callbacks", "a callback panicked");
        }
        // The runtime is being shut down.
        Err(_) => return false,
    }
    true
}

/// Drops what may run foreign code when it is dropped.
pub(crate) fn drop_elsewhere<T: Send + 'static>(runtime: &tokio::runtime::Handle, value: T) {
    runtime.spawn_blocking(move || drop(value));
}

/// One of the places that callbacks in this process have.
struct Place;

impl Place {
    async fn take(limit: u32) -> Option<Self> {
        let take = || {
            RUNNING
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| {
                    (running < limit).then_some(running + 1)
                })
                .is_ok()
        };
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let returned = RETURNED.notified();
                if take() {
                    return;
                }
                returned.await;
            }
        });
        waited.await.ok().map(|()| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
        RETURNED.notify_one();
    }
}
