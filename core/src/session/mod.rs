//! What the service says: sessions, their steps and prompts, as plain data.

mod decode;
mod list;
mod prompt;
mod snapshot;
mod status;
mod time;

pub use prompt::{Prompt, prompt_text};
pub use snapshot::{Exchange, Progress, Session, StepRun};
pub use status::{SessionStatus, StatusAliases};

pub(crate) use decode::decode_session;
pub(crate) use list::ArraySplitter;
