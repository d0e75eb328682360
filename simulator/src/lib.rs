//! A local Live Flow service: see the crate's README.
#![forbid(unsafe_code)]
