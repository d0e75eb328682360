//! Who may send next: the client's one budget of requests, shared fairly. Pure: time is handed in.
//!
//! Waiting requests are served in this order: answers and cancels, then other direct calls, then
//! polls, earliest due first; polls get at least a fifth of what is sent. A `Retry-After` of the
//! service holds all of them. While the service cannot be reached one request at a time goes out as
//! a probe, and when it gets through the rest follow at the pace of the budget, and hardly faster than
//! they did before the outage, not all at once.

mod pace;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::machine::Moment;

use pace::Pace;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Answers, cancels, and the reads that they wait for.
    Urgent,
    /// Other calls that somebody waits for.
    Direct,
    /// Polls of the schedule.
    Poll,
}

/// How many requests in a row must not get through for the service to count as out of reach.
const OUT_OF_REACH: u32 = 2;

/// Every so many-th request goes to a poll, if one waits.
const POLL_SHARE: u32 = 5;

/// How much of a second's budget may be sent in one go after a quiet time.
const BURST_SECONDS: f64 = 0.25;

#[derive(Debug)]
pub(crate) struct Budget<T> {
    per_second: f64,
    max_in_flight: u32,
    tokens: f64,
    refilled: Moment,
    in_flight: u32,
    held_until: Option<Moment>,
    unreached_in_a_row: u32,
    /// Since when the service is out of reach.
    lost_at: Option<Moment>,
    since_last_poll: u32,
    urgent: VecDeque<T>,
    direct: VecDeque<T>,
    /// By due time, then by arrival.
    polls: BTreeMap<(Moment, u64), T>,
    arrivals: u64,
    pace: Pace,
}

impl<T> Budget<T> {
    /// `longest_backoff` is how long a session may take to try again after a failure.
    pub(crate) fn new(
        per_second: f64,
        max_in_flight: u32,
        longest_backoff: Duration,
        now: Moment,
    ) -> Self {
        let mut budget = Self {
            per_second,
            max_in_flight,
            tokens: 0.0,
            refilled: now,
            in_flight: 0,
            held_until: None,
            unreached_in_a_row: 0,
            lost_at: None,
            since_last_poll: 0,
            urgent: VecDeque::new(),
            direct: VecDeque::new(),
            polls: BTreeMap::new(),
            arrivals: 0,
            pace: Pace::new(longest_backoff, now),
        };
        budget.tokens = budget.burst();
        budget
    }

    pub(crate) fn add(&mut self, class: Class, due: Moment, request: T) {
        match class {
            Class::Urgent => self.urgent.push_back(request),
            Class::Direct => self.direct.push_back(request),
            Class::Poll => {
                self.arrivals += 1;
                self.polls.insert((due, self.arrivals), request);
            }
        }
    }

    /// The next request that may be sent now. Each must be followed by [`Budget::ended`] or
    /// [`Budget::unused`].
    pub(crate) fn admit(&mut self, now: Moment) -> Option<T> {
        self.refill(now);
        if self.held_until.is_some_and(|until| now < until) {
            return None;
        }
        self.held_until = None;
        let most = if self.is_out_of_reach() { 1 } else { self.max_in_flight };
        if self.in_flight >= most {
            return None;
        }
        // What an end user waits for may overdraw the budget: it was read for a moment ago, and
        // would have to be read for again after a wait.
        let has_token = self.per_second <= 0.0 || self.tokens >= 1.0;
        if !has_token && self.urgent.is_empty() {
            return None;
        }
        let poll_is_owed = self.since_last_poll + 1 >= POLL_SHARE;
        let owed = if poll_is_owed { self.next_poll(now) } else { None };
        let next = owed
            .map(|poll| (poll, true))
            .or_else(|| self.urgent.pop_front().map(|request| (request, false)))
            .or_else(|| self.direct.pop_front().map(|request| (request, false)))
            .or_else(|| self.next_poll(now).map(|poll| (poll, true)));
        let (request, is_poll) = next?;
        self.since_last_poll = if is_poll { 0 } else { self.since_last_poll + 1 };
        if is_poll && !self.is_out_of_reach() {
            self.pace.sent(now);
        }
        // The debt is bounded, so that many answers do not keep everything else waiting afterwards.
        self.tokens = (self.tokens - 1.0).max(-self.burst());
        self.in_flight += 1;
        Some(request)
    }

    fn next_poll(&mut self, now: Moment) -> Option<T> {
        if self.polls.is_empty() {
            self.pace.has_caught_up(now);
        }
        match self.pace.next(now) {
            Some(_) => None,
            None => self.polls.pop_first().map(|(_, poll)| poll),
        }
    }

