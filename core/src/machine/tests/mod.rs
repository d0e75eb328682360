//! The machine against its specification: a file for each table, a test for each row.
//!
//! `harness` plays the engine by hand, one step at a time; `world` plays a whole service, and `properties`
//! what must hold whatever the service, the network and the caller do.

mod answers;
mod architecture;
mod cancels;
mod checkpoints;
mod consumers;
mod creates;
mod harness;
mod lifecycle;
mod properties;
mod read_failures;
mod reads;
mod reconciling;
pub(super) mod shown;
mod words;
mod world;
