//! Whether a configuration fits together, before anything is sent.

use std::time::Duration;

use url::{Host, Url};

use crate::error::{LiveFlowError, Result};

use super::{ClientConfig, HttpMethod, ProxyConfig};

pub(super) fn validate(config: &ClientConfig) -> Result<()> {
    key(config)?;
    base_url(&config.base_url, config.allow_insecure_http)?;
    durations(config)?;
    numbers(config)?;
    endpoints(config)?;
    header_text("organisation_id", config.organisation_id.as_deref())?;
    header_text("user_agent_suffix", config.user_agent_suffix.as_deref())?;
    if let ProxyConfig::Url { url } = &config.proxy
        && !Url::parse(url).is_ok_and(|url| url.has_host())
    {
        return Err(wrong("proxy", "the proxy must be an address such as http://127.0.0.1:3128"));
    }
    if config.correlation_member.as_deref() == Some("") {
        return Err(wrong("correlation_member", "correlation_member must not be empty"));
    }
    Ok(())
}

fn key(config: &ClientConfig) -> Result<()> {
    let key = config.api_key.expose();
    if key.trim().is_empty() {
        return if config.credentials.is_some() {
            Ok(())
        } else {
            Err(wrong("api_key", "the API key is empty; give a key, or a credentials provider"))
        };
    }
    // The words do not quote the key: an error must never show it.
    if !key.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        return Err(wrong(
            "api_key",
            "the API key holds a space, a line break or another character that no key has; \
             was it copied whole, and nothing else?",
        ));
    }
    Ok(())
}

