//! When to look again: pure functions of phase, time, failures, the service's hint and a random
//! number.

use std::time::Duration;

use crate::config::{PollingConfig, RetryConfig};

/// What a session is doing, as far as polling is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Something can change at any time: it runs, or the outcome of a write is being found out.
    Running,
    /// It waits for the end user: nothing changes but from elsewhere.
    Waiting,
}

/// The interval after a look that succeeded.
///
/// It grows with the time since the last change: after a change it starts short, and whoever has
/// waited for a minute does not mind another few seconds. `random` is from 0 to 1.
pub(crate) fn interval(
    polling: &PollingConfig,
    phase: Phase,
    since_change: Duration,
    random: f64,
) -> Duration {
    let (shortest, longest) = match phase {
        Phase::Running => (polling.running_min, polling.running_max),
        Phase::Waiting => (polling.waiting_min, polling.waiting_max),
    };
    let grown = since_change.mul_f64(polling.growth).clamp(shortest, longest);
    span(grown.as_secs_f64() * (1.0 + polling.jitter * (2.0 * random - 1.0)))
}

/// The wait before try number `failures` + 1 after so many failures in a row: exponential, jittered
/// from half of it to the whole, so that many clients do not return in step.
pub(crate) fn backoff(retry: &RetryConfig, failures: u32, random: f64) -> Duration {
    let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX).min(64);
    let seconds = retry.initial_backoff.as_secs_f64() * retry.multiplier.powi(exponent);
    let capped = seconds.min(retry.max_backoff.as_secs_f64());
    span(capped * (0.5 + 0.5 * random))
}

/// A wait that the service asked for: capped, and jittered later only, never earlier.
pub(crate) fn hinted(hint: Duration, cap: Duration, random: f64) -> Duration {
    let capped = hint.min(cap);
    // Saturating: both may be as long as a header or a setting can say.
    capped.saturating_add((capped / 10).mul_f64(random))
}

/// So many seconds; a span that is too long to be one is for ever.
fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: f64 = 0.5;

    fn after(phase: Phase, seconds: f64) -> f64 {
        let since = Duration::from_secs_f64(seconds);
        interval(&PollingConfig::default(), phase, since, MIDDLE).as_secs_f64()
    }

    #[test]
    fn while_running_the_interval_grows_with_the_time_since_the_last_change() {
        for (since, expected) in [(0.0, 0.2), (0.5, 0.2), (5.0, 1.0), (20.0, 4.0), (60.0, 5.0)] {
            assert!((after(Phase::Running, since) - expected).abs() < 1e-9, "{since}");
        }
    }

    #[test]
    fn while_waiting_for_the_user_it_is_slow() {
        for (since, expected) in [(0.0, 2.0), (60.0, 12.0), (1000.0, 60.0)] {
            assert!((after(Phase::Waiting, since) - expected).abs() < 1e-9, "{since}");
        }
    }

    #[test]
    fn jitter_strays_to_both_sides_by_its_share() {
        let polling = PollingConfig::default();
        let at = |random| interval(&polling, Phase::Running, Duration::from_secs(5), random);
        assert_eq!(at(0.0), Duration::from_millis(900));
        assert_eq!(at(1.0), Duration::from_millis(1100));
    }

    #[test]
    fn backoff_doubles_to_its_cap_with_jitter_from_half_to_the_whole() {
        let retry = RetryConfig::default();
        for (failures, longest) in [(1, 0.5), (2, 1.0), (3, 2.0), (7, 30.0), (u32::MAX, 30.0)] {
            assert!((backoff(&retry, failures, 1.0).as_secs_f64() - longest).abs() < 1e-9);
            assert!((backoff(&retry, failures, 0.0).as_secs_f64() - longest / 2.0).abs() < 1e-9);
        }
    }

    #[test]
    fn spans_without_end_are_no_problem() {
        let long = Duration::MAX;
        let polling = PollingConfig { running_min: long, running_max: long, ..Default::default() };
        assert_eq!(interval(&polling, Phase::Running, long, 1.0), long);
        let retry = RetryConfig { initial_backoff: long, max_backoff: long, multiplier: 100.0 };
        assert_eq!(backoff(&retry, u32::MAX, 1.0), long);
    }

    #[test]
    fn a_hint_is_capped_and_only_ever_lengthened() {
        let cap = Duration::from_secs(300);
        assert_eq!(hinted(Duration::from_secs(7), cap, 0.0), Duration::from_secs(7));
        assert!(hinted(Duration::from_secs(7), cap, 0.9) > Duration::from_secs(7));
        assert_eq!(hinted(Duration::from_secs(9000), cap, 0.0), cap);
        assert_eq!(hinted(Duration::MAX, Duration::MAX, 0.9), Duration::MAX);
    }
}
