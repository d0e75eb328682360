//! The one place that asks for random numbers.

use crate::machine::Dice;

/// A seed from the operating system. Without one, which no supported system lacks, the clock has to
/// do: it only spreads polls.
pub(crate) fn seed() -> u64 {
    getrandom::u64().unwrap_or_else(|_| super::clock::wall_milliseconds())
}

/// A key that is used once: a random UUID.
pub(crate) fn unique_key() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        let mut dice = Dice::new(seed());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        bytes.fill_with(|| (dice.unit() * 256.0) as u8);
    }
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
