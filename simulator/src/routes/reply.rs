//! Answers in the shapes `FastAPI` gives them.

use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// A whole answer, before any fault has touched it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The session it is about, for the journal.
    pub(crate) session: Option<Uuid>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub(crate) struct FieldError {
    /// From the kind of place (`path`, `query`, `body`) inwards: member names and positions.
    #[schema(value_type = Vec<Value>)]
    loc: Vec<Value>,
    msg: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A request that is refused for one reason.
#[derive(ToSchema)]
#[schema(as = HTTPError)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct HttpError {
    detail: String,
}

/// A request in which something is wrong.
#[derive(ToSchema)]
#[schema(as = HTTPValidationError)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct HttpValidationError {
    detail: Vec<FieldError>,
}

impl FieldError {
    pub(crate) fn new(loc: &[&str], msg: impl Into<String>, kind: &'static str) -> Self {
        let loc = loc.iter().map(|part| Value::from(*part)).collect();
        Self { loc, msg: msg.into(), kind }
    }

    pub(crate) fn missing(loc: &[&str]) -> Self {
        Self::new(loc, "Field required", "missing")
    }
}

impl Reply {
    pub(crate) fn json(status: StatusCode, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { status, headers, body, session: None }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), session: None }
    }

    pub(crate) fn detail(status: StatusCode, detail: &str) -> Self {
        Self::json(status, Bytes::from(json!({ "detail": detail }).to_string()))
    }

    pub(crate) fn invalid(errors: &[FieldError]) -> Self {
        let body = json!({ "detail": errors }).to_string();
        Self::json(StatusCode::UNPROCESSABLE_ENTITY, Bytes::from(body))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::detail(StatusCode::UNAUTHORIZED, "Invalid or missing API key")
    }

    pub(crate) fn not_found(detail: &str) -> Self {
        Self::detail(StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn other_methods(methods: &[Method]) -> Self {
        let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed").with(ALLOW, &allowed)
    }

    pub(crate) fn redirect(status: StatusCode, to: &str) -> Self {
        Self::empty(status).with(LOCATION, to)
    }

    /// Leaves the header out when the text cannot be one.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    #[must_use]
    pub(crate) fn about(self, session: Uuid) -> Self {
        Self { session: Some(session), ..self }
    }
}
