//! How fast polls follow one another: learned in calm times, kept to after an outage.
//!
//! When the service is back, every session that was not looked at meanwhile is due, and a budget that
//! has room would let them all go at once, at a service that has only just got up. So for a while
//! polls go out hardly faster than they did before; the longer that is not enough, the faster.

use std::time::Duration;

use crate::machine::Moment;

/// Over what time the pace is learned.
const MEMORY: Duration = Duration::from_secs(30);

/// How much faster than before polls go out at first, so that those that wait are served in time.
const HASTE: f64 = 1.25;

/// After this long the pace grows, and doubles each time it has passed again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is shorter is the bad luck of a few requests, and keeps back less than a second's polls.
const SHORTEST_OUTAGE: Duration = Duration::from_secs(1);

/// A pace, in requests a second, that is no storm whatever there was before.
const GENTLE: f64 = 10.0;

#[derive(Debug)]
pub(super) struct Pace {
    /// Polls a second, each counting for less the longer ago it was.
    recent: f64,
    /// How long there was anything to learn from.
    learned: Duration,
    last: Moment,
    /// How long a session may take to try again after a failure.
    longest_backoff: Duration,
    recovery: Option<Recovery>,
}

/// The time after an outage.
#[derive(Debug, Clone, Copy)]
struct Recovery {
    since: Moment,
    per_second: f64,
    /// When the next poll may go.
    next: Moment,
}

impl Pace {
    pub(super) fn new(longest_backoff: Duration, now: Moment) -> Self {
        Self { recent: 0.0, learned: Duration::ZERO, last: now, longest_backoff, recovery: None }
    }

    /// A poll goes out.
    pub(super) fn sent(&mut self, now: Moment) {
        if let Some(recovery) = &mut self.recovery {
            let grown = (now.since(recovery.since).as_secs_f64() / PATIENCE.as_secs_f64()).max(1.0);
            let per_second = recovery.per_second * (grown - 1.0).exp2();
            let gap = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(PATIENCE);
            // What was not used is not saved up.
            recovery.next = recovery.next.max(now) + gap;
            return;
        }
        let elapsed = now.since(self.last);
        self.recent = self.recent * decay(elapsed) + 1.0 / MEMORY.as_secs_f64();
        self.learned += elapsed;
        self.last = now;
    }

    /// The service is in reach again, after this long.
    pub(super) fn recovered(&mut self, now: Moment, outage: Duration) {
        if outage < SHORTEST_OUTAGE {
            return;
        }
        let before = self.recovery.map_or_else(|| self.per_second(), |before| before.per_second);
        self.recovery = Some(Recovery { since: now, per_second: before, next: now });
    }

    /// No poll waits: those that an outage kept back have gone, unless some have yet to come.
    pub(super) fn has_caught_up(&mut self, now: Moment) {
        let is_over = |recovery: Recovery| now.since(recovery.since) > self.longest_backoff;
        if self.recovery.is_some_and(is_over) {
            self.recovery = None;
            // The outage and what came after it were no calm times.
            self.last = now;
        }
    }

    /// When the next poll may go, if it may not go at once.
    pub(super) fn next(&self, now: Moment) -> Option<Moment> {
        self.recovery.map(|recovery| recovery.next).filter(|next| now < *next)
    }

    fn per_second(&self) -> f64 {
        // What has not been observed for long is not known in full.
        let known = 1.0 - decay(self.learned);
        let learned = if known > 0.0 { self.recent / known } else { 0.0 };
        (learned * HASTE).max(GENTLE)
    }
}

/// How much is left of what counted this long ago.
fn decay(elapsed: Duration) -> f64 {
    (-elapsed.as_secs_f64() / MEMORY.as_secs_f64()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Moment {
        Moment::after_origin(Duration::from_millis(milliseconds))
    }

    /// A pace that has seen a poll every `gap` ms for `seconds`, then an outage of a minute.
    fn recovered(gap: u64, seconds: u64) -> (Pace, Moment) {
        let mut pace = Pace::new(Duration::from_secs(30), at(0));
        for number in 1..=seconds * 1000 / gap {
            pace.sent(at(number * gap));
        }
        let back = at((seconds + 60) * 1000);
        pace.recovered(back, Duration::from_secs(60));
        (pace, back)
    }

    /// How many polls go out in this time, when there are always some that wait.
    fn sent_in(pace: &mut Pace, from: Moment, span: Duration) -> usize {
        let mut now = from;
        let mut sent = 0;
        while now.since(from) < span {
            if let Some(next) = pace.next(now) {
                now = next;
            } else {
                pace.sent(now);
                sent += 1;
            }
        }
        sent
    }

    #[test]
    fn in_calm_times_nothing_waits() {
        let mut pace = Pace::new(Duration::from_secs(30), at(0));
        for _ in 0..1000 {
            assert_eq!(pace.next(at(5)), None);
            pace.sent(at(5));
        }
    }

    #[test]
    fn after_an_outage_polls_go_out_a_quarter_faster_than_before_for_a_minute() {
        for seconds in [5, 300] {
            let (mut pace, back) = recovered(10, seconds);
            let each: Vec<usize> = (0..60)
                .map(|second| back + Duration::from_secs(second))
                .map(|from| sent_in(&mut pace, from, Duration::from_secs(1)))
                .collect();
            assert!(each.iter().all(|sent| (115..=135).contains(sent)), "{seconds} s: {each:?}");
        }
    }

    #[test]
    fn a_network_that_drops_some_requests_is_no_outage() {
        let mut pace = Pace::new(Duration::from_secs(30), at(0));
        for _ in 0..1000 {
            pace.recovered(at(5), Duration::from_millis(900));
            assert_eq!(pace.next(at(5)), None);
            pace.sent(at(5));
        }
    }

    #[test]
    fn the_longer_that_is_not_enough_the_faster() {
        let (mut pace, back) = recovered(10, 300);
        let later = back + Duration::from_secs(240);
        assert!(sent_in(&mut pace, later, Duration::from_secs(1)) > 900);
    }

    #[test]
    fn a_few_sessions_are_not_held_up() {
        let (mut pace, back) = recovered(20_000, 100);
        assert!(sent_in(&mut pace, back, Duration::from_secs(1)) >= 10);
    }

    #[test]
    fn it_is_over_when_nobody_waits_and_everybody_has_tried_again() {
        let (mut pace, back) = recovered(10, 300);
        pace.sent(back);
        pace.has_caught_up(back + Duration::from_secs(1));
        assert!(pace.next(back).is_some(), "some have yet to come");
        pace.has_caught_up(back + Duration::from_secs(31));
        assert_eq!(pace.next(back), None);
    }

    #[test]
    fn a_network_that_comes_and_goes_does_not_drive_the_pace_up() {
        let (mut pace, back) = recovered(10, 300);
        for again in 0..20 {
            let from = back + Duration::from_secs(again * 10);
            sent_in(&mut pace, from, Duration::from_secs(5));
            pace.recovered(from + Duration::from_secs(10), Duration::from_secs(5));
        }
        let from = back + Duration::from_secs(200);
        assert!((115..=135).contains(&sent_in(&mut pace, from, Duration::from_secs(1))));
    }
}
