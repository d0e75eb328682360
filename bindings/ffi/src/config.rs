//! A client's settings as they cross the boundary.

use std::collections::HashMap;
use std::time::Duration;

use liveflow::{
    ClientConfig, Endpoints, PollingConfig, ProxyConfig, Result, RetryConfig, SessionStatus,
    Timeouts,
};

/// Every setting but the key, which is an argument of its own, so that no text form of this record
/// can show it. Begin with `default_config`.
#[derive(uniffi::Record)]
pub struct CoreConfig {
    /// Sent as `Current-Org-Id`.
    pub organisation_id: Option<String>,
    /// Where the service is; none is the documented address, or the environment's.
    pub base_url: Option<String>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How transient failures are tried again.
    pub retry: RetryConfig,
    /// How often sessions are looked at.
    pub polling: PollingConfig,
    /// How long one watch may see no end.
    pub watch_limit: Duration,
    /// Whether an answer of unknown outcome may be sent again once it surely did not land.
    pub resend_answers: bool,
    /// Whether an answer is preceded by a read that still shows its prompt.
    pub verify_before_answer: bool,
    /// How long after an attempt its effect can still show up.
    pub answer_grace: Duration,
    /// How old a read may be when replicas of the service lag.
    pub max_staleness: Duration,
    /// Whether a session that fits a create of unknown outcome may be taken for its own.
    pub adopt_created: bool,
    /// A member of the inputs into which create writes a unique id.
    pub correlation_member: Option<String>,
    /// Whether a create of unknown outcome is sent once more when nothing like it is seen.
    pub recreate_when_unseen: bool,
    /// The longest `Retry-After` that is obeyed.
    pub max_retry_after: Duration,
    /// How long writes in flight may go on after `suspend`.
    pub suspend_grace: Duration,
    /// How long a prompt handler may take.
    pub handler_timeout: Option<Duration>,
    /// How many callbacks that do not return are borne in the process.
    pub callback_limit: u32,
    /// How many requests are in flight at once.
    pub max_concurrent_requests: u32,
    /// How many requests are begun each second, in all. 0 is no limit.
    pub requests_per_second: f64,
    /// The largest body taken from the service.
    pub max_body_bytes: u64,
    /// Which proxy requests go through.
    pub proxy: ProxyConfig,
    /// Certificates trusted beside the platform's, each PEM or DER.
    pub extra_root_certificates: Vec<Vec<u8>>,
    /// Whether plain `http` is allowed to hosts other than this one.
    pub allow_insecure_http: bool,
    /// Added to the `User-Agent`.
    pub user_agent_suffix: Option<String>,
    /// Where the assumed parts of the API are.
    pub endpoints: Endpoints,
    /// Further wire words for statuses.
    pub status_aliases: HashMap<String, SessionStatus>,
}

/// The core's defaults: the one place where they are.
#[uniffi::export]
pub fn default_config() -> CoreConfig {
    let config = ClientConfig::new("");
    CoreConfig {
        organisation_id: config.organisation_id,
        base_url: None,
        timeouts: config.timeouts,
        retry: config.retry,
        polling: config.polling,
        watch_limit: config.watch_limit,
        resend_answers: config.resend_answers,
        verify_before_answer: config.verify_before_answer,
        answer_grace: config.answer_grace,
        max_staleness: config.max_staleness,
        adopt_created: config.adopt_created,
        correlation_member: config.correlation_member,
        recreate_when_unseen: config.recreate_when_unseen,
        max_retry_after: config.max_retry_after,
        suspend_grace: config.suspend_grace,
        handler_timeout: config.handler_timeout,
        callback_limit: config.callback_limit,
        max_concurrent_requests: config.max_concurrent_requests,
        requests_per_second: config.requests_per_second,
        max_body_bytes: config.max_body_bytes,
        proxy: config.proxy,
        extra_root_certificates: config.extra_root_certificates,
        allow_insecure_http: config.allow_insecure_http,
        user_agent_suffix: config.user_agent_suffix,
        endpoints: config.endpoints,
        status_aliases: HashMap::new(),
    }
}

impl CoreConfig {
    /// Puts these settings in place of `base`'s. An address or organisation that is not given
    /// leaves the one that is there.
    pub(crate) fn on(self, base: ClientConfig) -> Result<ClientConfig> {
        let mut status_aliases = base.status_aliases;
        for (word, status) in self.status_aliases {
            status_aliases.add(&word, status)?;
        }
        Ok(ClientConfig {
            api_key: base.api_key,
            organisation_id: self.organisation_id.or(base.organisation_id),
            base_url: self.base_url.unwrap_or(base.base_url),
            timeouts: self.timeouts,
            retry: self.retry,
            polling: self.polling,
            watch_limit: self.watch_limit,
            resend_answers: self.resend_answers,
            verify_before_answer: self.verify_before_answer,
            answer_grace: self.answer_grace,
            max_staleness: self.max_staleness,
            adopt_created: self.adopt_created,
            correlation_member: self.correlation_member,
            recreate_when_unseen: self.recreate_when_unseen,
            max_retry_after: self.max_retry_after,
            suspend_grace: self.suspend_grace,
            handler_timeout: self.handler_timeout,
            callback_limit: self.callback_limit,
            max_concurrent_requests: self.max_concurrent_requests,
            requests_per_second: self.requests_per_second,
            max_body_bytes: self.max_body_bytes,
            proxy: self.proxy,
            extra_root_certificates: self.extra_root_certificates,
            allow_insecure_http: self.allow_insecure_http,
            user_agent_suffix: self.user_agent_suffix,
            endpoints: self.endpoints,
            status_aliases,
            credentials: base.credentials,
            checkpoint_store: base.checkpoint_store,
        })
    }
}
