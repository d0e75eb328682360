//! Going down with the process.

use std::time::{Duration, Instant};

use crate::{gate, log};

/// Stops everything for good, because the process exits: no foreign code runs after this has
/// returned, and every later call is refused. Waits at most this long.
#[uniffi::export]
pub fn shutdown_runtime(milliseconds: u64) {
    let deadline = Instant::now() + Duration::from_millis(milliseconds);
    let left = || deadline.saturating_duration_since(Instant::now());
    log::drain(left() / 4);
    gate::shut(left());
    liveflow::shutdown_runtime(left());
}
