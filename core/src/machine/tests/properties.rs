//! What must hold whatever the service, the network and the caller do. The assertions are in the
//! world, where things happen; `throws` says what is thrown at it.

use proptest::prelude::*;
use proptest::test_runner::RngAlgorithm;

use super::throws::{Others, any_throw};
use super::world::{Lateness, World};

/// As many as `PROPTEST_CASES` says, 512 by itself. A failure is shrunk, printed, and its seed kept
/// beside the sources (`proptest-regressions`), from where it is played again first.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    let is_wanted = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if is_wanted { config.cases } else { 512 };
    // In a build that is not optimised the default algorithm takes longer than all the rest.
    ProptestConfig { cases, rng_algorithm: RngAlgorithm::XorShift, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_the_promises_hold(throw in any_throw(Others::Sometimes, Lateness::WithinGrace)) {
        World::new(throw).play();
    }
}
