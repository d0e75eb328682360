//! One request and its answer: credentials, sending, redirects, the body, all in the time there is.

use std::time::Duration;

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::Response;
use tokio::time::Instant;

use crate::failure::Failure;

use super::body::BodyReader;
use super::detail::{self, Hidden};
use super::failure::{Told, no_credentials, no_credentials_in_time, withdrawn};
use super::redirect::{self, Refusal};
use super::routes::Route;
use super::{Attempt, Service};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Enough of an error's body to find its words.
const ERROR_BODY: usize = 64 * 1024;
/// The status of an error counts; its words are not worth a longer wait.
const ERROR_BODY_PATIENCE: Duration = Duration::from_secs(5);

/// One call and what goes with it.
pub(super) struct Ask<'a> {
    pub(super) route: Route,
    pub(super) idempotency_key: Option<&'a str>,
    /// With one, 304 is a success.
    pub(super) etag: Option<&'a str>,
}

/// A success of which the head has arrived.
pub(super) struct Success {
    pub(super) route: Route,
    pub(super) status: StatusCode,
    pub(super) hidden: Hidden,
    response: Response,
    deadline: Deadline,
}

/// The time that an attempt has, for all its parts together.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    started: Instant,
    timeout: Duration,
}

impl Deadline {
    fn remaining(&self) -> Duration {
        self.timeout.saturating_sub(self.started.elapsed())
    }

    /// The future's output, or `None` when the time is up first. Without any time it is not begun.
    async fn bound<F: Future>(&self, future: F) -> Option<F::Output> {
        let remaining = self.remaining();
        if remaining.is_zero() {
            return None;
        }
        tokio::time::timeout(remaining, future).await.ok()
    }
}

impl Service {
    /// Sends it and waits for the head of a success; anything else is a failure, classified.
    pub(super) async fn ask(&self, ask: Ask<'_>, attempt: &Attempt) -> Result<Success, Failure> {
        let started = Instant::now();
        let (call, method) = (ask.route.call, ask.route.method.clone());
        let session = ask.route.session.clone();
        let outcome = self.exchange(ask, attempt).await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let session = session.as_ref().map(tracing::field::display);
        match &outcome {
            Ok(success) => tracing::debug!(
                target: "liveflow::service",
                call = call.name(), %method, session, ms, status = success.status.as_u16(),
                "answered"
            ),
            Err(failure) => tracing::debug!(
                target: "liveflow::service",
                call = call.name(), %method, session, ms, kind = ?failure.kind,
                "failed"
            ),
        }
        outcome
    }

    async fn exchange(&self, ask: Ask<'_>, attempt: &Attempt) -> Result<Success, Failure> {
        let deadline = Deadline { started: Instant::now(), timeout: attempt.timeout };
        let identity = self.0.credentials.identity(attempt.fresh_credentials);
        let identity = match deadline.bound(identity).await {
            Some(identity) => identity.map_err(no_credentials)?,
            None => return Err(no_credentials_in_time(attempt.timeout)),
        };
        let hidden = identity.hidden;
        let told = self.told(&ask.route, &hidden);
        let headers = || with_marks(identity.headers.clone().into_owned(), &ask);
        let response = self.send(&told, headers, attempt, deadline).await?;
        let status = response.status();
        if status.is_success() || (status == StatusCode::NOT_MODIFIED && ask.etag.is_some()) {
            return Ok(Success { route: ask.route, status, hidden, response, deadline });
        }
        let headers = response.headers().clone();
        let mut body = Vec::new();
        if let Ok(mut reader) = BodyReader::new(response) {
            let patience = ERROR_BODY_PATIENCE.min(deadline.remaining());
            let _ = tokio::time::timeout(patience, reader.beginning(&mut body, ERROR_BODY)).await;
        }
        Err(told.refused(status, &headers, &body))
    }

