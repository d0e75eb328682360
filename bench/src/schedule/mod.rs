//! Polls spent against delay seen: schedules played on a trace of sessions. A pure computation.

mod mixture;
mod optimum;
mod play;
mod policy;
mod report;
mod trace;

pub(crate) use report::report;
