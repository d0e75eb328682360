//! What the benchmarks have in common: canned sessions, and a service that serves them.

pub mod canned;
