//! The control requests, under `/_simulator/`.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::is_speed;
use crate::connection::{Connection, Cut};
use crate::control::{ControlError, Controls, Outage};
use crate::faults::parse_rules;
use crate::file::{self, InvalidFile};

pub(crate) fn control_router(controls: Controls) -> Router {
    Router::new()
        .route("/_simulator/health", get(health))
        .route("/_simulator/journal", get(journal).delete(clear_journal))
        .route("/_simulator/flows/{id}", put(upload_flow))
        .route("/_simulator/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/_simulator/settings", get(settings).put(change_settings))
        .route("/_simulator/sessions/{id}/answer", post(answer))
        .route("/_simulator/sessions/{id}/advance", post(advance))
        .route("/_simulator/clock", get(clock).put(set_clock))
        .route("/_simulator/drop_connections", post(drop_connections))
        .route("/_simulator/listening", put(set_listening))
        .route("/_simulator/reset", post(reset))
        .route("/_simulator/{*unknown}", delete(unknown).fallback(unknown))
        .with_state(controls)
        .layer(from_fn(loopback_only))
}

/// Whoever controls the simulator can read what was sent to it.
async fn loopback_only(
    Extension(connection): Extension<Arc<Connection>>,
    request: Request,
    next: Next,
) -> Response {
    if may_control(connection.peer.ip()) {
        next.run(request).await
    } else {
        Problem::new(StatusCode::FORBIDDEN, "only from the loopback interface").into_response()
    }
}

fn may_control(peer: IpAddr) -> bool {
    // A socket for IPv6 shows an IPv4 peer as ::ffff:127.0.0.1.
    peer.to_canonical().is_loopback()
}

struct Problem(StatusCode, Value);

impl Problem {
    fn new(status: StatusCode, detail: &(impl ToString + ?Sized)) -> Self {
        Self(status, json!({ "detail": detail.to_string() }))
    }

    fn bad_request(detail: &(impl ToString + ?Sized)) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, axum::Json(self.1)).into_response()
    }
}

impl From<InvalidFile> for Problem {
    fn from(error: InvalidFile) -> Self {
        let InvalidFile { line, column, message, .. } = error;
        let body = json!({ "detail": message, "line": line, "column": column });
        Self(StatusCode::BAD_REQUEST, body)
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let status = match error {
            ControlError::UnknownSession(_) => StatusCode::NOT_FOUND,
            ControlError::NotAccepted => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, &error)
    }
}

type Answered<T = axum::Json<Value>> = Result<T, Problem>;

fn read<T: DeserializeOwned>(body: &Bytes) -> Answered<T> {
    Ok(file::parse(text(body)?)?)
}

fn text(body: &Bytes) -> Answered<&str> {
    std::str::from_utf8(body).map_err(|error| Problem::bad_request(&error))
}

/// For requests whose body may be left out.
fn read_or_default<T: DeserializeOwned + Default>(body: &Bytes) -> Answered<T> {
    if body.is_empty() { Ok(T::default()) } else { read(body) }
}

fn id(text: &str) -> Answered<Uuid> {
    super::uuid(text).ok_or_else(|| Problem::bad_request(&format!("{text:?} is not a UUID")))
}

fn written(body: Bytes) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

async fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such control request")
}

