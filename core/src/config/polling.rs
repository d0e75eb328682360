//! How often sessions are looked at.

use std::time::Duration;

/// The polling schedule's numbers. See `docs/architecture.md` for the schedule itself.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct PollingConfig {
    /// The shortest interval while the session runs; what follows a change. Default 200 ms.
    pub running_min: Duration,
    /// The longest interval while the session runs. Default 5 s.
    pub running_max: Duration,
    /// The shortest interval while it waits for the end user. Default 2 s.
    pub waiting_min: Duration,
    /// The longest interval while it waits for the end user. Default 60 s.
    pub waiting_max: Duration,
    /// The interval as a share of the time since the last change. Default 0.2.
    pub growth: f64,
    /// How far each interval strays, as a share of it, so that sessions do not march in step.
    /// Default 0.1, that is from 0.9 to 1.1 times the interval.
    pub jitter: f64,
}

impl Default for PollingConfig {
    fn default() -> Self {
        Self {
            running_min: Duration::from_millis(200),
            running_max: Duration::from_secs(5),
            waiting_min: Duration::from_secs(2),
            waiting_max: Duration::from_secs(60),
            growth: 0.2,
            jitter: 0.1,
        }
    }
}
