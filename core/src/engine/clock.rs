//! The one place that asks for the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::machine::Moment;

/// Now, by a clock that also counts while the device sleeps.
///
/// `std::time::Instant` may stop during sleep on Linux, Android and Apple's systems; the clocks asked
/// here do not.
#[cfg(unix)]
pub(crate) fn now() -> Moment {
    use rustix::time::{ClockId, clock_gettime};
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    // On Apple's systems the monotonic clock counts sleep.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let time = clock_gettime(CLOCK);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Moment::after_origin(Duration::new(seconds, nanos))
}

/// Now, by a clock that also counts while the device sleeps.
#[cfg(not(unix))]
pub(crate) fn now() -> Moment {
    use once_cell::sync::Lazy;
    static ORIGIN: Lazy<std::time::Instant> = Lazy::new(std::time::Instant::now);
    Moment::after_origin(ORIGIN.elapsed())
}

/// Milliseconds since 1970, for people who read checkpoints.
pub(crate) fn wall_milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
