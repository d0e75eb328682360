//! Client SDK for TrueState Live Flow.
//!
//! A *Live Flow* is a chain of steps (LLM calls, tools, questions to the end user) built on the
//! TrueState platform; running one creates a *session*. This crate starts sessions, follows them,
//! asks the end user whatever they ask, and brings each answer to its prompt exactly once, or says
//! that it did not.
//!
//! Begin with [`Client::run`] for a session in one call, or [`Client::start`] for a handle
//! ([`LiveSession`]) whose events you pull.

mod answer;
mod client;
mod config;
mod engine;
mod error;
mod events;
mod failure;
mod file_store;
mod ids;
#[cfg(any(test, feature = "internals"))]
#[doc(hidden)]
pub mod internals;
mod json;
mod live_session;
mod machine;
mod service;
mod session;
mod subscription;

#[cfg(feature = "uniffi")]
uniffi::setup_scaffolding!();

pub use answer::Answer;
pub use client::{Client, SessionIter};
pub use config::{
    CheckpointStore, ClientConfig, CreateBody, CredentialsProvider, CredentialsRequest,
    DEFAULT_BASE_URL, Endpoint, Endpoints, HostError, HostFuture, HttpMethod, PollingConfig,
    ProxyConfig, RetryConfig, Secret, StoredCheckpoint, Timeouts,
};
pub use engine::{Task, shutdown_runtime};
pub use error::{ErrorContext, FieldError, LiveFlowError, Result};
pub use events::{Events, Taken};
pub use file_store::FileCheckpointStore;
pub use ids::{IntoLiveFlowId, IntoSessionId, LiveFlowId, SessionId, StepRunId};
pub use json::Json;
pub use live_session::LiveSession;
pub use machine::{Checkpoint, PromptCloseReason, SessionEvent, WatchEndReason};
pub use session::{
    Exchange, Progress, Prompt, Session, SessionStatus, StatusAliases, StepRun, prompt_text,
};
pub use subscription::{SessionListener, Subscription};

/// The Rust of the pages is run with the examples.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/rust.md")]
    mod rust {}
    #[doc = include_str!("../../SECURITY.md")]
    mod security {}
}
