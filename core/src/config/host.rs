//! What the integrator's own code provides: credentials and a place for checkpoints.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// What a host's method returns: it may take its time, on a thread or executor of its own.
pub type HostFuture<T> = Pin<Box<dyn Future<Output = Result<T, HostError>> + Send>>;

/// A failure of the host's own code, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostError(pub String);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HostError {}

/// Why credentials are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct CredentialsRequest {
    /// The last ones were refused (401): cached ones are of no use.
    pub refused: bool,
}

/// Gives the headers that identify the caller, for instance to a proxy of the integrator's own.
///
/// Asked before every request; cache what is costly. With a provider, `api_key` is optional.
pub trait CredentialsProvider: Send + Sync {
    /// The headers to send, as names and values.
    fn headers(&self, request: CredentialsRequest) -> HostFuture<Vec<(String, String)>>;
}

/// A checkpoint as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct StoredCheckpoint {
    /// The session it belongs to: the key to store it under.
    pub session_id: String,
    /// Rises with each save of one session; a store may refuse a lower one.
    pub number: u64,
    /// The checkpoint's text. Opaque; holds a pending answer's text, so keep it as safe as those.
    pub data: String,
}

/// Keeps checkpoints across restarts, one for each session.
///
/// `save` must be durable when it returns: an answer leaves only after that.
pub trait CheckpointStore: Send + Sync {
    /// Stores it in place of the session's older one.
    fn save(&self, checkpoint: StoredCheckpoint) -> HostFuture<()>;
    /// The session's checkpoint, if there is one.
    fn load(&self, session_id: String) -> HostFuture<Option<StoredCheckpoint>>;
    /// The ids of all sessions that have one.
    fn list(&self) -> HostFuture<Vec<String>>;
    /// Forgets the session's checkpoint; no error if there is none.
    fn delete(&self, session_id: String) -> HostFuture<()>;
}
