//! What came of many sessions, in numbers.

use std::ops::{Add, AddAssign};

/// What happened, and what should not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) sessions: u64,
    /// Answers of which something left.
    pub(crate) answers: u64,
    /// Of those, that reached their own prompt.
    pub(crate) arrived: u64,
    /// That came back to their callers, or to consumers, with their text, and did not arrive.
    pub(crate) handed_back: u64,
    /// Attempts whose effect came later than the grace.
    pub(crate) too_late: u64,
    /// Answers that arrived more than once.
    pub(crate) doubled: u64,
    /// Answers that arrived at another prompt than their own.
    pub(crate) misdirected: u64,
    /// Answers that arrived although their callers were told that they surely did not.
    pub(crate) denied: u64,
    /// Answers that did not arrive, and nobody was told.
    pub(crate) lost: u64,
    /// Prompts that consumers were asked.
    pub(crate) prompts: u64,
    /// Prompts that stayed open and were not asked.
    pub(crate) missed: u64,
    /// Prompts that one consumer was asked more than once.
    pub(crate) repeated: u64,
    pub(crate) consumers: u64,
    /// Terminal events that they were told.
    pub(crate) ends: u64,
}

impl Tally {
    /// What holds whatever happens; and, where the place is promised, where each answer arrives.
    pub(crate) fn assert_promises_kept(&self, place_is_promised: bool) {
        assert_eq!(self.lost, 0, "an answer was lost: {self:?}");
        assert_eq!(self.missed, 0, "a prompt was missed: {self:?}");
        assert_eq!(self.repeated, 0, "a prompt was repeated: {self:?}");
        assert_eq!(self.ends, self.consumers, "one end for each consumer: {self:?}");
        if place_is_promised {
            assert_eq!(self.doubled, 0, "an answer arrived more than once: {self:?}");
            assert_eq!(self.misdirected, 0, "an answer arrived elsewhere: {self:?}");
            assert_eq!(self.denied, 0, "an answer failed for sure, and arrived: {self:?}");
        }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sessions: self.sessions + other.sessions,
            answers: self.answers + other.answers,
            arrived: self.arrived + other.arrived,
            handed_back: self.handed_back + other.handed_back,
            too_late: self.too_late + other.too_late,
            doubled: self.doubled + other.doubled,
            misdirected: self.misdirected + other.misdirected,
            denied: self.denied + other.denied,
            lost: self.lost + other.lost,
            prompts: self.prompts + other.prompts,
            missed: self.missed + other.missed,
            repeated: self.repeated + other.repeated,
            consumers: self.consumers + other.consumers,
            ends: self.ends + other.ends,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
