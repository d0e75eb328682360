//! The schedules that are compared: when to look again after a look that showed nothing new.

use std::time::Duration;

use liveflow::PollingConfig;
use liveflow::internals::benching::polling_interval;

/// Where a poller stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Since the last change was seen, in seconds.
    pub(crate) since: f64,
    /// Looks since then.
    pub(crate) looks: i32,
    /// The session asks its end user something.
    pub(crate) is_waiting: bool,
    /// From 0 to 1.
    pub(crate) random: f64,
}

/// Seconds until the next look.
pub(crate) trait Policy {
    fn next(&self, at: Standing) -> f64;
}

/// What the SDK ships: the core's own function.
#[derive(Debug, Default)]
pub(crate) struct Shipped(pub(crate) PollingConfig);

impl Policy for Shipped {
    fn next(&self, at: Standing) -> f64 {
        let since = Duration::from_secs_f64(at.since);
        polling_interval(&self.0, at.is_waiting, since, at.random).as_secs_f64()
    }
}

/// The loop that everybody writes first.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) f64);

impl Policy for Fixed {
    fn next(&self, _: Standing) -> f64 {
        self.0
    }
}

/// Exponential backoff; it starts anew at each change, which is more than these pollers do.
#[derive(Debug)]
pub(crate) struct Backoff {
    pub(crate) first: f64,
    pub(crate) factor: f64,
    pub(crate) longest: f64,
    /// Whether each wait is drawn from between the first and the computed one.
    pub(crate) is_random: bool,
}

/// Google's long-running operations, as published for its client generators.
pub(crate) const GOOGLE: Backoff =
    Backoff { first: 5.0, factor: 1.5, longest: 45.0, is_random: false };

/// AWS's waiters, as its Smithy specification says.
pub(crate) const AWS: Backoff =
    Backoff { first: 2.0, factor: 2.0, longest: 120.0, is_random: true };

impl Policy for Backoff {
    fn next(&self, at: Standing) -> f64 {
        let wait = (self.first * self.factor.powi(at.looks)).min(self.longest);
        if self.is_random { self.first + (wait - self.first) * at.random } else { wait }
    }
}
