//! Writes: whether a byte has left decides whether they may be sent again.

use std::sync::Arc;

use tokio::sync::Notify;

use super::*;

#[tokio::test]
async fn an_answer_goes_out_with_a_length_and_everything_the_service_needs() {
    let server = Server::answering(vec![ok(&session_json(SESSION))]).await;
    let service = service_with(&format!("{}/api/", server.base), |config| {
        config.organisation_id = Some("org-1".to_owned());
        config.user_agent_suffix = Some("shop/1.2".to_owned());
    });
    let shown = put_in(&service, &attempt()).await.unwrap().unwrap();
    assert_eq!(shown.id, session_id());
    let request = server.text();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let line = format!("POST /api/live_flows/{FLOW}/sessions/{SESSION}/user_input/ HTTP/1.1\r\n");
    assert!(head.starts_with(&line), "{head}");
    assert_eq!(body, r#"{"user_input":"the answer"}"#);
    let head = head.to_lowercase();
    for header in [
        "api-key: marked-key",
        "current-org-id: org-1",
        "accept: application/json",
        "accept-encoding: gzip",
        "content-type: application/json",
        "content-length: 27",
        "idempotency-key: the-idempotency",
        "user-agent: truestate-liveflow/",
    ] {
        assert!(head.contains(&format!("\r\n{header}")), "{header} is missing in {head}");
    }
    assert!(head.contains(" shop/1.2"), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
}

#[tokio::test]
async fn cancelling_sends_an_empty_body_with_its_length() {
    let server = Server::answering(vec![ok(&session_json(SESSION))]).await;
    let service = service(&server.base);
    let attempt = attempt();
    assert!(service.cancel_session(&flow(), &session_id(), &attempt).await.unwrap().is_some());
    assert!(attempt.left.has_left());
    let head = server.text().to_lowercase();
    assert!(head.starts_with(&format!("post /live_flows/{FLOW}/sessions/{SESSION}/cancel/ ")));
    assert_eq!(head.matches("content-length: 0\r\n").count(), 1, "{head}");
    assert!(!head.contains("content-type"), "{head}");
}

#[tokio::test]
async fn without_a_listener_nothing_left() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let attempt = attempt();
    let failure = put_in(&service(&format!("http://{free}")), &attempt).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::NeverLeft, "Network"));
    assert!(failure.error.is_retryable());
    assert!(!attempt.left.has_left());
    assert!(failure.error.to_string().contains("refused"), "{}", failure.error);
}

#[tokio::test]
async fn a_server_that_never_answers_leaves_the_outcome_unknown() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        connection.request().await;
    })
    .await;
    let attempt = within(Duration::from_millis(300));
    let failure = put_in(&service(&server.base), &attempt).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::NoStatus, "RequestTimeout"));
    assert!(failure.is_outcome_unknown());
    assert!(attempt.left.has_left());
    assert!(server.text().contains("the answer"));
    let reason = &failure.error.context().reason;
    assert!(reason.contains("may or may not have taken effect"), "{reason}");
    let read = service(&server.base).get_session(&flow(), &session_id(), None, &attempt).await;
    let reason = read.unwrap_err().error.to_string();
    assert!(reason.contains("try again") && !reason.contains("taken effect"), "{reason}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_lets_nothing_leave() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
    })
    .await;
    let attempt = within(Duration::from_millis(300));
    let base = server.base.replace("http:", "https:");
    let failure = put_in(&service(&base), &attempt).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::NeverLeft, "RequestTimeout"));
    assert!(!attempt.left.has_left());
    assert!(!server.text().contains("live_flows"));
}

#[tokio::test]
async fn connecting_has_its_own_shorter_time() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
    })
    .await;
    let service = service_with(&server.base.replace("http:", "https:"), |config| {
        config.timeouts.connect = Duration::from_millis(200);
    });
    let failure = put_in(&service, &attempt()).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::NeverLeft, "RequestTimeout"));
    assert!(failure.error.to_string().contains("timeouts.connect"), "{}", failure.error);
}

#[tokio::test]
async fn without_any_time_nothing_is_begun() {
    let server = Server::answering(vec![ok("{}")]).await;
    let failure = put_in(&service(&server.base), &within(Duration::ZERO)).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::NeverLeft | FailureKind::NoCredentials));
    assert_eq!(server.connections(), 0);
}

