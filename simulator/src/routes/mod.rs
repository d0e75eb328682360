//! From a request to its answer: which call it is, which faults strike, and how it ends.

pub(crate) mod body;
mod calls;
mod checks;
pub(crate) mod control;
mod fate;
pub(crate) mod flow_body;
pub(crate) mod reply;
pub(crate) mod table;
mod visit;

pub(crate) use checks::uuid;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{CONTENT_LENGTH, DATE, HeaderName, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;
use axum::{Router, body::to_bytes};
use bytes::Bytes;

use self::body::Streamed;
use self::calls::Asked;
use self::fate::Fate;
use self::reply::Reply;
use self::table::Route;
use self::visit::Visit;
use crate::connection::{Connection, Cut};
use crate::faults::{LateAnswer, Plan};
use crate::journal::By;
use crate::json::Json;
use crate::service::Service;
use crate::session::Answer;

/// More than any sensible request; a service without a limit could be filled up.
const MOST_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The whole service: the calls, the description, and the control requests.
pub(crate) fn router(service: &Arc<Service>, control: Router) -> Router {
    Router::new()
        .route("/openapi.json", get(describe))
        .fallback(answer)
        .with_state(Arc::clone(service))
        .merge(control)
}

async fn describe(State(service): State<Arc<Service>>) -> Response {
    let description = crate::openapi::describe(&service.active().settings);
    let reply = Reply::json(StatusCode::OK, Bytes::from(description));
    sent(&service, reply)
}

async fn answer(
    State(service): State<Arc<Service>>,
    Extension(connection): Extension<Arc<Connection>>,
    request: Request,
) -> Response {
    if !service.accepting.load(std::sync::atomic::Ordering::SeqCst) {
        return end(&connection, Cut::Reset).await;
    }
    let (head, body) = request.into_parts();
    let active = service.active();
    let route = active.routes.find(&head.method, head.uri.path());
    let mut visit = Visit::begin(&service, &connection, &head, &route);
    let Ok(body) = to_bytes(body, MOST_BODY_BYTES).await else {
        let reply = Reply::detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large");
        visit.status(reply.status);
        return sent(&service, reply);
    };
    visit.body(&body);
    let reply = match route {
        Route::Call { call, flow, session } => {
            let id = |text: &Option<String>| text.as_deref().and_then(uuid);
            let plan = service.plan(call, id(&flow), id(&session));
            visit.faults(&plan.names);
            let (headers, uri) = (head.headers, head.uri);
            let asked = Asked { call, flow, session, uri, headers, body };
            return carry_out(&service, &connection, asked, plan, visit).await;
        }
        Route::OtherMethods(methods) => Reply::other_methods(&methods),
        Route::Redirect(path) => {
            let to = redirect_target(&head.headers, &head.uri, &path);
            Reply::redirect(StatusCode::TEMPORARY_REDIRECT, &to)
        }
        Route::Unknown => Reply::not_found("Not Found"),
    };
    visit.status(reply.status);
    sent(&service, reply)
}

async fn carry_out(
    service: &Arc<Service>,
    connection: &Arc<Connection>,
    asked: Asked,
    plan: Plan,
    mut visit: Visit,
) -> Response {
    let fate = if plan == Plan::default() {
        Fate::Send(service.perform(&asked, &plan.view))
    } else {
        // In a task of its own: the service goes on when the client hangs up.
        let work = process(Arc::clone(service), asked, plan);
        tokio::spawn(work).await.unwrap_or(Fate::Reset)
    };
    if let Some(status) = fate.status() {
        visit.status(status);
    }
    match fate {
        Fate::Send(reply) => {
            visit.session(reply.session);
            drop(visit);
            sent(service, reply)
        }
        Fate::SendHalf(reply, how) => {
            visit.session(reply.session);
            drop(visit);
            let half = Streamed::half(&reply.body, Arc::clone(connection), how);
            sent_with(service, reply, Body::new(half))
        }
        Fate::SendHuge { reply, bytes, chunked } => {
            visit.session(reply.session);
            drop(visit);
            sent_with(service, reply, Body::new(Streamed::huge(bytes, chunked)))
        }
        Fate::Late { now: LateAnswer::GatewayTimeout, .. } => {
            sent(service, fate::gateway_timeout())
        }
        Fate::Late { now: LateAnswer::Reset, .. } | Fate::Reset => {
            drop(visit);
            end(connection, Cut::Reset).await
        }
        // The visit lasts until the client has gone, and this future with it.
        Fate::Hold => std::future::pending().await,
    }
}

async fn process(service: Arc<Service>, asked: Asked, plan: Plan) -> Fate {
    tokio::time::sleep(plan.before_effect).await;
    for (session, answer) in plan.elsewhere {
        if let Some(entry) = service.sessions.get(session) {
            let time_ms = service.journal.time_ms();
            let input = Json::new(&answer);
            let answer = Answer { input, by: By::Elsewhere, idempotency_key: None, time_ms };
            // When the prompt has closed meanwhile, nobody's answer is lost.
            let _ = entry.lock().answer(service.clock.now(), answer);
        }
    }
    let (now, view) = (service.clock.now(), plan.view);
    let fate = Fate::of(plan.answer.as_ref(), now, || service.perform(&asked, &view));
    if let Fate::Late { effect_in, .. } = fate {
        tokio::spawn(async move {
            tokio::time::sleep(effect_in).await;
            service.perform(&asked, &view);
        });
    }
    tokio::time::sleep(plan.after_effect).await;
    fate
}

/// Cuts the connection; its task ends this future.
async fn end(connection: &Connection, how: Cut) -> Response {
    connection.cut(how);
    std::future::pending().await
}

fn sent(service: &Service, reply: Reply) -> Response {
    let body = Body::from(reply.body.clone());
    sent_with(service, reply, body)
}

fn sent_with(service: &Service, reply: Reply, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    *headers = reply.headers;
    let id = ::uuid::Uuid::new_v4().to_string();
    let date = httpdate::fmt_http_date(service.clock.now().system_time());
    for (name, value) in [(HeaderName::from_static("x-request-id"), id), (DATE, date)] {
        if let Ok(value) = HeaderValue::from_str(&value)
            && !headers.contains_key(&name)
        {
            headers.insert(name, value);
        }
    }
    // Scripted headers do not decide how the body is framed.
    headers.remove(CONTENT_LENGTH);
    response
}

fn redirect_target(headers: &axum::http::HeaderMap, uri: &Uri, path: &str) -> String {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("http://{host}{path}{query}")
}
