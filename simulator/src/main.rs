//! The `liveflow-simulator` command.
#![forbid(unsafe_code)]

fn main() {}
