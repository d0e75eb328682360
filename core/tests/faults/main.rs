//! Sessions through the real engine, over real sockets, when everything goes wrong that can: judged by
//! what the service itself noted down. Nothing is lost, and nothing is there twice.

#[path = "../common/mod.rs"]
mod common;
mod judge;
mod meddler;
mod mischief;
mod sockets;
mod storm;
mod story;
mod weather;
