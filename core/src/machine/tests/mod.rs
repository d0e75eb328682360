//! The machine against its specification: a file for each table, a test for each row.
//!
//! `harness` plays the engine by hand, one step at a time; `world` plays a whole service and everything
//! around it, `properties` asserts what must hold whatever is thrown at it, and `simulation` plays many
//! sessions of each kind and counts.

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
mod simulation;
mod throws;
mod words;
mod world;
