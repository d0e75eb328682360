//! Who may send next: the client's one budget of requests, shared fairly. Pure: time is handed in.
//!
//! Waiting requests are served in this order: answers and cancels, then other direct calls, then
//! polls, earliest due first; polls get at least a fifth of what is sent. A `Retry-After` of the
//! service holds all of them. While the service cannot be reached one request at a time goes out as
//! a probe, and when it gets through the rest follow at the pace of the budget, not all at once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::machine::Moment;

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
    since_last_poll: u32,
    urgent: VecDeque<T>,
    direct: VecDeque<T>,
    /// By due time, then by arrival.
    polls: BTreeMap<(Moment, u64), T>,
    arrivals: u64,
}

impl<T> Budget<T> {
    pub(crate) fn new(per_second: f64, max_in_flight: u32, now: Moment) -> Self {
        let mut budget = Self {
            per_second,
            max_in_flight,
            tokens: 0.0,
            refilled: now,
            in_flight: 0,
            held_until: None,
            unreached_in_a_row: 0,
            since_last_poll: 0,
            urgent: VecDeque::new(),
            direct: VecDeque::new(),
            polls: BTreeMap::new(),
            arrivals: 0,
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
        let poll = poll_is_owed.then(|| self.polls.pop_first()).flatten().map(|(_, poll)| poll);
        let is_poll = poll.is_some();
        let next = poll
            .map(|poll| (poll, is_poll))
            .or_else(|| self.urgent.pop_front().map(|request| (request, false)))
            .or_else(|| self.direct.pop_front().map(|request| (request, false)))
            .or_else(|| self.polls.pop_first().map(|(_, poll)| (poll, true)));
        let (request, is_poll) = next?;
        self.since_last_poll = if is_poll { 0 } else { self.since_last_poll + 1 };
        // The debt is bounded, so that many answers do not keep everything else waiting afterwards.
        self.tokens = (self.tokens - 1.0).max(-self.burst());
        self.in_flight += 1;
        Some(request)
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
        Some(self.held_until.map_or(refilled, |held| held.max(refilled)))
    }

    /// A request that was admitted is over. `reached` says whether the service was: `None` where
    /// that is not known.
    pub(crate) fn ended(&mut self, reached: Option<bool>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match reached {
            Some(true) => {
                if self.is_out_of_reach() {
                    self.tokens = 0.0;
                }
                self.unreached_in_a_row = 0;
            }
            Some(false) => self.unreached_in_a_row = self.unreached_in_a_row.saturating_add(1),
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

    fn drain(budget: &mut Budget<&'static str>, now: Moment) -> Vec<&'static str> {
        std::iter::from_fn(|| budget.admit(now)).collect()
    }

    #[test]
    fn answers_go_before_direct_calls_before_polls_and_polls_by_due_time() {
        let mut budget = Budget::new(0.0, 100, at(0));
        budget.add(Class::Poll, at(20), "later poll");
        budget.add(Class::Poll, at(10), "poll");
        budget.add(Class::Direct, at(0), "get");
        budget.add(Class::Urgent, at(0), "answer");
        assert_eq!(drain(&mut budget, at(30)), ["answer", "get", "poll", "later poll"]);
    }

    #[test]
    fn polls_get_at_least_a_fifth() {
        let mut budget = Budget::new(0.0, 100, at(0));
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
        let mut budget = Budget::new(0.0, 2, at(0));
        for _ in 0..3 {
            budget.add(Class::Poll, at(0), "poll");
        }
        assert_eq!(drain(&mut budget, at(0)).len(), 2);
        assert_eq!(budget.wake_at(at(0)), None, "only an end can make room");
        budget.ended(Some(true));
        assert_eq!(drain(&mut budget, at(0)).len(), 1);
    }

    #[test]
    fn the_rate_is_kept_and_the_wake_up_is_when_the_next_token_is_there() {
        let mut budget = Budget::new(10.0, 100, at(0));
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
        let mut budget = Budget::new(0.5, 100, at(0));
        budget.add(Class::Urgent, at(0), "read");
        assert_eq!(drain(&mut budget, at(0)), ["read"]);
        budget.add(Class::Urgent, at(10), "answer");
        budget.add(Class::Poll, at(10), "poll");
        assert_eq!(drain(&mut budget, at(10)), ["answer"]);
    }

    #[test]
    fn answers_that_overdraw_the_budget_leave_polls_their_share_and_a_small_debt() {
        let mut budget = Budget::new(4.0, 1000, at(0));
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
        let mut budget = Budget::new(f64::MIN_POSITIVE, 1, at(0));
        budget.add(Class::Direct, at(0), "get");
        budget.add(Class::Direct, at(0), "next get");
        assert_eq!(drain(&mut budget, at(0)), ["get"]);
        budget.ended(Some(true));
        assert!(budget.wake_at(at(0)) > Some(at(1_000_000)));
    }

    #[test]
    fn a_request_that_was_not_sent_gives_its_place_back() {
        let mut budget = Budget::new(1.0, 1, at(0));
        budget.add(Class::Poll, at(0), "poll");
        budget.add(Class::Poll, at(1), "next poll");
        assert_eq!(drain(&mut budget, at(0)), ["poll"]);
        budget.unused();
        assert_eq!(drain(&mut budget, at(0)), ["next poll"]);
    }

    #[test]
    fn a_hold_stops_everything_until_it_is_over() {
        let mut budget = Budget::new(0.0, 100, at(0));
        budget.hold(at(1000));
        budget.add(Class::Urgent, at(0), "answer");
        assert_eq!(drain(&mut budget, at(999)), Vec::<&str>::new());
        assert_eq!(budget.wake_at(at(999)), Some(at(1000)));
        assert_eq!(drain(&mut budget, at(1000)), ["answer"]);
    }

    #[test]
    fn out_of_reach_one_probe_goes_out_and_its_success_empties_the_bucket() {
        let mut budget = Budget::new(8.0, 100, at(0));
        for _ in 0..10 {
            budget.add(Class::Poll, at(0), "poll");
        }
        assert_eq!(drain(&mut budget, at(0)).len(), 2, "a burst of a quarter second");
        budget.ended(Some(false));
        budget.ended(Some(false));
        assert!(budget.is_out_of_reach());
        assert_eq!(drain(&mut budget, at(10_000)).len(), 1, "a single probe");
        budget.ended(Some(true));
        assert_eq!(drain(&mut budget, at(10_000)).len(), 0, "the bucket is empty");
        assert_eq!(drain(&mut budget, at(10_126)).len(), 1);
    }
}
