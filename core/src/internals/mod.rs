//! What fuzzers and benchmarks need to see of the inside: no application needs it, and no promise
//! covers it.

pub mod benching;
pub mod fuzzing;
