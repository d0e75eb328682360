//! Service time: real time, multiplied by a speed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use chrono::SecondsFormat;

/// A moment in service time, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServiceTime(i64);

impl ServiceTime {
    #[cfg(any(test, feature = "internals"))]
    pub(crate) const EPOCH: Self = Self(0);

    /// `Duration` is in service time, too.
    pub(crate) fn after(self, pause: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The moment that no earlier change can have been stamped with.
    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub(crate) fn system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(u64::try_from(self.0).unwrap_or(0))
    }
}

impl std::fmt::Display for ServiceTime {
    /// RFC 3339 in UTC, always with six digits after the point, so that texts compare as times do.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH);
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl serde::Serialize for ServiceTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Debug)]
pub(crate) struct Clock(Mutex<Anchor>);

#[derive(Clone, Copy, Debug)]
struct Anchor {
    real: Instant,
    service: ServiceTime,
    speed: f64,
}

impl Anchor {
    fn at(&self, real: Instant) -> ServiceTime {
        let elapsed = real.saturating_duration_since(self.real).as_secs_f64() * self.speed;
        let pause = Duration::try_from_secs_f64(elapsed).unwrap_or(Duration::MAX);
        self.service.after(pause)
    }
}

impl Clock {
    /// Starts at the real time.
    pub(crate) fn new(speed: f64) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let service = ServiceTime(0).after(since_epoch);
        Self(Mutex::new(Anchor { real: Instant::now(), service, speed }))
    }

    pub(crate) fn now(&self) -> ServiceTime {
        self.anchor().at(Instant::now())
    }

    pub(crate) fn speed(&self) -> f64 {
        self.anchor().speed
    }

    /// Goes on from the present service time at another speed.
    pub(crate) fn set_speed(&self, speed: f64) {
        let mut anchor = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let real = Instant::now();
        *anchor = Anchor { real, service: anchor.at(real), speed };
    }

    /// Jumps forward by this much service time.
    pub(crate) fn advance(&self, by: Duration) {
        let mut anchor = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        anchor.service = anchor.service.after(by);
    }

    fn anchor(&self) -> Anchor {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Speeds that make sense: time neither stands still for ever by accident nor overflows.
pub(crate) fn is_speed(speed: f64) -> bool {
    speed > 0.0 && speed <= 1_000_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(speed: f64) -> Anchor {
        Anchor { real: Instant::now(), service: ServiceTime(1_700_000_000_000_000), speed }
    }

    #[test]
    fn service_time_runs_as_fast_as_the_speed_says() {
        let anchor = anchor(50.0);
        let later = anchor.at(anchor.real + Duration::from_millis(20));
        assert_eq!(later, anchor.service.after(Duration::from_secs(1)));
    }

    #[test]
    fn a_new_speed_does_not_make_time_jump() {
        let clock = Clock::new(1.0);
        let before = clock.now();
        clock.set_speed(0.001);
        let after = clock.now();
        assert!(after >= before && after < before.after(Duration::from_secs(5)));
        assert!((clock.speed() - 0.001).abs() < f64::EPSILON);
    }

    #[test]
    fn advancing_jumps_forward() {
        let clock = Clock::new(0.001);
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() >= before.after(Duration::from_secs(3600)));
    }

    #[test]
    fn times_are_written_with_microseconds() {
        assert_eq!(ServiceTime(1_700_000_000_000_000).to_string(), "2023-11-14T22:13:20.000000Z");
        assert_eq!(
            ServiceTime(1_700_000_000_000_001).next().to_string(),
            "2023-11-14T22:13:20.000002Z"
        );
    }

    #[test]
    fn only_positive_finite_speeds_are_speeds() {
        assert!(is_speed(1.0) && is_speed(1000.0));
        assert!(!is_speed(0.0) && !is_speed(-1.0) && !is_speed(f64::NAN));
        assert!(!is_speed(f64::INFINITY));
    }
}