/// hyper asks for the body before it flushes the head: refusing it keeps every byte back. If a later
/// hyper did otherwise, this test would see the head arrive.
#[tokio::test]
async fn a_withdrawn_request_sends_no_byte_even_on_an_open_connection() {
    let ended = Arc::new(Notify::new());
    let server = {
        let ended = Arc::clone(&ended);
        Server::start(move |mut connection| {
            let ended = Arc::clone(&ended);
            async move {
                while connection.request().await.is_some() {
                    connection.send(&ok(&session_json(SESSION))).await;
                }
                ended.notify_one();
            }
        })
        .await
    };
    let service = service(&server.base);
    get(&service).await.unwrap();
    let before = server.text();
    let withdrawn = attempt();
    assert!(withdrawn.left.withdraw());
    let failure = put_in(&service, &withdrawn).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeverLeft);
    ended.notified().await;
    assert_eq!(server.text(), before, "the connection was closed without another byte");
    let failure = service.cancel_session(&flow(), &session_id(), &withdrawn).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeverLeft);
    assert_eq!(server.text(), before);
}

#[tokio::test]
async fn whoever_drops_a_write_knows_whether_it_had_left() {
    let arrived = Arc::new(Notify::new());
    let server = {
        let arrived = Arc::clone(&arrived);
        Server::start(move |mut connection| {
            let arrived = Arc::clone(&arrived);
            async move {
                connection.request().await;
                arrived.notify_one();
                connection.request().await;
            }
        })
        .await
    };
    let service = service(&server.base);
    let attempt = attempt();
    tokio::select! {
        outcome = put_in(&service, &attempt) => panic!("nobody answers: {outcome:?}"),
        () = arrived.notified() => {}
    }
    assert!(attempt.left.has_left());
    assert!(!attempt.left.withdraw());
}

#[tokio::test]
async fn a_connection_that_ends_before_the_status_leaves_the_outcome_unknown() {
    for said in ["", "HTT", "HTTP/1.1 200 OK\r\ncontent-le", "SSH-2.0-OpenSSH\r\n"] {
        let server = Server::saying(said).await;
        let failure = put_in(&service(&server.base), &attempt()).await.unwrap_err();
        assert_eq!(
            (failure.kind, &*variant(&failure)),
            (FailureKind::NoStatus, "Network"),
            "{said}"
        );
        assert!(failure.error.is_retryable());
    }
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        connection.reset();
    })
    .await;
    let failure = put_in(&service(&server.base), &attempt()).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::NoStatus, "Network"));
}

#[tokio::test]
async fn after_a_success_status_the_body_does_not_matter() {
    let other = "99999999-2222-3333-4444-555555555555";
    let oversized =
        format!(r#"{{"id":"{SESSION}","status":"RUNNING","x":"{}"}}"#, "x".repeat(5000));
    for said in [
        "HTTP/1.1 204 No Content\r\n\r\n".into(),
        answer("202 Accepted", "", b""),
        answer("200 OK", "content-type: text/html\r\n", b"<html>"),
        answer("200 OK", "content-encoding: br\r\n", b"xxxx"),
        answer("200 OK", "content-encoding: gzip\r\n", b"xxxx"),
        ok("null"),
        ok(r#"{"status":"accepted"}"#),
        ok(&format!(r#"{{"id":"{SESSION}"}}"#)),
        ok(&session_json(other)),
        ok(&oversized),
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\":".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
    ] {
        let server = Server::saying(said.clone()).await;
        let service = service_with(&server.base, |config| config.max_body_bytes = 4000);
        let said = String::from_utf8_lossy(&said);
        assert_eq!(put_in(&service, &attempt()).await, Ok(None), "{said:.80}");
        let cancelled = service.cancel_session(&flow(), &session_id(), &attempt()).await;
        assert_eq!(cancelled, Ok(None), "{said:.80}");
    }
}

#[tokio::test]
async fn a_success_whose_body_never_ends_is_a_success() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":").await;
        connection.request().await;
    })
    .await;
    let attempt = within(Duration::from_millis(300));
    assert_eq!(put_in(&service(&server.base), &attempt).await, Ok(None));
}

#[tokio::test]
async fn creating_shows_the_new_session_or_nothing() {
    let inputs = Json::parse(r#"{"company":"ACME"}"#).unwrap();
    let receipt = format!(r#"{{"id":"{SESSION}"}}"#);
    for (said, expected) in [
        (answer("201 Created", "", session_json(SESSION).as_bytes()), Some(session_id())),
        (ok(&receipt), Some(session_id())),
        (answer("201 Created", "", b""), None),
        (ok("{}"), None),
    ] {
        let server = Server::answering(vec![said]).await;
        let service = service(&server.base);
        let created = service.create_session(&flow(), &inputs, "key-1", &attempt()).await.unwrap();
        assert_eq!(created.map(|session| session.id), expected);
        let request = server.text();
        assert!(request.ends_with(r#"{"inputs":{"company":"ACME"}}"#), "{request}");
        assert!(request.contains("idempotency-key: key-1\r\n"), "{request}");
    }
}
