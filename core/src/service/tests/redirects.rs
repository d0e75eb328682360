//! Redirects: one, and never with the key to anybody else.

use crate::error::LiveFlowError;

use super::*;

fn redirect(status: u16, location: &str) -> Vec<u8> {
    answer(&format!("{status} Moved"), &format!("location: {location}\r\n"), b"elsewhere")
}

#[tokio::test]
async fn a_missing_slash_is_mended_by_following_once_with_the_same_body() {
    for status in [307, 308] {
        let answers = vec![redirect(status, "/right/"), ok(&session_json(SESSION))];
        let server = Server::answering(answers).await;
        let attempt = attempt();
        assert!(put_in(&service(&server.base), &attempt).await.unwrap().is_some());
        assert!(attempt.left.has_left());
        let text = server.text();
        assert!(text.contains("POST /right/ HTTP/1.1\r\n"), "{text}");
        assert_eq!(text.matches(r#"{"user_input":"the answer"}"#).count(), 2, "{text}");
        assert_eq!(text.matches("api-key: marked-key").count(), 2, "{text}");
        assert_eq!(text.matches("idempotency-key: the-idempotency").count(), 2, "{text}");
    }
}

#[tokio::test]
async fn a_read_follows_every_kind_of_redirect_on_the_same_origin() {
    for status in [301, 302, 303, 307, 308] {
        let answers = vec![redirect(status, "/right/?a=1"), ok(&session_json(SESSION))];
        let server = Server::answering(answers).await;
        get(&service(&server.base)).await.unwrap();
        assert!(server.text().contains("GET /right/?a=1 HTTP/1.1\r\n"));
    }
}

#[tokio::test]
async fn nothing_at_all_is_sent_to_another_origin() {
    let other = Server::answering(vec![ok(&session_json(SESSION))]).await;
    let other_port = other.base.rsplit(':').next().unwrap().to_owned();
    for (status, location) in [
        (301, format!("{}/?key=x", other.base)),
        (302, other.base.clone()),
        (303, other.base.clone()),
        (307, other.base.clone()),
        (308, format!("//127.0.0.1:{other_port}/")),
        (307, format!("http://localhost:{other_port}/")),
    ] {
        let server = Server::answering(vec![redirect(status, &location)]).await;
        let service = service(&server.base);
        let attempt = attempt();
        let read = failed_get(&service).await;
        let write = put_in(&service, &attempt).await.unwrap_err();
        for failure in [read, write] {
            assert_eq!(failure.kind, FailureKind::Status(status));
            let reason = failure.error.to_string();
            assert!(reason.contains("refused") && !reason.contains("key=x"), "{reason}");
            let LiveFlowError::Configuration { setting, .. } = failure.error else { panic!() };
            assert_eq!(setting.as_deref(), Some("base_url"));
        }
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(other.connections(), 0);
    assert_eq!(other.text(), "");
}

#[tokio::test]
async fn a_redirect_to_https_on_the_same_host_is_another_origin() {
    let server = Server::start(|mut connection| async move {
        let host = connection.stream.local_addr().unwrap();
        connection.request().await;
        connection.send(&redirect(308, &format!("https://{host}/"))).await;
    })
    .await;
    let failure = failed_get(&service(&server.base)).await;
    assert_eq!(failure.kind, FailureKind::Status(308));
    assert!(failure.error.to_string().contains("https included"), "{}", failure.error);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_second_redirect_is_not_followed() {
    let server = Server::answering(vec![redirect(307, "/round/")]).await;
    let failure = put_in(&service(&server.base), &attempt()).await.unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::Status(307), "Configuration"));
    assert!(!failure.is_outcome_unknown(), "307 promises that nothing was done");
    assert_eq!(server.text().matches("HTTP/1.1\r\n").count(), 2);
}

#[tokio::test]
async fn a_write_is_not_turned_into_a_read() {
    for status in [301, 302, 303] {
        let server = Server::answering(vec![redirect(status, "/elsewhere/")]).await;
        let failure = put_in(&service(&server.base), &attempt()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Status(status));
        assert!(failure.is_outcome_unknown());
        assert_eq!(server.text().matches("HTTP/1.1\r\n").count(), 1);
    }
}

#[tokio::test]
async fn a_redirected_write_that_cannot_be_sent_again_never_left() {
    // The first connection says where to go and closes, and with it goes the listener.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let received = Arc::new(Mutex::new(vec![Vec::new()]));
        let mut connection = Connection { stream, number: 0, received, pending: Vec::new() };
        connection.request().await;
        let closing = "location: /right/\r\nconnection: close\r\n";
        connection.send(&answer("307 There", closing, b"")).await;
    });
    let attempt = attempt();
    let failure = put_in(&service(&base), &attempt).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeverLeft);
    assert!(!attempt.left.has_left());
}
