//! Statuses that are no successes, as they come over the wire, and what is never told.

use std::fmt::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

use crate::error::LiveFlowError;

use super::*;

#[tokio::test]
async fn fastapi_errors_keep_their_words_their_members_and_the_request_id() {
    let body = r#"{"detail":[{"loc":["body","inputs","company"],"msg":"Field required","type":"missing"}]}"#;
    let headers = "content-type: application/json\r\nx-request-id: req-42\r\n";
    let server = Server::saying(answer("422 Unprocessable Entity", headers, body.as_bytes())).await;
    let inputs = Json::parse("{}").unwrap();
    let failure = service(&server.base)
        .create_session(&flow(), &inputs, "key-1", &attempt())
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Status(422));
    let LiveFlowError::InvalidRequest { context, field_errors, .. } = failure.error else {
        panic!()
    };
    assert_eq!(context.request_id.as_deref(), Some("req-42"));
    assert_eq!(context.http_status, Some(422));
    assert_eq!(field_errors.len(), 1);
    assert_eq!(field_errors[0].location, "body.inputs.company");
    assert_eq!(field_errors[0].kind.as_deref(), Some("missing"));
}

#[tokio::test]
async fn the_words_are_read_through_gzip_and_a_page_is_only_named() {
    let words = gzip(br#"{"detail":"No such session"}"#);
    let server = Server::answering(vec![
        answer("404 Not Found", "content-encoding: gzip\r\n", &words),
        answer("502 Bad Gateway", "content-type: text/html\r\n", b"<html>nginx"),
    ])
    .await;
    let service = service(&server.base);
    let failure = failed_get(&service).await;
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::Status(404), "NotFound"));
    assert_eq!(failure.error.context().detail.as_deref(), Some("No such session"));
    let failure = failed_get(&service).await;
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::Status(502), "Server"));
    assert_eq!(failure.error.context().detail.as_deref(), Some("an HTML page"));
}

#[tokio::test]
async fn after_an_error_status_the_body_does_not_matter() {
    for said in [
        "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 500\r\n\r\n{\"detail\":",
        "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx",
        "HTTP/1.1 503 Busy\r\nretry-after: 7\r\n\r\n",
    ] {
        let server = Server::saying(said).await;
        let failure = put_in(&service(&server.base), &attempt()).await.unwrap_err();
        assert_eq!(
            (failure.kind, &*variant(&failure)),
            (FailureKind::Status(503), "Server"),
            "{said}"
        );
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    }
}

#[tokio::test]
async fn the_words_of_a_long_error_body_are_found() {
    let body = format!(r#"{{"trace":"{}","detail":"no such input"}}"#, "x".repeat(20_000));
    let server = Server::saying(answer("400 Bad", "", body.as_bytes())).await;
    let failure = failed_get(&service(&server.base)).await;
    assert_eq!(failure.error.context().detail.as_deref(), Some("no such input"));
}

#[tokio::test]
async fn an_error_body_without_end_costs_neither_memory_nor_the_whole_time() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        connection.send(b"HTTP/1.1 500 Oops\r\n\r\n").await;
        let more = vec![b'x'; 1 << 16];
        while connection.stream.write_all(&more).await.is_ok() {}
    })
    .await;
    let started = std::time::Instant::now();
    let failure = failed_get(&service(&server.base)).await;
    assert_eq!(failure.kind, FailureKind::Status(500));
    assert!(failure.error.context().detail.as_ref().unwrap().chars().count() <= 501);
    assert!(started.elapsed() < Duration::from_secs(4));
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        connection.send(b"HTTP/1.1 500 Oops\r\ncontent-length: 9\r\n\r\nx").await;
        connection.request().await;
    })
    .await;
    let failure = service(&server.base)
        .get_session(&flow(), &session_id(), None, &within(Duration::from_millis(300)))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Status(500));
    assert_eq!(failure.error.context().detail.as_deref(), Some("x"));
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_not_passed_on() {
    let body = r#"{"detail":"unknown key marked-key"}"#;
    let headers = "x-request-id: marked-key\r\nlocation: http://x.example/?marked-key\r\n";
    for status in ["401 Unauthorized", "403 Forbidden", "409 Conflict", "500 Oops", "307 There"] {
        let server = Server::saying(answer(status, headers, body.as_bytes())).await;
        let failure = put_in(&service(&server.base), &attempt()).await.unwrap_err();
        assert!(!format!("{failure:?}").contains("marked"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_provider_that_never_answers_is_told_from_a_service_that_never_answers() {
    struct Never;
    impl crate::config::CredentialsProvider for Never {
        fn headers(
            &self,
            _: crate::config::CredentialsRequest,
        ) -> crate::config::HostFuture<Vec<(String, String)>> {
            Box::pin(std::future::pending())
        }
    }
    let server = Server::answering(vec![ok("{}")]).await;
    let service = service_with(&server.base, |config| config.credentials = Some(Arc::new(Never)));
    let attempt = within(Duration::from_millis(200));
    let failure = put_in(&service, &attempt).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::NoCredentials, "HandlerFailed"));
    assert_eq!(server.connections(), 0);
}

/// Writes every event and every field of it into one text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0.lock().unwrap(), " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        write!(self.0.lock().unwrap(), "\n{}:", event.metadata().target()).unwrap();
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn the_log_tells_of_each_request_and_never_of_keys_or_bodies() {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let server = Server::answering(vec![
        ok(&session_json(SESSION)),
        answer("401 Unauthorized", "", br#"{"detail":"secret words"}"#),
    ])
    .await;
    let service = service(&server.base);
    put_in(&service, &attempt()).await.unwrap();
    put_in(&service, &attempt()).await.unwrap_err();
    drop(guard);
    let log = log.0.lock().unwrap().clone();
    let own: Vec<&str> =
        log.lines().filter(|line| line.starts_with("liveflow::service:")).collect();
    assert_eq!(own.len(), 2, "{log}");
    for part in ["add user input", "method=POST", SESSION, "status=200", "ms="] {
        assert!(own[0].contains(part), "{part} is missing in {}", own[0]);
    }
    assert!(own[1].contains("Status(401)"), "{}", own[1]);
    for secret in [KEY, "the answer", "secret words", "the-idempotency"] {
        assert!(!log.contains(secret), "{secret} stands in {log}");
    }
}
