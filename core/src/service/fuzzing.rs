//! The fuzzers' targets for what a service, or something on the way to it, says about a failure.
#![allow(clippy::missing_panics_doc, reason = "what does not hold is to panic")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arbitrary::Unstructured;
use http::header::{CONTENT_TYPE, DATE, ETAG, HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::config::Endpoints;
use crate::error::LiveFlowError;
use crate::failure::FailureKind;
use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;

use super::detail::Hidden;
use super::exchange::{Ask, with_marks};
use super::failure::Told;
use super::redirect;
use super::retry_after::{date, retry_after};
use super::routes::{Route, Routes};

/// What must never be shown. With characters that JSON may write in several ways.
const KEY: &str = r#"mark/ed"7f3a"#;

const BASE: &str = "https://api.example/v1";
const FLOW: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
const SESSION: &str = "11111111-2222-3333-4444-555555555555";

/// What an answer with an error becomes. The first bytes are the status, the call and some headers;
/// what follows is the body, in which byte 1 stands for the key and byte 2 for the key in JSON.
pub fn errors(data: &[u8]) {
    let mut data = Unstructured::new(data);
    let Ok((code, call, kind, headers)) = data.arbitrary::<(u16, u8, u8, [u8; 8])>() else {
        return;
    };
    let Ok(status) = StatusCode::from_u16(100 + code % 900) else { return };
    let mut given = HeaderMap::new();
    if kind & 1 == 1 {
        given.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    }
    let own = with_key(&headers);
    insert(&mut given, HeaderName::from_static("x-request-id"), &own);
    insert(&mut given, RETRY_AFTER, &headers);
    let body = with_key(data.take_rest());

    let mut hidden = Hidden::default();
    hidden.add(KEY);
    let route = route(call);
    let told = Told { route: &route, has_provider: kind & 2 == 2, hidden: &hidden, body_limit: 9 };
    let failure = told.refused(status, &given, &body);
    check(&failure.error, status.as_u16());
    if status.as_u16() >= 200 {
        assert_eq!(failure.kind, FailureKind::Status(status.as_u16()));
    }
    // A success whose body is not what it should be.
    let why = String::from_utf8_lossy(&body);
    check(&told.not_as_described(200, &why, kind & 1 == 1).error, 200);
}

/// A body in which the key is repeated.
fn with_key(body: &[u8]) -> Vec<u8> {
    let escaped = r#"m\u0061rk\/ed\"7f3a"#;
    let mut given = Vec::with_capacity(body.len());
    for byte in body {
        match byte {
            1 => given.extend_from_slice(KEY.as_bytes()),
            2 => given.extend_from_slice(escaped.as_bytes()),
            byte => given.push(*byte),
        }
    }
    given
}

fn check(error: &LiveFlowError, status: u16) {
    let context = error.context();
    assert_eq!(context.http_status, Some(status));
    let mut shown = vec![&context.reason];
    shown.extend(&context.detail);
    shown.extend(&context.request_id);
    if let LiveFlowError::InvalidRequest { field_errors, .. } = error {
        assert!(field_errors.len() <= 50);
        for field in field_errors {
            shown.extend([&field.location, &field.problem]);
            shown.extend(&field.kind);
        }
    }
    for text in shown {
        assert!(text.chars().count() <= 1000, "longer than a person reads: {text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
        let plain = text.replace(r"\u0061", "a").replace('\\', "");
        assert!(!plain.contains(KEY), "the key is shown: {text}");
    }
}

fn route(call: u8) -> Route {
    let routes = Routes::new(BASE, Endpoints::default()).expect("an address");
    let (flow, session) = (LiveFlowId::parse(FLOW), SessionId::parse(SESSION));
    let (flow, session) = (flow.expect("a UUID"), session.expect("a UUID"));
    match call % 5 {
        0 => routes.get_session(&flow, &session),
        1 => routes.create_session(&flow, &Json::null()),
        2 => routes.add_user_input(&flow, &session, &Json::null()),
        3 => routes.cancel_session(&flow, &session),
        _ => routes.get_sessions(&flow, 0),
    }
}

/// What the headers of an answer make us do. The first bytes are the time; a line for each of
/// `Retry-After`, `Date`, `ETag` and `Location` follows.
pub fn headers(data: &[u8]) {
    let Some((now, text)) = data.split_at_checked(4) else { return };
    let now = now.try_into().map_or(0, u32::from_le_bytes);
    let now = UNIX_EPOCH + Duration::from_secs(u64::from(now));
    let mut given = HeaderMap::new();
    let names = [RETRY_AFTER, DATE, ETAG, LOCATION];
    for (name, line) in names.into_iter().zip(text.split(|byte| *byte == b'\n')) {
        insert(&mut given, name, line);
    }
    check_wait(&given, now);
    let etag = super::etag_of(&given);
    let ask = Ask { route: route(0), idempotency_key: None, etag: etag.as_deref() };
    let sent = with_marks(HeaderMap::new(), &ask);
    assert_eq!(sent.get("if-none-match"), etag.and(given.get(ETAG)), "it is sent as it came");
    check_redirect(&given);
}

fn check_wait(headers: &HeaderMap, now: SystemTime) {
    let wait = retry_after(headers, now);
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    assert!(wait.is_none_or(|wait| wait <= year), "{wait:?}");
    let Some(text) = headers.get(RETRY_AFTER).and_then(|text| text.to_str().ok()) else {
        assert_eq!(wait, None);
        return;
    };
    if let Ok(seconds) = text.trim().parse::<u32>()
        && !text.trim().starts_with('+')
    {
        assert_eq!(wait, Some(Duration::from_secs(seconds.into()).min(year)), "{text}");
    }
    if let Ok(until) = httpdate::parse_http_date(text.trim()) {
        let since = date(headers).unwrap_or(now);
        assert_eq!(wait, Some(until.duration_since(since).unwrap_or_default().min(year)), "{text}");
    }
}

/// Whatever a redirect says, the key goes to the origin that was asked and to no other.
fn check_redirect(headers: &HeaderMap) {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    for (call, status) in [(0, StatusCode::FOUND), (2, StatusCode::TEMPORARY_REDIRECT)] {
        let route = route(call);
        let next = redirect::target(&route.url, call == 0, status, location);
        if let Some(Ok(next)) = next {
            assert_eq!(next.origin(), route.url.origin());
            assert_eq!((next.username(), next.password(), next.fragment()), ("", None, None));
            let again = next.as_str().strip_prefix("https://api.example/");
            assert!(again.is_some(), "{next}");
        }
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(name, value);
    }
}

/// The path under which a session is read.
pub(crate) fn path_of_a_read(flow: &LiveFlowId, session: &SessionId) -> String {
    let routes = Routes::new(BASE, Endpoints::default()).expect("an address");
    routes.get_session(flow, session).url.path().to_owned()
}
