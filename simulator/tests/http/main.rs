//! The simulator as its clients see it: over HTTP, on a real port.

mod calls;
mod command;
mod control;
mod faults;
mod outages;
mod settings;
mod support;
