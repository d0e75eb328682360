//! Whether the service is there, what its clock says, and whether it takes the key.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822;
use liveflow::{Client, ClientConfig, LiveFlowError, LiveFlowId, ProxyConfig, SessionId};
use reqwest::header::DATE;
use reqwest::{Certificate, Proxy, redirect};

use super::finding::Finding;
use crate::output::time;

/// Somebody waits for the verdict.
const PATIENCE: Duration = Duration::from_secs(15);
/// A difference that matters nowhere: requests take time, and `Date` has whole seconds.
const SMALL: Duration = Duration::from_secs(5);
/// No flow and no session has it.
pub(super) const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// What knocking brought to light.
pub(super) struct Answer {
    pub(super) reached: Finding,
    pub(super) clock: Finding,
    /// To ask further, without the key.
    pub(super) client: reqwest::Client,
}

/// Asks for anything at the service's address, without the key.
pub(super) async fn knock(config: &ClientConfig) -> Result<Answer, Finding> {
    let check = "address";
    let client = http_client(config).map_err(|error| Finding::wrong(check, error))?;
    let before = SystemTime::now();
    let response = client.get(url(config, "/live_flows/")).send().await.map_err(|error| {
        let finding = Finding::wrong(check, format!("{}: {}", config.base_url, causes(&error)));
        finding.advice(advice(&error, config))
    })?;
    let security = if config.base_url.starts_with("https:") {
        "its certificate is trusted"
    } else {
        "without TLS"
    };
    let reached = format!("{} answers in {} ms, {security}", config.base_url, elapsed(before));
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
    Ok(Answer {
        reached: Finding::fine(check, reached),
        clock: clock(date, before, SystemTime::now()),
        client,
    })
}

fn elapsed(before: SystemTime) -> u128 {
    before.elapsed().unwrap_or_default().as_millis()
}

/// The clock matters where times of this computer and of the service meet.
fn clock(date: Option<&str>, before: SystemTime, after: SystemTime) -> Finding {
    let check = "clock";
    let Some(at) = date.and_then(|date| rfc2822::parse(date).ok()) else {
        return Finding::unsure(check, "the service does not tell its time");
    };
    let at = SystemTime::from(at.timestamp());
    // `Date` was set between the two, and cut to the second.
    let ahead = before.duration_since(at + Duration::from_secs(1)).unwrap_or_default();
    let behind = at.duration_since(after).unwrap_or_default();
    let (difference, word) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    if difference <= SMALL {
        return Finding::fine(check, "as the service's");
    }
    let finding = Finding::wrong(check, format!("{} {word} the service's", time::span(difference)));
    finding.advice("set this computer's clock: certificates and ages of sessions depend on it")
}

/// Whether the key is taken, and the flow is there.
pub(super) async fn key_and_flow(config: &ClientConfig, flow: Option<&LiveFlowId>) -> Vec<Finding> {
    let mut config = config.clone();
    config.timeouts.total = config.timeouts.total.min(PATIENCE);
    let client = match Client::new(config) {
        Ok(client) => client,
        Err(error) => return vec![Finding::wrong("settings", error.to_string())],
    };
    let nobody = SessionId::parse(NOBODY).and_then(|id| Ok((LiveFlowId::parse(NOBODY)?, id)));
    let answer = match nobody {
        Ok((flow, session)) => client.get_session(flow, session).await.map(|_| ()),
        Err(error) => Err(error),
    };
    let mut findings = vec![accepted(answer)];
    if let Some(flow) = flow {
        let first = match client.iter_sessions(flow) {
            Ok(mut sessions) => sessions.next().await.transpose(),
            Err(error) => Err(error),
        };
        findings.push(match first {
            Ok(Some(_)) => Finding::fine("flow", format!("{flow} is there, and has sessions")),
            Ok(None) => Finding::fine("flow", format!("{flow} is there, without a session yet")),
            Err(error) => Finding::wrong("flow", format!("{flow}: {error}")),
        });
    }
    findings
}

/// The session that was asked for does not exist: the service should say so, and nothing else.
fn accepted(answer: Result<(), LiveFlowError>) -> Finding {
    let check = "access";
    match answer {
        Ok(()) | Err(LiveFlowError::NotFound { .. } | LiveFlowError::InvalidRequest { .. }) => {
            Finding::fine(check, "the key is accepted")
        }
        Err(error @ LiveFlowError::Authentication { .. }) => {
            Finding::wrong(check, error.to_string())
                .advice("is it the key of this organisation, and copied whole?")
        }
        Err(error @ LiveFlowError::PermissionDenied { .. }) => {
            Finding::wrong(check, error.to_string())
                .advice("does the key belong to the organisation that is set?")
        }
        Err(error) => Finding::wrong(check, error.to_string()),
    }
}

/// A client like the library's, but without the key, and impatient.
fn http_client(config: &ClientConfig) -> Result<reqwest::Client, String> {
    // The process is ours: nobody else has installed one, and a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(config.timeouts.connect)
        .timeout(PATIENCE);
    let is_loopback = reqwest::Url::parse(&config.base_url)
        .is_ok_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")));
    match &config.proxy {
        ProxyConfig::System if !is_loopback => {}
        ProxyConfig::System | ProxyConfig::Direct => builder = builder.no_proxy(),
        ProxyConfig::Url { url } => {
            let proxy = Proxy::all(url).map_err(|error| error.to_string())?;
            builder = builder.no_proxy().proxy(proxy);
        }
    }
    for bytes in &config.extra_root_certificates {
        let roots = Certificate::from_pem_bundle(bytes)
            .or_else(|_| Certificate::from_der(bytes).map(|root| vec![root]))
            .map_err(|error| format!("extra_root_certificates: {error}"))?;
        builder = builder.tls_certs_merge(roots);
    }
    builder.build().map_err(|error| causes(&error))
}

pub(super) fn url(config: &ClientConfig, path: &str) -> String {
    format!("{}{path}", config.base_url.trim_end_matches('/'))
}

/// An error with everything that caused it: the outermost word of a client is of little use.
fn causes(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let word = error.to_string();
        if !words.iter().any(|known: &String| known.contains(&word)) {
            words.push(word);
        }
        cause = error.source();
    }
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

fn advice(error: &reqwest::Error, config: &ClientConfig) -> String {
    let words = causes(error).to_lowercase();
    if words.contains("certificate") {
        "behind a proxy that opens TLS, add its root to extra_root_certificates".to_owned()
    } else if words.contains("dns") || words.contains("lookup") {
        format!("is the address right? base_url is {}", config.base_url)
    } else if words.contains("refused") {
        "nothing listens there: is base_url right, and the service running?".to_owned()
    } else {
        "is there a network, and does a proxy have to be set?".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn verdict(date: &str, at: u64) -> Verdict {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
        clock(Some(date), now, now).verdict
    }

    #[test]
    fn a_clock_that_is_off_is_noticed_either_way() {
        let date = "Tue, 07 Nov 2023 05:31:56 GMT";
        assert_eq!(verdict(date, 1_699_335_116), Verdict::Fine);
        assert_eq!(verdict(date, 1_699_335_120), Verdict::Fine);
        assert_eq!(verdict(date, 1_699_335_216), Verdict::Wrong);
        assert_eq!(verdict(date, 1_699_335_016), Verdict::Wrong);
        assert_eq!(verdict("soon", 0), Verdict::Unsure);
    }
}
