//! Client SDK for TrueState Live Flow.
#![cfg_attr(not(feature = "uniffi"), forbid(unsafe_code))]

mod answer;
mod config;
mod error;
mod failure;
mod ids;
mod json;
mod machine;
mod session;

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();

pub use answer::Answer;
pub use config::*;
pub use error::*;
pub use ids::*;
pub use json::Json;
pub use machine::{Checkpoint, PromptCloseReason, SessionEvent, WatchEndReason};
pub use session::*;
