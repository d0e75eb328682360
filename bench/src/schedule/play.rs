//! Plays one schedule on every session of the trace.

use std::collections::BTreeMap;

use super::policy::{Policy, Standing};
use super::trace::{Band, Step};

/// What a schedule cost and what it gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) bands: BTreeMap<Band, Tally>,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Looks while a step of this band was the oldest not seen to be over.
    pub(crate) looks: u32,
    pub(crate) seen: Vec<Seen>,
}

/// A change that was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) delay: f64,
    /// Of the step that was over.
    pub(crate) seconds: f64,
}

pub(crate) fn play(sessions: &[Vec<Step>], policy: &dyn Policy) -> Outcome {
    let mut outcome = Outcome::default();
    let mut dice = Dice(1);
    for steps in sessions {
        Player { steps, at: 0, begun: 0.0, now: 0.0, seen: 0.0, looks: 0 }.play(
            policy,
            &mut dice,
            &mut outcome,
        );
    }
    outcome
}

/// One session under one schedule. Its clock starts with it.
struct Player<'a> {
    steps: &'a [Step],
    /// The oldest step that was not seen to be over, and when it began.
    at: usize,
    begun: f64,
    now: f64,
    /// When the last change was seen.
    seen: f64,
    looks: i32,
}

impl Player<'_> {
    fn play(mut self, policy: &dyn Policy, dice: &mut Dice, outcome: &mut Outcome) {
        while let Some(step) = self.steps.get(self.at).copied() {
            let is_waiting = step.band == Band::Human;
            let next = self.now
                + policy.next(Standing {
                    since: self.now - self.seen,
                    looks: self.looks,
                    is_waiting,
                    random: dice.unit(),
                });
            let over = self.begun + step.seconds;
            if is_waiting && over < next {
                // Answered through the client: no look is needed to know.
                outcome
                    .bands
                    .entry(step.band)
                    .or_default()
                    .seen
                    .push(Seen { delay: 0.0, ..step.into() });
                self.change(over, over);
                continue;
            }
            self.now = next;
            self.looks += 1;
            outcome.bands.entry(step.band).or_default().looks += 1;
            self.look(outcome);
        }
    }

    /// A look shows every step that is over by now; a question is asked of a person when it is seen.
    fn look(&mut self, outcome: &mut Outcome) {
        while let Some(step) = self.steps.get(self.at).copied() {
            let over = self.begun + step.seconds;
            if over > self.now || step.band == Band::Human {
                return;
            }
            let seen = Seen { delay: self.now - over, ..step.into() };
            outcome.bands.entry(step.band).or_default().seen.push(seen);
            let is_question =
                self.steps.get(self.at + 1).is_some_and(|next| next.band == Band::Human);
            self.change(if is_question { self.now } else { over }, self.now);
        }
    }

    fn change(&mut self, over: f64, seen: f64) {
        self.at += 1;
        self.begun = over;
        self.now = seen;
        self.seen = seen;
        self.looks = 0;
    }
}

impl From<Step> for Seen {
    fn from(step: Step) -> Self {
        Self { delay: 0.0, seconds: step.seconds }
    }
}

impl Outcome {
    /// Of some bands together.
    pub(crate) fn of(&self, bands: &[Band]) -> Figures {
        let tallies = || bands.iter().filter_map(|band| self.bands.get(band));
        let looks = tallies().map(|tally| f64::from(tally.looks)).sum();
        let seen: Vec<Seen> = tallies().flat_map(|tally| tally.seen.iter().copied()).collect();
        Figures::new(looks, &seen)
    }

    /// Of steps of more than so many seconds, whatever their band; without looks.
    pub(crate) fn of_steps_over(&self, seconds: f64) -> Figures {
        let all = self.bands.iter().filter(|(band, _)| **band != Band::Human);
        let seen = all.flat_map(|(_, tally)| tally.seen.iter().copied());
        let seen: Vec<Seen> = seen.filter(|seen| seen.seconds > seconds).collect();
        Figures::new(0.0, &seen)
    }
}

/// What is reported.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) looks: f64,
    pub(crate) changes: f64,
    pub(crate) mean: f64,
    delays: Vec<f64>,
    shares: Vec<f64>,
}

impl Figures {
    fn new(looks: f64, seen: &[Seen]) -> Self {
        let sorted = |of: fn(&Seen) -> f64| {
            let mut all: Vec<f64> = seen.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let delays = sorted(|seen| seen.delay);
        #[allow(clippy::cast_precision_loss)]
        let changes = delays.len() as f64;
        let mean = delays.iter().sum::<f64>() / changes.max(1.0);
        Self { looks, changes, mean, shares: sorted(|seen| seen.delay / seen.seconds), delays }
    }

    pub(crate) fn looks_per_change(&self) -> f64 {
        self.looks / self.changes.max(1.0)
    }

    pub(crate) fn delay(&self, quantile: f64) -> f64 {
        at(&self.delays, quantile)
    }

    /// Of the delay as a share of the step's duration.
    pub(crate) fn share(&self, quantile: f64) -> f64 {
        at(&self.shares, quantile)
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn at(sorted: &[f64], quantile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * quantile).round() as usize).copied().unwrap_or_default()
}

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    #[allow(clippy::cast_precision_loss)]
    fn unit(&mut self) -> f64 {
        // A linear congruential generator (Knuth's MMIX); its upper bits are good enough to jitter by.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::Fixed;
    use super::*;

    fn step(band: Band, seconds: f64) -> Step {
        Step { band, seconds }
    }

    #[test]
    fn looks_and_delays_are_counted_per_band() {
        let session = vec![step(Band::Llm, 2.5), step(Band::Tool, 0.2), step(Band::Llm, 1.0)];
        let outcome = play(&[session], &Fixed(1.0));
        let llm = outcome.of(&[Band::Llm]);
        // At 1, 2, 3 (which shows the tool's end too) and 4.
        assert_eq!((llm.looks, llm.changes), (4.0, 2.0));
        assert!((llm.mean - 0.4).abs() < 1e-9, "{}", llm.mean);
        let tool = outcome.of(&[Band::Tool]);
        assert_eq!((tool.looks, tool.changes), (0.0, 1.0));
        assert!((tool.delay(0.5) - 0.3).abs() < 1e-9);
    }

    #[test]
    fn a_question_waits_for_its_person_from_when_it_is_seen() {
        let session = vec![step(Band::Tool, 0.5), step(Band::Human, 3.5), step(Band::Tool, 0.5)];
        let outcome = play(&[session], &Fixed(1.0));
        let human = outcome.of(&[Band::Human]);
        assert_eq!((human.looks, human.changes, human.mean), (3.0, 1.0, 0.0));
        assert_eq!(outcome.bands[&Band::Tool].looks, 2, "one before the question, one after");
    }
}