/// Parses the base URL and says what is wrong with it.
pub(crate) fn base_url(text: &str, allow_insecure_http: bool) -> Result<Url> {
    let url = Url::parse(text.trim()).map_err(|error| {
        wrong(
            "base_url",
            format!("base_url must be an address such as {}: {error}", super::DEFAULT_BASE_URL),
        )
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("base_url", "base_url must not hold a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("base_url", "base_url must not have a query or a fragment"));
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if !url.has_host() => Err(wrong("base_url", "base_url names no host")),
        "http" if allow_insecure_http || is_loopback(&url) => Ok(url),
        "http" => Err(wrong(
            "base_url",
            "base_url is plain http, which would send the key in the clear: use https, \
             or set allow_insecure_http if the network in between is your own",
        )),
        other => Err(wrong(
            "base_url",
            format!("base_url must begin with https:// (it begins with {other}:)"),
        )),
    }
}

/// Whether the address is this host's own.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn durations(config: &ClientConfig) -> Result<()> {
    let polling = &config.polling;
    for (setting, value) in [
        ("timeouts.connect", config.timeouts.connect),
        ("timeouts.request", config.timeouts.request),
        ("timeouts.total", config.timeouts.total),
        ("retry.initial_backoff", config.retry.initial_backoff),
        ("polling.running_min", polling.running_min),
        ("polling.waiting_min", polling.waiting_min),
        ("watch_limit", config.watch_limit),
        ("handler_timeout", config.handler_timeout.unwrap_or(Duration::MAX)),
    ] {
        if value.is_zero() {
            return Err(wrong(setting, format!("{setting} must be longer than nothing")));
        }
    }
    for (low, high, setting) in [
        (polling.running_min, polling.running_max, "polling.running_max"),
        (polling.waiting_min, polling.waiting_max, "polling.waiting_max"),
        (config.retry.initial_backoff, config.retry.max_backoff, "retry.max_backoff"),
    ] {
        if low > high {
            return Err(wrong(setting, format!("{setting} is shorter than its minimum")));
        }
    }
    if config.answer_grace <= config.timeouts.request.saturating_add(config.max_staleness) {
        return Err(wrong(
            "answer_grace",
            "answer_grace must exceed timeouts.request plus max_staleness: before that an answer \
             that seems lost can still arrive",
        ));
    }
    Ok(())
}

fn numbers(config: &ClientConfig) -> Result<()> {
    let shares =
        [("polling.growth", config.polling.growth), ("polling.jitter", config.polling.jitter)];
    for (setting, value) in shares {
        if !(0.0..1.0).contains(&value) {
            return Err(wrong(setting, format!("{setting} must be at least 0 and below 1")));
        }
    }
    if !(1.0..=100.0).contains(&config.retry.multiplier) {
        return Err(wrong("retry.multiplier", "retry.multiplier must be from 1 to 100"));
    }
    let rate = config.requests_per_second;
    if !rate.is_finite() || rate < 0.0 {
        return Err(wrong(
            "requests_per_second",
            "requests_per_second must be 0 (no limit) or more",
        ));
    }
    for (setting, value) in [
        ("max_concurrent_requests", u64::from(config.max_concurrent_requests)),
        ("max_body_bytes", config.max_body_bytes),
        ("callback_limit", u64::from(config.callback_limit)),
    ] {
        if value == 0 {
            return Err(wrong(setting, format!("{setting} must be at least 1")));
        }
    }
    Ok(())
}

fn endpoints(config: &ClientConfig) -> Result<()> {
    let endpoints = &config.endpoints;
    if endpoints.add_user_input.method == HttpMethod::Delete {
        return Err(wrong("endpoints.add_user_input", "add user input may be POST, PUT or PATCH"));
    }
    if endpoints.user_input_member.is_empty() {
        return Err(wrong("endpoints.user_input_member", "user_input_member must not be empty"));
    }
    if endpoints.list_page_size == Some(0) {
        return Err(wrong("endpoints.list_page_size", "list_page_size must be at least 1"));
    }
    for (setting, path) in [
        ("endpoints.add_user_input", &endpoints.add_user_input.path),
        ("endpoints.cancel_session", &endpoints.cancel_session.path),
    ] {
        let rest = path.replace("{live_flow_id}", "").replace("{session_id}", "");
        if !path.starts_with('/')
            || !path.contains("{session_id}")
            || rest.contains(['{', '}', '?', '#', ' ', '\\'])
            || rest.contains("..")
            || path.starts_with("//")
        {
            return Err(wrong(
                setting,
                format!(
                    "the path template {path:?} must begin with one /, hold {{session_id}} and no \
                     other placeholder than {{live_flow_id}}, and have no query"
                ),
            ));
        }
    }
    Ok(())
}

fn header_text(setting: &str, text: Option<&str>) -> Result<()> {
    match text {
        Some(text) if text.is_empty() || !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => {
            Err(wrong(setting, format!("{setting} must be printable ASCII text, and not empty")))
        }
        _ => Ok(()),
    }
}

fn wrong(setting: &str, reason: impl Into<String>) -> LiveFlowError {
    LiveFlowError::configuration(setting, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting_at_fault(change: impl FnOnce(&mut ClientConfig)) -> Option<String> {
        let mut config = ClientConfig::new("marked-key");
        change(&mut config);
        match config.validate() {
            Ok(()) => None,
            Err(error) => {
                assert!(!error.to_string().contains("marked"), "{error}");
                let LiveFlowError::Configuration { setting, .. } = error else {
                    panic!("{error:?}")
                };
                setting
            }
        }
    }

    #[test]
    fn the_defaults_are_fine() {
        assert_eq!(setting_at_fault(|_| ()), None);
    }

    #[test]
    fn every_mistake_names_its_setting() {
        type Change = fn(&mut ClientConfig);
        let cases: [(&str, Change); 14] = [
            ("api_key", |c| c.api_key = "".into()),
            ("api_key", |c| c.api_key = "marked\nkey".into()),
            ("base_url", |c| c.base_url = "api.truestate.io".into()),
            ("base_url", |c| c.base_url = "http://api.truestate.io".into()),
            ("base_url", |c| c.base_url = "https://user:marked@api.truestate.io".into()),
            ("base_url", |c| c.base_url = "ftp://api.truestate.io".into()),
            ("timeouts.request", |c| c.timeouts.request = Duration::ZERO),
            ("polling.running_max", |c| c.polling.running_max = Duration::from_millis(1)),
            ("polling.jitter", |c| c.polling.jitter = f64::NAN),
            ("answer_grace", |c| c.answer_grace = Duration::from_secs(1)),
            ("requests_per_second", |c| c.requests_per_second = -1.0),
            ("max_concurrent_requests", |c| c.max_concurrent_requests = 0),
            ("endpoints.cancel_session", |c| c.endpoints.cancel_session.path = "/x/".into()),
            ("proxy", |c| c.proxy = ProxyConfig::Url { url: "squid".into() }),
        ];
        for (setting, change) in cases {
            assert_eq!(setting_at_fault(change).as_deref(), Some(setting));
        }
    }

    #[test]
    fn plain_http_is_for_this_host_only_unless_allowed() {
        for url in ["http://127.0.0.1:8000", "http://localhost:1/api", "http://[::1]:2"] {
            assert_eq!(setting_at_fault(|c| c.base_url = url.into()), None, "{url}");
        }
        let allowed = |c: &mut ClientConfig| {
            c.base_url = "http://10.0.0.1".into();
            c.allow_insecure_http = true;
        };
        assert_eq!(setting_at_fault(allowed), None);
        assert!(
            setting_at_fault(|c| c.base_url = "http://localhost.evil.example".into()).is_some()
        );
    }
}
