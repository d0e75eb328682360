//! What becomes of an answer when a fault strikes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::body::{HUGE_HEAD, HUGE_TAIL, filler};
use super::reply::Reply;
use crate::clock::ServiceTime;
use crate::connection::Cut;
use crate::faults::{Effect, Fault, LateAnswer};

/// How a request ends.
pub(crate) enum Fate {
    Send(Reply),
    /// Half of the body, under the headers of the whole.
    SendHalf(Reply, Cut),
    SendHuge {
        reply: Reply,
        bytes: u64,
        chunked: bool,
    },
    Reset,
    Hold,
    /// This now, and the effect after the time.
    Late {
        now: LateAnswer,
        effect_in: Duration,
    },
}

impl Fate {
    /// The status that the client will see, as far as it will see one.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Send(reply) | Self::SendHalf(reply, _) | Self::SendHuge { reply, .. } => {
                Some(reply.status)
            }
            Self::Late { now: LateAnswer::GatewayTimeout, .. } => Some(StatusCode::GATEWAY_TIMEOUT),
            Self::Late { .. } | Self::Reset | Self::Hold => None,
        }
    }

    pub(crate) fn of(
        fault: Option<&Fault>,
        now: ServiceTime,
        perform: impl FnOnce() -> Reply,
    ) -> Self {
        let Some(fault) = fault else { return Self::Send(perform()) };
        let done = (fault.effect() == Effect::Applied).then(perform);
        let session = done.as_ref().and_then(|reply| reply.session);
        let about = |reply: Reply| Self::Send(Reply { session, ..reply });
        let truth = || done.clone().unwrap_or_else(|| Reply::empty(StatusCode::OK));
        match fault {
            Fault::Status { status, body, content_type, headers, .. } => {
                about(scripted(*status, body.as_ref(), content_type.as_deref(), headers))
            }
            Fault::RateLimited { retry_after, as_date, .. } => {
                about(rate_limited(*retry_after, *as_date, now))
            }
            Fault::HtmlError { status, .. } => about(html_error(status_code(*status))),
            Fault::Unauthorized { .. } => about(Reply::unauthorized()),
            Fault::NotFound { .. } => about(Reply::not_found("Session not found")),
            Fault::Redirect { to, status, .. } => about(Reply::redirect(status_code(*status), to)),
            Fault::Hold { .. } => Self::Hold,
            Fault::ResetBeforeEffect {} | Fault::ResetAfterEffect {} => Self::Reset,
            Fault::LateEffect { ms, answer } => {
                Self::Late { now: *answer, effect_in: Duration::from_millis(*ms) }
            }
            Fault::ResetMidBody {} => Self::SendHalf(truth(), Cut::Reset),
            Fault::TruncatedBody {} => Self::SendHalf(truth(), Cut::Close),
            Fault::MalformedBody {} => Self::Send(with_body(truth(), |body| {
                body.truncate(body.len() / 2);
            })),
            Fault::InvalidUtf8Body {} => Self::Send(with_body(truth(), spoil_a_string)),
            Fault::EmptyBody {} => Self::Send(with_body(truth(), Vec::clear)),
            Fault::HugeBody { bytes, chunked, gzip } => huge(truth(), *bytes, *chunked, *gzip),
            Fault::DeeplyNestedBody { depth } => {
                Self::Send(with_body(truth(), |body| *body = nested(*depth)))
            }
            // These change the circumstances, not the answer.
            Fault::Latency { .. }
            | Fault::AnsweredElsewhere { .. }
            | Fault::UnknownStatus { .. }
            | Fault::StaleRead { .. } => Self::Send(truth()),
        }
    }
}

pub(crate) fn gateway_timeout() -> Reply {
    html_error(StatusCode::GATEWAY_TIMEOUT)
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn scripted(
    status: u16,
    body: Option<&Value>,
    content_type: Option<&str>,
    headers: &BTreeMap<String, String>,
) -> Reply {
    let status = status_code(status);
    let mut reply = match body {
        None => Reply::detail(status, "Simulated fault"),
        Some(Value::String(text)) => Reply::json(status, Bytes::from(text.clone())),
        Some(value) => Reply::json(status, Bytes::from(value.to_string())),
    };
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        reply = Reply::empty(status);
    }
    if let Some(content_type) = content_type {
        reply = reply.with(CONTENT_TYPE, content_type);
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            reply.headers.insert(name, value);
        }
    }
    reply
}

fn rate_limited(seconds: u64, as_date: bool, now: ServiceTime) -> Reply {
    let reply = Reply::detail(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded");
    if !as_date {
        return reply.with(RETRY_AFTER, &seconds.to_string());
    }
    // The answer's own date is the same moment's: in a sped-up service the next one is far away.
    let then = now.after(Duration::from_secs(seconds));
    reply
        .with(DATE, &httpdate::fmt_http_date(now.system_time()))
        .with(RETRY_AFTER, &httpdate::fmt_http_date(then.system_time()))
}

fn html_error(status: StatusCode) -> Reply {
    let page = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n\
         <center><h1>{status}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    Reply { status, headers, body: Bytes::from(page), session: None }
}

fn with_body(reply: Reply, change: impl FnOnce(&mut Vec<u8>)) -> Reply {
    let mut body = reply.body.to_vec();
    change(&mut body);
    Reply { body: Bytes::from(body), ..reply }
}

/// A lone continuation byte behind the first quotation mark.
fn spoil_a_string(body: &mut Vec<u8>) {
    let at = body.iter().position(|byte| *byte == b'"').map_or(body.len(), |quote| quote + 1);
    body.insert(at, 0xbf);
}

fn nested(depth: usize) -> Vec<u8> {
    let mut body = Vec::from(b"{\"inputs\": ");
    body.extend(std::iter::repeat_n(b'[', depth));
    body.extend(std::iter::repeat_n(b']', depth));
    body.push(b'}');
    body
}

fn huge(reply: Reply, bytes: u64, chunked: bool, gzip: bool) -> Fate {
    if !gzip {
        return Fate::SendHuge { reply, bytes, chunked };
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let pieces = std::iter::once(Bytes::from_static(HUGE_HEAD))
        .chain(filler(bytes))
        .chain(std::iter::once(Bytes::from_static(HUGE_TAIL)));
    for piece in pieces {
        // Writing into memory does not fail.
        let _ = encoder.write_all(&piece);
    }
    let body = Bytes::from(encoder.finish().unwrap_or_default());
    Fate::Send(Reply { body, ..reply }.with(CONTENT_ENCODING, "gzip"))
}
