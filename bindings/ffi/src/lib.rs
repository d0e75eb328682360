//! What of the SDK crosses the language boundary: a small, plain surface made for generated code.
//!
//! Each language has a hand-written layer on it. Records, enums and errors are the core's own
//! types. See `docs/architecture.md` for why calls are begun and taken, events waited for and
//! taken, and callbacks answered through a reply.
// What crosses the boundary is a copy of the foreign value: there is nothing to borrow from.
#![allow(clippy::needless_pass_by_value)]

mod answer;
mod block;
mod client;
mod config;
mod courier;
mod credentials;
mod events;
mod exit;
mod file_store;
mod foreign;
mod gate;
mod listener;
mod live_session;
mod log;
mod operation;
mod process;
mod prompt;
mod ready_queue;
mod reply;
mod sessions;
mod signal;
mod store;
mod text;

pub use answer::CoreAnswer;
pub use client::CoreClient;
pub use config::{CoreConfig, default_config};
pub use credentials::{CredentialsProvider, CredentialsReply};
pub use events::{CoreEvents, TakenEvent};
pub use exit::shutdown_runtime;
pub use file_store::FileCheckpointStore;
pub use foreign::CallbackError;
pub use listener::{CoreSubscription, SessionListener};
pub use live_session::CoreLiveSession;
pub use log::{LogField, LogLevel, LogRecord, LogSink, dropped_log_records, set_log_sink};
pub use operation::{Operation, Outcome};
pub use prompt::{PromptHandler, Reply};
pub use ready_queue::ReadyQueue;
pub use sessions::CoreSessions;
pub use store::{CheckpointStore, DoneReply, ListReply, LoadReply};
pub use text::{plain_text, prompt_text};

uniffi::setup_scaffolding!();
