//! How a client is set up, from code or from the environment.

mod assumptions;
mod endpoints;
mod environment;
mod host;
mod polling;
mod secret;
mod validate;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::session::StatusAliases;

pub use assumptions::CreateBody;
pub use endpoints::{Endpoint, Endpoints, HttpMethod};
pub use host::{
    CheckpointStore, CredentialsProvider, CredentialsRequest, HostError, HostFuture,
    StoredCheckpoint,
};
pub use polling::PollingConfig;
pub use secret::Secret;

pub(crate) use validate::is_loopback;

/// The documented address of the service.
pub const DEFAULT_BASE_URL: &str = "https://api.truestate.io";

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Timeouts {
    /// To reach the service: DNS, TCP, TLS. Default 10 s.
    pub connect: Duration,
    /// For one request from its first byte to the last of its answer. Default 30 s.
    pub request: Duration,
    /// For one call with everything it takes: retries, reads that judge an outcome. Default 2 min.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }
}

/// How failures of reads, and of writes that surely never left, are tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct RetryConfig {
    /// The wait after the first failure. Default 500 ms.
    pub initial_backoff: Duration,
    /// The longest wait between two tries. Default 30 s.
    pub max_backoff: Duration,
    /// How much longer each wait is than the one before. Default 2.
    pub multiplier: f64,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            multiplier: 2.0,
        }
    }
}

/// Which proxy requests go through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum ProxyConfig {
    /// The environment's (`HTTPS_PROXY`, `NO_PROXY` and their kin), and on macOS and Windows the
    /// system's. The default.
    #[default]
    System,
    /// None at all.
    Direct,
    /// This one, `http://host:port`, for every request.
    Url {
        /// The proxy's address.
        url: String,
    },
}

/// Everything a client can be told. `ClientConfig::new(key)` has good defaults for all the rest.
///
/// Its `Debug` form hides the key.
#[derive(Clone)]
pub struct ClientConfig {
    /// The organisation's API key. May be empty only when `credentials` is set.
    pub api_key: Secret,
    /// Sent as `Current-Org-Id`, as the official Python client does. Default: not sent.
    pub organisation_id: Option<String>,
    /// Where the service is. Default `https://api.truestate.io`.
    pub base_url: String,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How transient failures are tried again.
    pub retry: RetryConfig,
    /// How often sessions are looked at.
    pub polling: PollingConfig,
    /// How long one watch may see no end. Default 24 h.
    pub watch_limit: Duration,
    /// Whether an answer whose outcome is unknown may be sent again once reads have shown, over
    /// `answer_grace`, that it did not land. Default true.
    pub resend_answers: bool,
    /// Whether an answer is preceded by a read that still shows its prompt. Default true.
    pub verify_before_answer: bool,
    /// How long after an attempt its effect can still show up. Must exceed `timeouts.request` plus
    /// `max_staleness`. Default 45 s.
    pub answer_grace: Duration,
    /// How old a read may be when replicas of the service lag. Default 10 s.
    pub max_staleness: Duration,
    /// Whether a session that fits a create of unknown outcome may be taken for its own. Default
    /// false: the key is organisation-wide, so an equal session may be somebody else's.
    pub adopt_created: bool,
    /// A member of the inputs into which create writes a unique id, by which a create of unknown
    /// outcome is found again for sure. Default none.
    pub correlation_member: Option<String>,
    /// Whether a create of unknown outcome is sent once more when nothing like it is seen after the
    /// grace. Default false.
    pub recreate_when_unseen: bool,
    /// The longest `Retry-After` that is obeyed. Default 5 min.
    pub max_retry_after: Duration,
    /// How long writes in flight may go on after `suspend`. Default 2 s.
    pub suspend_grace: Duration,
    /// How long a prompt handler may take before the prompt counts as not answered by it. Default
    /// none: people may think as long as they like.
    pub handler_timeout: Option<Duration>,
    /// How many callbacks that do not return are borne in the process. Default 64.
    pub callback_limit: u32,
    /// How many requests are in flight at once. Default 16.
    pub max_concurrent_requests: u32,
    /// How many requests are begun each second, in all. 0 is no limit. Default 20.
    pub requests_per_second: f64,
    /// The largest body taken from the service, before and after decompression. Default 16 MiB.
    pub max_body_bytes: u64,
    /// Which proxy requests go through.
    pub proxy: ProxyConfig,
    /// Certificates trusted beside the platform's, each PEM or DER.
    pub extra_root_certificates: Vec<Vec<u8>>,
    /// Whether plain `http` is allowed to hosts other than this one. Default false.
    pub allow_insecure_http: bool,
    /// Added to the `User-Agent`, to tell applications apart.
    pub user_agent_suffix: Option<String>,
    /// Where the assumed parts of the API are. See [`Endpoints`].
    pub endpoints: Endpoints,
    /// Further wire words for statuses.
    pub status_aliases: StatusAliases,
    /// Headers for each request from the integrator's own code, for a proxy of the integrator's own.
    pub credentials: Option<Arc<dyn CredentialsProvider>>,
    /// Where checkpoints are kept. With one, an answer is stored before its first byte leaves.
    pub checkpoint_store: Option<Arc<dyn CheckpointStore>>,
}

impl ClientConfig {
    /// The defaults, with this key.
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self {
            api_key: api_key.into(),
            organisation_id: None,
            base_url: DEFAULT_BASE_URL.to_owned(),
            timeouts: Timeouts::default(),
            retry: RetryConfig::default(),
            polling: PollingConfig::default(),
            watch_limit: Duration::from_secs(24 * 60 * 60),
            resend_answers: true,
            verify_before_answer: true,
            answer_grace: Duration::from_secs(45),
            max_staleness: Duration::from_secs(10),
            adopt_created: false,
            correlation_member: None,
            recreate_when_unseen: false,
            max_retry_after: Duration::from_secs(300),
            suspend_grace: Duration::from_secs(2),
            handler_timeout: None,
            callback_limit: 64,
            max_concurrent_requests: 16,
            requests_per_second: 20.0,
            max_body_bytes: 16 * 1024 * 1024,
            proxy: ProxyConfig::System,
            extra_root_certificates: Vec::new(),
            allow_insecure_http: false,
            user_agent_suffix: None,
            endpoints: Endpoints::default(),
            status_aliases: StatusAliases::default(),
            credentials: None,
            checkpoint_store: None,
        }
    }

    /// From `TRUESTATE_API_KEY`, `TRUESTATE_ORGANISATION_ID` (or `TRUESTATE_ORGANISATION`) and
    /// `TRUESTATE_HOST`, the variables of the official Python client.
    pub fn from_env() -> Result<Self> {
        environment::from_env(|name| std::env::var(name).ok())
    }

    /// Whether everything fits together; `Configuration`, naming the setting, where it does not.
    pub fn validate(&self) -> Result<()> {
        validate::validate(self)
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("api_key", &self.api_key)
            .field("organisation_id", &self.organisation_id)
            .field("base_url", &self.base_url)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("polling", &self.polling)
            .field("endpoints", &self.endpoints)
            .field("credentials", &self.credentials.is_some())
            .field("checkpoint_store", &self.checkpoint_store.is_some())
            .finish_non_exhaustive()
    }
}