    /// Sends it, and once more where the same origin says to.
    async fn send(
        &self,
        told: &Told<'_>,
        headers: impl Fn() -> HeaderMap,
        attempt: &Attempt,
        deadline: Deadline,
    ) -> Result<Response, Failure> {
        let (route, left) = (told.route, &attempt.left);
        let mut url = route.url.clone();
        let mut is_followed = false;
        loop {
            // Without a body there is nothing to see its first byte by: taken for gone at once.
            if route.body.is_none() && !left.leave() {
                return Err(withdrawn());
            }
            let sending = self.0.transport.send(route, &url, headers(), left);
            let response = match deadline.bound(sending).await {
                Some(Ok(response)) => response,
                // The connection's own task may be about to write it: withdrawing settles it.
                Some(Err(error)) => return Err(told.no_answer(&error, !left.withdraw())),
                None => return Err(told.no_answer_in_time(!left.withdraw(), attempt.timeout)),
            };
            let status = response.status();
            let location = response.headers().get(http::header::LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            match redirect::target(&url, route.call.is_read(), status, location) {
                None => return Ok(response),
                Some(Ok(target)) if !is_followed => {
                    url = target;
                    is_followed = true;
                    // Of writes only 307 and 308 get here, which promise that nothing was done.
                    left.came_back();
                }
                Some(Ok(_)) => {
                    return Err(told.not_followed(status, response.headers(), &Refusal::Again));
                }
                Some(Err(refusal)) => {
                    return Err(told.not_followed(status, response.headers(), &refusal));
                }
            }
        }
    }

    pub(super) fn told<'a>(&self, route: &'a Route, hidden: &'a Hidden) -> Told<'a> {
        Told {
            route,
            hidden,
            has_provider: self.0.credentials.has_provider(),
            body_limit: self.0.body_limit,
        }
    }
}

impl Success {
    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The whole body; `None` if it is `expected` to the byte.
    pub(super) async fn body(
        self,
        service: &Service,
        expected: Option<&[u8]>,
    ) -> Result<Option<Body>, Failure> {
        let Self { route, status, hidden, response, deadline } = self;
        let told = service.told(&route, &hidden);
        let status = status.as_u16();
        let limit = usize::try_from(service.0.body_limit).unwrap_or(usize::MAX);
        let mut reader = BodyReader::new(response).map_err(|error| told.bad_body(status, error))?;
        let headers = reader.take_headers();
        let bytes = match deadline.bound(reader.whole(limit, expected)).await {
            Some(whole) => whole.map_err(|error| told.bad_body(status, error))?,
            None => return Err(told.body_too_late(status, deadline.timeout)),
        };
        Ok(bytes.map(|bytes| Body { route, status, headers, hidden, bytes }))
    }

    /// The body as it arrives.
    pub(super) fn reader(self, service: &Service) -> Result<(Arrival, BodyReader), Failure> {
        let Self { route, status, hidden, response, .. } = self;
        let status = status.as_u16();
        let mut reader = BodyReader::new(response)
            .map_err(|error| service.told(&route, &hidden).bad_body(status, error))?;
        let headers = reader.take_headers();
        Ok((Arrival { route, status, headers, hidden }, reader))
    }
}

/// A success whose body is still arriving.
pub(super) struct Arrival {
    pub(super) route: Route,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) hidden: Hidden,
}

/// A success with its body.
pub(super) struct Body {
    route: Route,
    status: u16,
    headers: HeaderMap,
    hidden: Hidden,
    pub(super) bytes: Vec<u8>,
}

impl Body {
    /// A failure for a body that is not what it should be.
    pub(super) fn not_as_described(&self, service: &Service, why: &str) -> Failure {
        let beginning = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(64)]);
        let is_html = detail::is_html(&self.headers, &beginning);
        service.told(&self.route, &self.hidden).not_as_described(self.status, why, is_html)
    }
}

/// Adds what this request alone says; credentials of the same name win.
pub(super) fn with_marks(mut headers: HeaderMap, ask: &Ask<'_>) -> HeaderMap {
    // A value that cannot be a header's is left out: the service works without either.
    for (name, value) in [(IDEMPOTENCY_KEY, ask.idempotency_key), (IF_NONE_MATCH, ask.etag)] {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            headers.entry(name).or_insert(value);
        }
    }
    headers
}
