//! Time as the machine knows it: handed in, never asked for.

use std::ops::Add;
use std::time::Duration;

/// A point in time, by a clock that also counts while the device sleeps. Its origin is arbitrary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Moment(Duration);

impl Moment {
    /// So much after the clock's origin.
    pub(crate) const fn after_origin(span: Duration) -> Self {
        Self(span)
    }

    /// How long after `earlier` this is; nothing if it is not.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_before_the_origin_or_beyond_the_end() {
        let at = |second| Moment::after_origin(Duration::from_secs(second));
        assert_eq!(at(5).since(at(3)), Duration::from_secs(2));
        assert_eq!(at(3).since(at(5)), Duration::ZERO);
        assert_eq!(at(5) + Duration::MAX, Moment::after_origin(Duration::MAX));
    }
}
