//! The HTTP client itself: connections, TLS, proxy, redirects.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, Method, Proxy, Request, Response, redirect, retry};
use url::Url;

use crate::config::{ClientConfig, ProxyConfig, is_loopback};
use crate::error::{LiveFlowError, Result};

use super::left::{Left, MarkedBody};
use super::routes::Route;

/// Shorter than the 30 to 75 s after which servers and load balancers commonly close an idle
/// connection: a write on a connection that is just being closed has an unknown outcome.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// Sends requests, and can start over with fresh connections.
pub(super) struct Transport {
    settings: Settings,
    client: Mutex<Client>,
}

struct Settings {
    tls: rustls::ClientConfig,
    proxy: ProxyConfig,
    is_loopback: bool,
    connect_timeout: Duration,
    connections: usize,
    user_agent: String,
}

impl Transport {
    pub(super) fn new(config: &ClientConfig, base: &Url) -> Result<Self> {
        let settings = Settings {
            tls: super::tls::client_config(&config.extra_root_certificates)?,
            proxy: config.proxy.clone(),
            is_loopback: is_loopback(base),
            connect_timeout: config.timeouts.connect,
            connections: usize::try_from(config.max_concurrent_requests).unwrap_or(usize::MAX),
            user_agent: user_agent(config.user_agent_suffix.as_deref()),
        };
        let client = Mutex::new(settings.client()?);
        Ok(Self { settings, client })
    }

    /// Leaves the connections there are, which may be dead after sleep or a change of network, to
    /// the requests that use them; those that follow open new ones.
    pub(super) fn fresh_connections(&self) {
        match self.settings.client() {
            Ok(fresh) => *self.client.lock().unwrap_or_else(PoisonError::into_inner) = fresh,
            Err(error) => {
                tracing::debug!(target: "liveflow::service", %error, "keeping the old connections");
            }
        }
    }

    /// Sends one request and waits for the head of its answer.
    pub(super) async fn send(
        &self,
        route: &Route,
        url: &Url,
        headers: HeaderMap,
        left: &Left,
    ) -> reqwest::Result<Response> {
        let mut request = Request::new(route.method.clone(), url.clone());
        *request.headers_mut() = headers;
        if let Some(bytes) = &route.body {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().entry(CONTENT_TYPE).or_insert(json);
            *request.body_mut() = Some(Body::wrap(MarkedBody::new(bytes.clone(), left.clone())));
        } else if route.method != Method::GET {
            // hyper leaves it out, and some servers insist on it (411).
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        client.execute(request).await
    }
}

impl Settings {
    fn client(&self) -> Result<Client> {
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(&self.user_agent)
            // reqwest's would carry `Api-key` to another host.
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(self.connections);
        let builder = match &self.proxy {
            // Plain http is allowed to this host because it stays on it: a proxy would carry the
            // key away in the clear.
            ProxyConfig::System if self.is_loopback => builder.no_proxy(),
            ProxyConfig::System => builder,
            ProxyConfig::Direct => builder.no_proxy(),
            ProxyConfig::Url { url } => {
                builder.no_proxy().proxy(Proxy::all(url).map_err(|_| {
                    LiveFlowError::configuration(
                        "proxy",
                        "the proxy must be an address such as http://127.0.0.1:3128",
                    )
                })?)
            }
        };
        builder.build().map_err(|error| {
            LiveFlowError::configuration(
                "proxy",
                format!("the HTTP client cannot be set up: {}", super::failure::cause(&error)),
            )
        })
    }
}

fn user_agent(suffix: Option<&str>) -> String {
    let (version, os, arch) =
        (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let own = format!("truestate-liveflow/{version} ({os}; {arch})");
    match suffix {
        Some(suffix) => format!("{own} {suffix}"),
        None => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_names_version_and_system_and_ends_with_the_suffix() {
        let agent = user_agent(Some("shop/1.2"));
        assert!(agent.starts_with(concat!("truestate-liveflow/", env!("CARGO_PKG_VERSION"), " (")));
        assert!(agent.contains(std::env::consts::OS), "{agent}");
        assert!(agent.ends_with(") shop/1.2"), "{agent}");
        assert!(user_agent(None).ends_with(')'));
    }

    #[test]
    fn a_transport_needs_no_runtime() {
        let base = Url::parse("https://api.truestate.io").unwrap();
        let transport = Transport::new(&ClientConfig::new("key"), &base).unwrap();
        transport.fresh_connections();
    }
}