    /// When a waiting request may be sent, if only time keeps it from being.
    pub(crate) fn wake_at(&self, now: Moment) -> Option<Moment> {
        if self.urgent.is_empty() && self.direct.is_empty() && self.polls.is_empty() {
            return None;
        }
        let most = if self.is_out_of_reach() { 1 } else { self.max_in_flight };
        if self.in_flight >= most {
            return None;
        }
        let refilled = if self.per_second > 0.0 && self.urgent.is_empty() && self.tokens < 1.0 {
            let seconds = (1.0 - self.tokens) / self.per_second;
            let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            // Rounded up, so that the token is surely there.
            self.refilled + wait + Duration::from_micros(1)
        } else {
            now
        };
        let only_polls = self.urgent.is_empty() && self.direct.is_empty();
        let paced = if only_polls { self.pace.next(now) } else { None };
        [Some(refilled), self.held_until, paced].into_iter().flatten().max()
    }

    /// A request that was admitted is over. `reached` says whether the service was: `None` where
    /// that is not known.
    pub(crate) fn ended(&mut self, now: Moment, reached: Option<bool>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match reached {
            Some(true) => {
                if let Some(lost_at) = self.lost_at.take() {
                    self.tokens = 0.0;
                    self.pace.recovered(now, now.since(lost_at));
                }
                self.unreached_in_a_row = 0;
            }
            Some(false) => {
                self.unreached_in_a_row = self.unreached_in_a_row.saturating_add(1);
                if self.is_out_of_reach() {
                    self.lost_at.get_or_insert(now);
                }
            }
            None => {}
        }
    }

    /// A request that was admitted was not sent.
    pub(crate) fn unused(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.tokens = (self.tokens + 1.0).min(self.burst());
    }

    /// Nothing more is sent before `until`. A later answer of the service may shorten it again.
    pub(crate) fn hold(&mut self, until: Moment) {
        self.held_until = Some(until);
    }

    /// What is known of the service's reach is forgotten: the network is another one.
    pub(crate) fn forget_outage(&mut self) {
        self.unreached_in_a_row = 0;
        self.lost_at = None;
    }

    pub(crate) fn is_out_of_reach(&self) -> bool {
        self.unreached_in_a_row >= OUT_OF_REACH
    }

    /// Takes out every waiting request that `wanted` picks.
    pub(crate) fn take_out(&mut self, mut wanted: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut out = Vec::new();
        for queue in [&mut self.urgent, &mut self.direct] {
            let (taken, kept) = queue.drain(..).partition::<Vec<_>, _>(|request| wanted(request));
            queue.extend(kept);
            out.extend(taken);
        }
        let keys: Vec<_> =
            self.polls.iter().filter(|(_, request)| wanted(request)).map(|(key, _)| *key).collect();
        out.extend(keys.into_iter().filter_map(|key| self.polls.remove(&key)));
        out
    }

    fn burst(&self) -> f64 {
        (self.per_second * BURST_SECONDS).max(1.0)
    }

    fn refill(&mut self, now: Moment) {
        let elapsed = now.since(self.refilled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * self.per_second).min(self.burst());
        self.refilled = self.refilled.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Moment {
        Moment::after_origin(Duration::from_millis(milliseconds))
    }

    fn budget(per_second: f64, max_in_flight: u32) -> Budget<&'static str> {
        Budget::new(per_second, max_in_flight, Duration::from_secs(30), at(0))
    }

