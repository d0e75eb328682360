//! The schedule that spends the least for its delay on a known mixture of durations, by dynamic
//! programming: what any schedule that does not know the flow can be compared with.

use super::mixture::Mixture;
use super::policy::{Policy, Shipped, Standing};

/// The times between which looks are placed lie this far apart, as a share of the time.
const GRAIN: f64 = 0.012;
const FINEST: f64 = 0.04;
/// A look is sought at most so many grid points ahead.
const AHEAD: usize = 300;

/// After a look at `times[n]` that shows nothing, the next is at `times[next[n]]`.
#[derive(Debug)]
pub(crate) struct Optimum {
    times: Vec<f64>,
    next: Vec<usize>,
    /// While a person is waited for the mixture tells nothing.
    waiting: Shipped,
}

impl Optimum {
    /// The best schedule where a second of delay is worth `price` looks.
    ///
    /// From the end backwards: the cost to go from a look at time i that shows nothing is the least,
    /// over the next look at j, of that look, the delay of steps that end in between, and the cost to
    /// go from j if it shows nothing either.
    pub(crate) fn at_price(price: f64, mixture: &Mixture) -> Self {
        let mut times = vec![0.0];
        while let Some(last) = times.last().copied().filter(|last| *last < mixture.longest()) {
            times.push(last + (last * GRAIN).max(FINEST));
        }
        let end = times.len() - 1;
        let mut over: Vec<f64> = times.iter().map(|time| mixture.over_by(*time)).collect();
        over[end] = 1.0;
        // The integral of `over`, for the delays between two looks.
        let mut area = vec![0.0];
        for n in 1..=end {
            area.push(area[n - 1] + (times[n] - times[n - 1]) * (over[n] + over[n - 1]) / 2.0);
        }
        let mut cost = vec![0.0; end + 1];
        let mut next = vec![end; end + 1];
        for i in (0..end).rev() {
            let running = 1.0 - over[i];
            if running < 1e-12 {
                next[i] = i + 1;
                continue;
            }
            let cost_by = |j: usize| {
                let delay = area[j] - area[i] - over[i] * (times[j] - times[i]);
                1.0 + (price * delay + (1.0 - over[j]) * cost[j]) / running
            };
            let best = (i + 1..=end.min(i + AHEAD))
                .map(|j| (j, cost_by(j)))
                .min_by(|one, other| one.1.total_cmp(&other.1));
            if let Some((j, least)) = best {
                (next[i], cost[i]) = (j, least);
            }
        }
        Self { times, next, waiting: Shipped::default() }
    }
}

impl Policy for Optimum {
    fn next(&self, at: Standing) -> f64 {
        if at.is_waiting {
            return self.waiting.next(at);
        }
        let here = self.times.partition_point(|time| *time <= at.since + 1e-9).saturating_sub(1);
        (self.times[self.next[here]] - at.since).max(FINEST)
    }
}
