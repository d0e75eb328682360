//! Maps by numbers that this process hands out one after another: nobody outside chooses them, so
//! they need no hash that resists being attacked, and several are looked up for every request.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

pub(super) type ById<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Spreads a number over all bits (Fibonacci hashing).
#[derive(Debug, Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_found_again() {
        let map: ById<u64, u64> = (0..1000).map(|number| (number, number * 2)).collect();
        assert_eq!(map.len(), 1000);
        assert!((0..1000).all(|number| map[&number] == number * 2));
        assert!(!map.contains_key(&1000));
    }
}
