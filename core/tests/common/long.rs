//! What long runs have in common: how long they are, and chance that can be repeated.

use std::time::Duration;

/// A number from the environment: `scripts/soak` asks for more than the tests do.
pub fn asked(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")),
        Err(_) => otherwise,
    }
}

/// The seed of this run.
pub fn seed() -> u64 {
    asked("LIVEFLOW_SEED", 1)
}

/// Random numbers that are the same each time (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Of the run's `number`-th part, whatever the others do.
    pub fn of(seed: u64, number: u64) -> Self {
        let mut chance = Self(seed);
        chance.0 = chance.number() ^ number;
        chance
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    pub fn is(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Up to this long.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).expect("not that long");
        Duration::from_micros(self.below(micros + 1))
    }
}
