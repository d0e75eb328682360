//! The machine against its specification: a file for each table, a test for each row.
//!
//! `harness` plays the engine by hand, one step at a time; `world` plays a whole service and everything
//! around it, `properties` asserts what must hold whatever is thrown at it, `simulation` plays many
//! sessions of each kind and counts, and in `thrown` a fuzzer's bytes decide what happens.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod cancels;
#[cfg(test)]
mod checkpoints;
#[cfg(test)]
mod consumers;
#[cfg(test)]
mod creates;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod read_failures;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod reconciling;
#[cfg_attr(not(test), allow(dead_code))]
pub(super) mod shown;
#[cfg(test)]
mod simulation;
pub(crate) mod thrown;
#[cfg(test)]
mod throws;
#[cfg_attr(not(test), allow(dead_code))]
mod words;
#[cfg_attr(not(test), allow(dead_code))]
mod world;
