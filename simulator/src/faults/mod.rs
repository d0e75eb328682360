//! Faults: what goes wrong, when, and how it looks on the wire.

mod argument;
mod fault;
mod rule;
mod script;

pub use fault::{Effect, Fault, LateAnswer, LatencyWhen};
pub use rule::{FaultRule, InvalidFault, Nth};
pub use script::RuleState;

pub(crate) use rule::parse_rules;
pub(crate) use script::{Facts, Plan, Script};
