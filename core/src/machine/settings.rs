//! The part of the configuration that the machine decides by.

use std::time::Duration;

use crate::config::{ClientConfig, HttpMethod, PollingConfig, RetryConfig};

/// How long before an answer is sent a read must have begun that still shows its prompt.
pub(crate) const VERIFIED_FOR: Duration = Duration::from_secs(1);

/// How soon after a slow read counts as right after it.
pub(crate) const JUST_AFTER: Duration = Duration::from_millis(100);

/// How long after our own create a 404 may mean that a replica of the service lags.
pub(crate) const CREATE_LAG: Duration = Duration::from_secs(10);

/// How many unreadable answers in a row end a watch.
pub(crate) const UNREADABLE_LIMIT: u32 = 5;

/// How many unresolved answers are kept for consumers that have not asked yet.
pub(crate) const UNRESOLVED_KEPT: usize = 64;

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) polling: PollingConfig,
    pub(crate) retry: RetryConfig,
    pub(crate) watch_limit: Duration,
    pub(crate) resend_answers: bool,
    pub(crate) verify_before_answer: bool,
    pub(crate) answer_grace: Duration,
    pub(crate) max_staleness: Duration,
    pub(crate) max_retry_after: Duration,
    /// Whether fresh credentials can be had after a 401.
    pub(crate) can_refresh_credentials: bool,
    /// Whether an answer is stored before it is sent.
    pub(crate) stores_answers: bool,
    /// Whether cancel session is a DELETE, after which a 404 means success.
    pub(crate) cancel_deletes: bool,
    /// The path template of add user input, to be named when it seems wrong.
    pub(crate) answer_path: String,
    /// The path template of cancel session, likewise.
    pub(crate) cancel_path: String,
}

impl From<&ClientConfig> for Settings {
    fn from(config: &ClientConfig) -> Self {
        Self {
            polling: config.polling,
            retry: config.retry,
            watch_limit: config.watch_limit,
            resend_answers: config.resend_answers,
            verify_before_answer: config.verify_before_answer,
            answer_grace: config.answer_grace,
            max_staleness: config.max_staleness,
            max_retry_after: config.max_retry_after,
            can_refresh_credentials: config.credentials.is_some(),
            stores_answers: config.checkpoint_store.is_some(),
            cancel_deletes: config.endpoints.cancel_session.method == HttpMethod::Delete,
            answer_path: config.endpoints.add_user_input.path.clone(),
            cancel_path: config.endpoints.cancel_session.path.clone(),
        }
    }
}
