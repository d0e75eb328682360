//! A scenario's `client` as the SDK's configuration.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use liveflow::{
    ClientConfig, CreateBody, Endpoint, HttpMethod, ProxyConfig, SessionStatus, StatusAliases,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::failure::{Failure, Result};
use crate::host::{Rotating, StoreKind, Stores};
use crate::scenario::{ServiceStatus, read};

/// What is left out of a scenario's configuration; they make scenarios quick.
static DEFAULTS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let text = r#"{
        "timeouts": {"connect_ms": 1000, "request_ms": 1000, "total_ms": 8000},
        "retry": {"initial_backoff_ms": 20, "max_backoff_ms": 100, "multiplier": 2},
        "polling": {"running_min_ms": 20, "running_max_ms": 100, "waiting_min_ms": 50,
                    "waiting_max_ms": 200, "growth": 0.2, "jitter": 0.1},
        "watch_limit_ms": 30000,
        "max_staleness_ms": 200,
        "answer_grace_ms": 1300,
        "max_retry_after_ms": 5000,
        "suspend_grace_ms": 200,
        "requests_per_second": 0,
        "proxy": "direct"
    }"#;
    serde_json::from_str(text).expect("the defaults are JSON")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    api_key: Option<String>,
    organisation_id: Option<String>,
    base_url: Option<String>,
    timeouts: TimeoutsConfig,
    retry: RetryConfig,
    polling: PollingConfig,
    watch_limit_ms: u64,
    resend_answers: Option<bool>,
    verify_before_answer: Option<bool>,
    answer_grace_ms: u64,
    max_staleness_ms: u64,
    adopt_created: Option<bool>,
    correlation_member: Option<String>,
    recreate_when_unseen: Option<bool>,
    max_retry_after_ms: u64,
    suspend_grace_ms: u64,
    handler_timeout_ms: Option<u64>,
    callback_limit: Option<u32>,
    max_concurrent_requests: Option<u32>,
    requests_per_second: f64,
    max_body_bytes: Option<u64>,
    proxy: Proxy,
    allow_insecure_http: Option<bool>,
    user_agent_suffix: Option<String>,
    #[serde(default)]
    endpoints: EndpointsConfig,
    #[serde(default)]
    status_aliases: BTreeMap<String, ServiceStatus>,
    credentials: Option<Vec<BTreeMap<String, String>>>,
    checkpoint_store: Option<StoreKind>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are the format's names")]
