#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod clock;
pub mod command;
mod connection;
mod control;
mod faults;
mod file;
mod flow;
#[cfg(any(test, feature = "internals"))]
#[doc(hidden)]
pub mod fuzzing;
mod idempotency;
mod journal;
mod json;
mod openapi;
mod routes;
mod server;
mod service;
mod session;
pub mod settings;
mod simulator;

pub use connection::Cut;
pub use control::{ControlError, Outage};
pub use faults::{Effect, Fault, FaultRule, InvalidFault, LateAnswer, LatencyWhen, Nth, RuleState};
pub use file::InvalidFile;
pub use journal::{By, InputRecord, Journal, RequestRecord, SessionRecord};
pub use routes::table::Call;
pub use session::Status;
pub use settings::{InvalidSettings, Settings};
pub use simulator::{Simulator, SimulatorBuilder, StartError};
