//! The command as its users meet it: the real binary, over HTTP, against the simulator.

mod answering;
mod configuration;
mod demo;
mod doctor;
mod hostile;
#[cfg(unix)]
mod interactive;
mod json;
mod running;
mod sessions;
#[cfg(unix)]
mod stopping;
mod support;
mod watching;