struct TimeoutsConfig {
    connect_ms: u64,
    request_ms: u64,
    total_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryConfig {
    initial_backoff_ms: u64,
    max_backoff_ms: u64,
    multiplier: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PollingConfig {
    running_min_ms: u64,
    running_max_ms: u64,
    waiting_min_ms: u64,
    waiting_max_ms: u64,
    growth: f64,
    jitter: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointsConfig {
    create_body: Option<BodyShape>,
    add_user_input: Option<EndpointConfig>,
    user_input_member: Option<String>,
    cancel_session: Option<EndpointConfig>,
    list_page_size: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BodyShape {
    Wrapped,
    Bare,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointConfig {
    method: Method,
    path: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Proxy {
    Direct,
    System,
    Url(String),
}

impl Config {
    /// The defaults, then each layer merged over the ones before.
    pub(crate) fn layered(layers: &[&Map<String, Value>]) -> Result<Self> {
        let mut merged = Value::Object(DEFAULTS.clone());
        for layer in layers {
            merge(&mut merged, &Value::Object((*layer).clone()));
        }
        read(merged).map_err(|error| Failure::invalid(format!("client: {}", error.report)))
    }

    /// Every text of it that must not be shown.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let of_credentials = self.credentials.iter().flatten().flat_map(BTreeMap::values).cloned();
        self.api_key.iter().cloned().chain(of_credentials).filter(|text| !text.is_empty()).collect()
    }

    /// The SDK's configuration for the service at `base_url`.
    pub(crate) fn for_service(
        self,
        base_url: &str,
        api_key: &str,
        stores: &Stores,
    ) -> Result<ClientConfig> {
        let has_credentials = self.credentials.is_some();
        let default_key = if has_credentials { "" } else { api_key };
        let mut config = ClientConfig::new(self.api_key.as_deref().unwrap_or(default_key));
        config.base_url = self.base_url.unwrap_or_else(|| base_url.to_owned());
        config.organisation_id = self.organisation_id;
        config.timeouts.connect = ms(self.timeouts.connect_ms);
        config.timeouts.request = ms(self.timeouts.request_ms);
        config.timeouts.total = ms(self.timeouts.total_ms);
        config.retry.initial_backoff = ms(self.retry.initial_backoff_ms);
        config.retry.max_backoff = ms(self.retry.max_backoff_ms);
        config.retry.multiplier = self.retry.multiplier;
        config.polling.running_min = ms(self.polling.running_min_ms);
        config.polling.running_max = ms(self.polling.running_max_ms);
        config.polling.waiting_min = ms(self.polling.waiting_min_ms);
        config.polling.waiting_max = ms(self.polling.waiting_max_ms);
        config.polling.growth = self.polling.growth;
        config.polling.jitter = self.polling.jitter;
        config.watch_limit = ms(self.watch_limit_ms);
        set(&mut config.resend_answers, self.resend_answers);
        set(&mut config.verify_before_answer, self.verify_before_answer);
        config.answer_grace = ms(self.answer_grace_ms);
        config.max_staleness = ms(self.max_staleness_ms);
        set(&mut config.adopt_created, self.adopt_created);
        config.correlation_member = self.correlation_member;
        set(&mut config.recreate_when_unseen, self.recreate_when_unseen);
        config.max_retry_after = ms(self.max_retry_after_ms);
        config.suspend_grace = ms(self.suspend_grace_ms);
        config.handler_timeout = self.handler_timeout_ms.map(ms);
        set(&mut config.callback_limit, self.callback_limit);
        set(&mut config.max_concurrent_requests, self.max_concurrent_requests);
        config.requests_per_second = self.requests_per_second;
        set(&mut config.max_body_bytes, self.max_body_bytes);
        config.proxy = match self.proxy {
            Proxy::Direct => ProxyConfig::Direct,
            Proxy::System => ProxyConfig::System,
            Proxy::Url(url) => ProxyConfig::Url { url },
        };
        set(&mut config.allow_insecure_http, self.allow_insecure_http);
        config.user_agent_suffix = self.user_agent_suffix;
        self.endpoints.put_into(&mut config);
        config.status_aliases = aliases(&self.status_aliases)?;
        if let Some(sets) = self.credentials {
            config.credentials = Some(Arc::new(Rotating::new(sets)));
        }
        if let Some(kind) = self.checkpoint_store {
            config.checkpoint_store = Some(stores.give(kind)?);
        }
        Ok(config)
    }
}

impl EndpointsConfig {
    fn put_into(self, config: &mut ClientConfig) {
        let endpoints = &mut config.endpoints;
        set(&mut endpoints.create_body, self.create_body.map(CreateBody::from));
        set(&mut endpoints.add_user_input, self.add_user_input.map(Endpoint::from));
        set(&mut endpoints.user_input_member, self.user_input_member);
        set(&mut endpoints.cancel_session, self.cancel_session.map(Endpoint::from));
        endpoints.list_page_size = self.list_page_size;
    }
}

impl From<BodyShape> for CreateBody {
    fn from(shape: BodyShape) -> Self {
        match shape {
            BodyShape::Wrapped => Self::Wrapped,
            BodyShape::Bare => Self::Bare,
        }
    }
}

impl From<EndpointConfig> for Endpoint {
    fn from(endpoint: EndpointConfig) -> Self {
        let method = match endpoint.method {
            Method::Post => HttpMethod::Post,
            Method::Put => HttpMethod::Put,
            Method::Patch => HttpMethod::Patch,
            Method::Delete => HttpMethod::Delete,
        };
        Self { method, path: endpoint.path }
    }
}

fn aliases(words: &BTreeMap<String, ServiceStatus>) -> Result<StatusAliases> {
    let mut aliases = StatusAliases::default();
    for (word, status) in words {
        let status = match status {
            ServiceStatus::Ready => SessionStatus::Ready,
            ServiceStatus::Running => SessionStatus::Running,
            ServiceStatus::Waiting => SessionStatus::WaitingForUserInput,
            ServiceStatus::Finished => SessionStatus::Finished,
            ServiceStatus::Failed => SessionStatus::Failed,
        };
        aliases.add(word, status).map_err(|error| Failure::invalid(error.to_string()))?;
    }
    Ok(aliases)
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}
