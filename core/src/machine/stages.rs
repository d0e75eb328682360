//! The stages of an answer, of a cancel and of a create, and the ways from one to another.
//!
//! The tables below are the diagram of `docs/architecture.md`, which a test compares with them, and
//! in debug builds every step that is taken is looked up in them.

/// A table of the ways from stage to stage; `End` is where the call is over.
pub(crate) type Ways = &'static [(&'static str, &'static str)];

pub(crate) const ANSWER: Ways = &[
    ("Storing", "Verifying"),
    ("Storing", "End"),
    ("Verifying", "Sending"),
    ("Verifying", "End"),
    ("Sending", "BackingOff"),
    ("Sending", "Judging"),
    ("Sending", "Reconciling"),
    ("Sending", "Verifying"),
    ("Sending", "End"),
    ("BackingOff", "Verifying"),
    ("BackingOff", "Reconciling"),
    ("BackingOff", "End"),
    ("Judging", "End"),
    ("Reconciling", "Sending"),
    ("Reconciling", "End"),
];

pub(crate) const CANCEL: Ways = &[
    ("Ready", "Sending"),
    ("Ready", "End"),
    ("Sending", "Ready"),
    ("Sending", "AwaitingEnd"),
    ("Sending", "Checking"),
    ("Sending", "Judging"),
    ("Sending", "End"),
    ("Checking", "Ready"),
    ("Checking", "End"),
    ("Judging", "End"),
    ("AwaitingEnd", "End"),
];

pub(crate) const CREATE: Ways = &[
    ("Sending", "BackingOff"),
    ("Sending", "Looking"),
    ("Sending", "End"),
    ("BackingOff", "Sending"),
    ("BackingOff", "End"),
    ("Looking", "Sending"),
    ("Looking", "End"),
];

/// Asserts, in debug builds, that the table has this way.
pub(crate) fn check(ways: Ways, from: &str, to: &str) {
    debug_assert!(from == to || ways.contains(&(from, to)), "no way leads from {from} to {to}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "no way leads from Sending to Storing")]
    fn a_step_that_no_table_has_is_found_by_any_test_that_takes_it() {
        check(ANSWER, "Sending", "Storing");
    }
}
