//! How to ask, over HTTP: the service's five calls, each of which is one request.
//!
//! Nothing here tries again or draws conclusions: an attempt's outcome is described as exactly as
//! the wire allows (see [`crate::failure::FailureKind`]), and the machine decides.

mod body;
mod credentials;
mod detail;
mod exchange;
mod failure;
#[cfg(any(test, feature = "internals"))]
pub(crate) mod fuzzing;
mod left;
mod redirect;
mod retry_after;
mod routes;
mod sessions;
mod status;
#[cfg(test)]
mod tests;
mod tls;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use http::header::ETAG;
use http::{HeaderMap, StatusCode};

use crate::config::ClientConfig;
use crate::error::Result;
use crate::failure::Failure;
use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;
use crate::session::{Session, StatusAliases, decode_session};

use credentials::Credentials;
use exchange::Ask;
use routes::{Route, Routes};
use transport::Transport;

pub(crate) use left::{Exit, Left};
pub(crate) use sessions::{ListPage, SessionStream};

/// The service at one address, asked with one set of credentials. Clones share connections.
#[derive(Clone)]
pub(crate) struct Service(Arc<Inner>);

struct Inner {
    routes: Routes,
    transport: Transport,
    credentials: Credentials,
    aliases: StatusAliases,
    body_limit: u64,
}

/// One try of one call.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// For all of it: credentials, connecting, the answer's last byte. A list is an exception: there
    /// it bounds each wait for the service, so that whoever reads the list may take their time.
    pub(crate) timeout: Duration,
    /// The last credentials were refused (401): the provider is told so.
    pub(crate) fresh_credentials: bool,
    /// New for each attempt.
    pub(crate) left: Left,
}

/// What a read may turn out to be unchanged from.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) raw: Json,
    pub(crate) etag: Option<String>,
}

/// What a read shows.
#[derive(Debug)]
pub(crate) enum Reading {
    /// What is known already; nothing was decoded. With its `ETag` if it came once more in full.
    Unchanged { etag: Option<String> },
    /// This, with its `ETag` if it has one.
    Session { session: Box<Session>, etag: Option<String> },
}

impl Service {
    /// Needs no runtime, and loads no certificates before they are needed.
    pub(crate) fn new(config: &ClientConfig) -> Result<Self> {
        config.validate()?;
        let routes = Routes::new(&config.base_url, config.endpoints.clone())?;
        Ok(Self(Arc::new(Inner {
            transport: Transport::new(config, routes.base())?,
            credentials: Credentials::new(config)?,
            aliases: config.status_aliases.clone(),
            body_limit: config.max_body_bytes,
            routes,
        })))
    }

    /// The requests that follow open new connections.
    pub(crate) fn fresh_connections(&self) {
        self.0.transport.fresh_connections();
    }

    /// Reads one session.
    pub(crate) async fn get_session(
        &self,
        flow: &LiveFlowId,
        session: &SessionId,
        known: Option<&Known>,
        attempt: &Attempt,
    ) -> Result<Reading, Failure> {
        let route = self.0.routes.get_session(flow, session);
        let etag = known.and_then(|known| known.etag.as_deref());
        let success = self.ask(Ask { route, idempotency_key: None, etag }, attempt).await?;
        if success.status == StatusCode::NOT_MODIFIED {
            return Ok(Reading::Unchanged { etag: None });
        }
        let etag = etag_of(success.headers());
        let known = known.map(|known| known.raw.as_str().as_bytes());
        let body = match success.body(self, known).await? {
            // With spaces around it it is still the same.
            Some(body) if known.is_none_or(|known| body.bytes.trim_ascii() != known) => body,
            _ => return Ok(Reading::Unchanged { etag }),
        };
        let decoded = decode_session(&body.bytes, flow, Some(session), &self.0.aliases)
            .map_err(|why| body.not_as_described(self, &why.to_string()))?;
        if decoded.id != *session {
            return Err(body.not_as_described(self, "another session than the one asked for"));
        }
        Ok(Reading::Session { session: Box::new(decoded), etag })
    }

    /// Creates a session. `None`: it was created, but the answer does not show it.
    pub(crate) async fn create_session(
        &self,
        flow: &LiveFlowId,
        inputs: &Json,
        idempotency_key: &str,
        attempt: &Attempt,
    ) -> Result<Option<Session>, Failure> {
        let route = self.0.routes.create_session(flow, inputs);
        self.write(route, Some(idempotency_key), attempt).await
    }

    /// Answers a prompt. `None`: it was taken, but the answer does not show this session.
    pub(crate) async fn add_user_input(
        &self,
        flow: &LiveFlowId,
        session: &SessionId,
        answer: &Json,
        idempotency_key: &str,
        attempt: &Attempt,
    ) -> Result<Option<Session>, Failure> {
        let route = self.0.routes.add_user_input(flow, session, answer);
        let shown = self.write(route, Some(idempotency_key), attempt).await?;
        Ok(shown.filter(|shown| shows(shown, session)))
    }

    /// Cancels a session. `None`: it was cancelled, but the answer does not show this session.
    pub(crate) async fn cancel_session(
        &self,
        flow: &LiveFlowId,
        session: &SessionId,
        attempt: &Attempt,
    ) -> Result<Option<Session>, Failure> {
        let route = self.0.routes.cancel_session(flow, session);
        let shown = self.write(route, None, attempt).await?;
        Ok(shown.filter(|shown| shows(shown, session)))
    }

    /// The flow's sessions, or one page of them, one at a time.
    pub(crate) async fn get_sessions(
        &self,
        flow: &LiveFlowId,
        page: &ListPage,
        attempt: &Attempt,
    ) -> Result<SessionStream, Failure> {
        SessionStream::open(self.clone(), flow.clone(), page.clone(), attempt).await
    }

    /// A success is one whatever becomes of its body: the status has said so.
    async fn write(
        &self,
        route: Route,
        idempotency_key: Option<&str>,
        attempt: &Attempt,
    ) -> Result<Option<Session>, Failure> {
        let flow = route.flow.clone();
        let success = self.ask(Ask { route, idempotency_key, etag: None }, attempt).await?;
        let Ok(Some(body)) = success.body(self, None).await else { return Ok(None) };
        Ok(decode_session(&body.bytes, &flow, None, &self.0.aliases).ok())
    }
}

/// The `ETag` of an answer, if it is one that can be sent back.
fn etag_of(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(ETAG)?.to_str().ok()?.to_owned())
}

/// Whether it is this session and says how far it is; `{"id": …}` alone is a receipt.
fn shows(shown: &Session, session: &SessionId) -> bool {
    shown.id == *session && !shown.raw_status.is_empty()
}