async fn health(State(controls): State<Controls>) -> axum::Json<Value> {
    let service = &controls.service;
    axum::Json(json!({
        "status": "ok",
        "uptime_ms": service.uptime().as_secs_f64() * 1000.0,
        "sessions": service.sessions.count(),
        "connections": service.connections.count(),
        "accepting": service.accepting.load(Ordering::SeqCst),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    session: Option<Uuid>,
    #[serde(default)]
    after: u64,
}

async fn journal(
    State(controls): State<Controls>,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Answered<Response> {
    let Query(wanted) = wanted.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let journal = controls.service.look(wanted.session, wanted.after);
    Ok(axum::Json(journal).into_response())
}

async fn clear_journal(State(controls): State<Controls>) -> StatusCode {
    controls.service.journal.clear();
    StatusCode::NO_CONTENT
}

async fn upload_flow(
    State(controls): State<Controls>,
    Path(path): Path<String>,
    body: Bytes,
) -> Answered {
    let id = id(&path)?;
    let name = controls.service.upload_flow(id, text(&body)?)?;
    Ok(axum::Json(json!({ "id": id, "name": name })))
}

async fn faults(State(controls): State<Controls>) -> Response {
    axum::Json(controls.service.fault_rules()).into_response()
}

async fn add_faults(State(controls): State<Controls>, body: Bytes) -> Answered {
    let rules = parse_rules(text(&body)?)?;
    let added = rules.len();
    let rules = controls.service.add_faults(rules);
    Ok(axum::Json(json!({ "added": added, "rules": rules })))
}

async fn clear_faults(State(controls): State<Controls>) -> StatusCode {
    controls.service.clear_faults();
    StatusCode::NO_CONTENT
}

async fn settings(State(controls): State<Controls>) -> Response {
    axum::Json(&controls.service.active().settings).into_response()
}

async fn change_settings(State(controls): State<Controls>, body: Bytes) -> Answered<Response> {
    let changed = controls.service.active().settings.merged_with_text(text(&body)?)?;
    controls.service.set_settings(changed.clone()).map_err(|error| Problem::bad_request(&error))?;
    Ok(axum::Json(changed).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    answer: Value,
}

async fn answer(
    State(controls): State<Controls>,
    Path(session): Path<String>,
    body: Bytes,
) -> Answered<Response> {
    let AnswerBody { answer } = read(&body)?;
    Ok(written(controls.service.answer_elsewhere(id(&session)?, &answer)?))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceBody {
    fail: Option<String>,
}

async fn advance(
    State(controls): State<Controls>,
    Path(session): Path<String>,
    body: Bytes,
) -> Answered<Response> {
    let AdvanceBody { fail } = read_or_default(&body)?;
    Ok(written(controls.service.advance(id(&session)?, fail.as_deref())?))
}

async fn clock(State(controls): State<Controls>) -> axum::Json<Value> {
    let clock = &controls.service.clock;
    axum::Json(json!({ "now": clock.now(), "speed": clock.speed() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    speed: Option<f64>,
    advance_ms: Option<u64>,
}

async fn set_clock(State(controls): State<Controls>, body: Bytes) -> Answered {
    let ClockBody { speed, advance_ms } = read(&body)?;
    if speed.is_some_and(|speed| !is_speed(speed)) {
        return Err(Problem::bad_request("`speed` is greater than 0 and at most 1000000"));
    }
    if let Some(speed) = speed {
        controls.service.clock.set_speed(speed);
    }
    controls.service.clock.advance(Duration::from_millis(advance_ms.unwrap_or(0)));
    Ok(clock(State(controls)).await)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DropBody {
    #[serde(default)]
    how: Cut,
}

async fn drop_connections(
    State(controls): State<Controls>,
    Extension(connection): Extension<Arc<Connection>>,
    body: Bytes,
) -> Answered {
    let DropBody { how } = read_or_default(&body)?;
    let dropped = controls.service.connections.cut_all(Some(&connection), how);
    Ok(axum::Json(json!({ "dropped": dropped })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListeningBody {
    accept: bool,
    #[serde(default)]
    how: Outage,
    for_ms: Option<u64>,
}

async fn set_listening(
    State(controls): State<Controls>,
    Extension(connection): Extension<Arc<Connection>>,
    body: Bytes,
) -> Answered {
    let ListeningBody { accept, how, for_ms } = read(&body)?;
    let turned = if accept {
        controls.end_outage().await
    } else {
        let lasts = for_ms.map(Duration::from_millis);
        controls.begin_outage(how, Some(&connection), lasts).await
    };
    turned.map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &error))?;
    Ok(axum::Json(json!({ "accepting": accept })))
}

async fn reset(State(controls): State<Controls>) -> Answered<StatusCode> {
    let failed =
        |error: &dyn std::error::Error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error);
    controls.service.reset().map_err(|error| failed(&error))?;
    controls.end_outage().await.map_err(|error| failed(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_control() {
        for (peer, may) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.168.1.7", false),
            ("::ffff:192.168.1.7", false),
            ("fe80::1", false),
        ] {
            assert_eq!(may_control(peer.parse().unwrap()), may, "{peer}");
        }
    }
}