    fn drain(budget: &mut Budget<&'static str>, now: Moment) -> Vec<&'static str> {
        std::iter::from_fn(|| budget.admit(now)).collect()
    }

    #[test]
    fn answers_go_before_direct_calls_before_polls_and_polls_by_due_time() {
        let mut budget = budget(0.0, 100);
        budget.add(Class::Poll, at(20), "later poll");
        budget.add(Class::Poll, at(10), "poll");
        budget.add(Class::Direct, at(0), "get");
        budget.add(Class::Urgent, at(0), "answer");
        assert_eq!(drain(&mut budget, at(30)), ["answer", "get", "poll", "later poll"]);
    }

    #[test]
    fn polls_get_at_least_a_fifth() {
        let mut budget = budget(0.0, 100);
        for _ in 0..20 {
            budget.add(Class::Urgent, at(0), "answer");
        }
        for _ in 0..4 {
            budget.add(Class::Poll, at(0), "poll");
        }
        let sent = drain(&mut budget, at(0));
        assert!(sent.chunks(5).take(4).all(|five| five.contains(&"poll")), "{sent:?}");
    }

    #[test]
    fn no_more_than_the_limit_is_in_flight() {
        let mut budget = budget(0.0, 2);
        for _ in 0..3 {
            budget.add(Class::Poll, at(0), "poll");
        }
        assert_eq!(drain(&mut budget, at(0)).len(), 2);
        assert_eq!(budget.wake_at(at(0)), None, "only an end can make room");
        budget.ended(at(0), Some(true));
        assert_eq!(drain(&mut budget, at(0)).len(), 1);
    }

    #[test]
    fn the_rate_is_kept_and_the_wake_up_is_when_the_next_token_is_there() {
        let mut budget = budget(10.0, 100);
        for _ in 0..100 {
            budget.add(Class::Poll, at(0), "poll");
        }
        let mut sent = drain(&mut budget, at(0)).len();
        let mut now = at(0);
        while now < at(5000) {
            now = budget.wake_at(now).unwrap();
            let more = drain(&mut budget, now).len();
            assert!(more > 0, "woken for nothing at {now:?}");
            sent += more;
        }
        assert!((50..=54).contains(&sent), "{sent}");
    }

    #[test]
    fn an_answer_may_overdraw_the_budget() {
        let mut budget = budget(0.5, 100);
        budget.add(Class::Urgent, at(0), "read");
        assert_eq!(drain(&mut budget, at(0)), ["read"]);
        budget.add(Class::Urgent, at(10), "answer");
        budget.add(Class::Poll, at(10), "poll");
        assert_eq!(drain(&mut budget, at(10)), ["answer"]);
    }

    #[test]
    fn answers_that_overdraw_the_budget_leave_polls_their_share_and_a_small_debt() {
        let mut budget = budget(4.0, 1000);
        for _ in 0..100 {
            budget.add(Class::Urgent, at(0), "answer");
            budget.add(Class::Poll, at(0), "poll");
        }
        let sent = drain(&mut budget, at(0));
        assert_eq!(sent.iter().filter(|request| **request == "answer").count(), 100);
        assert!(sent.chunks(5).take(20).all(|five| five.contains(&"poll")), "{sent:?}");
        assert_eq!(drain(&mut budget, at(501)), ["poll"], "half a second of debt, no more");
    }

    #[test]
    fn a_rate_of_next_to_nothing_is_no_problem() {
        let mut budget = budget(f64::MIN_POSITIVE, 1);
        budget.add(Class::Direct, at(0), "get");
        budget.add(Class::Direct, at(0), "next get");
        assert_eq!(drain(&mut budget, at(0)), ["get"]);
        budget.ended(at(0), Some(true));
        assert!(budget.wake_at(at(0)) > Some(at(1_000_000)));
    }

    #[test]
    fn a_request_that_was_not_sent_gives_its_place_back() {
        let mut budget = budget(1.0, 1);
        budget.add(Class::Poll, at(0), "poll");
        budget.add(Class::Poll, at(1), "next poll");
        assert_eq!(drain(&mut budget, at(0)), ["poll"]);
        budget.unused();
        assert_eq!(drain(&mut budget, at(0)), ["next poll"]);
    }

    #[test]
    fn a_hold_stops_everything_until_it_is_over() {
        let mut budget = budget(0.0, 100);
        budget.hold(at(1000));
        budget.add(Class::Urgent, at(0), "answer");
        assert_eq!(drain(&mut budget, at(999)), Vec::<&str>::new());
        assert_eq!(budget.wake_at(at(999)), Some(at(1000)));
        assert_eq!(drain(&mut budget, at(1000)), ["answer"]);
    }

    #[test]
    fn out_of_reach_one_probe_goes_out_and_its_success_empties_the_bucket() {
        let mut budget = budget(8.0, 100);
        for _ in 0..10 {
            budget.add(Class::Poll, at(0), "poll");
        }
        assert_eq!(drain(&mut budget, at(0)).len(), 2, "a burst of a quarter second");
        budget.ended(at(0), Some(false));
        budget.ended(at(0), Some(false));
        assert!(budget.is_out_of_reach());
        assert_eq!(drain(&mut budget, at(10_000)).len(), 1, "a single probe");
        budget.ended(at(10_000), Some(true));
        assert_eq!(drain(&mut budget, at(10_000)).len(), 0, "the bucket is empty");
        assert_eq!(drain(&mut budget, at(10_126)).len(), 1);
    }

    #[test]
    fn after_an_outage_polls_keep_to_their_pace_and_what_is_urgent_does_not_wait() {
        let mut budget = budget(0.0, 1000);
        for second in 0..60 {
            for poll in 0..50 {
                budget.add(Class::Poll, at(second * 1000), "poll");
                assert_eq!(drain(&mut budget, at(second * 1000 + poll * 20)).len(), 1);
                budget.ended(at(second * 1000 + poll * 20), Some(true));
            }
        }
        for _ in 0..1000 {
            budget.add(Class::Poll, at(60_000), "poll");
        }
        budget.add(Class::Urgent, at(60_000), "answer");
        budget.ended(at(60_000), Some(false));
        budget.ended(at(60_000), Some(false));
        assert_eq!(drain(&mut budget, at(70_000)), ["answer"], "a probe");
        budget.ended(at(70_010), Some(true));
        assert_eq!(drain(&mut budget, at(70_010)).len(), 1, "all are due, but not all at once");
        let next = budget.wake_at(at(70_010)).unwrap();
        assert!(next > at(70_020) && next < at(70_030), "{next:?}");
        budget.add(Class::Urgent, at(70_010), "answer");
        assert_eq!(budget.wake_at(at(70_010)), Some(at(70_010)));
        assert_eq!(drain(&mut budget, at(70_010)), ["answer"]);
    }
}
