//! Reads: what is unchanged is not decoded, what is no session is told from a broken network.

use super::*;

fn known(raw: &str, etag: Option<&str>) -> Known {
    Known { raw: Json::parse(raw).unwrap(), etag: etag.map(ToOwned::to_owned) }
}

async fn read(server: &Server, known: Option<&Known>) -> Result<Reading, Failure> {
    service(&server.base).get_session(&flow(), &session_id(), known, &attempt()).await
}

#[tokio::test]
async fn a_read_shows_the_session_and_its_etag() {
    let said = answer("200 OK", "etag: \"v1\"\r\n", session_json(SESSION).as_bytes());
    let server = Server::answering(vec![said]).await;
    let Ok(Reading::Session { session, etag }) = read(&server, None).await else { panic!() };
    assert_eq!(session.id, session_id());
    assert_eq!(etag.as_deref(), Some("\"v1\""));
    let request = server.text().to_lowercase();
    assert!(request.starts_with(&format!("get /live_flows/{FLOW}/sessions/{SESSION}/ http/1.1")));
    assert!(request.contains("api-key: marked-key\r\n"), "{request}");
    for absent in ["if-none-match", "content-length", "idempotency-key", "cookie", "referer"] {
        assert!(!request.contains(absent), "{request}");
    }
}

#[tokio::test]
async fn an_etag_is_sent_and_304_means_unchanged() {
    let server = Server::answering(vec![b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()]).await;
    let known = known(&session_json(SESSION), Some("\"v1\""));
    assert!(matches!(read(&server, Some(&known)).await, Ok(Reading::Unchanged { .. })));
    assert!(server.text().contains("if-none-match: \"v1\"\r\n"));
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_no_answer() {
    let server = Server::answering(vec![b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()]).await;
    let known = known(&session_json(SESSION), None);
    let failure = read(&server, Some(&known)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Status(304));
    assert_eq!(variant(&failure), "InvalidResponse");
}

#[tokio::test]
async fn the_same_bytes_are_unchanged_and_others_are_not() {
    let body = session_json(SESSION);
    let server = Server::answering(vec![
        ok(&format!(" {body}\n")),
        answer("200 OK", "content-encoding: gzip\r\n", &gzip(body.as_bytes())),
        ok(&body.replace("RUNNING", "FINISHED")),
    ])
    .await;
    let known = known(&body, None);
    assert!(matches!(read(&server, Some(&known)).await, Ok(Reading::Unchanged { .. })));
    assert!(matches!(read(&server, Some(&known)).await, Ok(Reading::Unchanged { .. })));
    assert!(matches!(read(&server, Some(&known)).await, Ok(Reading::Session { .. })));
}

#[tokio::test]
async fn what_begins_like_the_known_body_is_read_whole() {
    let long = session_json(SESSION);
    let short = format!(r#"{{"id":"{SESSION}"}}"#);
    for (known_body, said) in [(&short, &long), (&long, &short)] {
        let server = Server::answering(vec![ok(said)]).await;
        let known = known(known_body, None);
        let Ok(Reading::Session { session, .. }) = read(&server, Some(&known)).await else {
            panic!("{said} is not {known_body}");
        };
        assert_eq!(session.raw_json.as_str(), said);
    }
}

#[tokio::test]
async fn what_is_only_the_beginning_of_the_known_body_is_no_session() {
    let body = session_json(SESSION);
    let known = known(&body, None);
    for said in [&body[..body.len() - 1], ""] {
        let server = Server::answering(vec![ok(said)]).await;
        let failure = read(&server, Some(&known)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unreadable, "{said}");
    }
}

#[tokio::test]
async fn a_session_without_an_id_is_the_one_asked_for_and_another_id_is_not() {
    let other = session_json("99999999-2222-3333-4444-555555555555");
    let server = Server::answering(vec![ok(r#"{"status":"RUNNING"}"#), ok(&other)]).await;
    let Ok(Reading::Session { session, .. }) = read(&server, None).await else { panic!() };
    assert_eq!(session.id, session_id());
    let failure = read(&server, None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreadable);
    assert!(failure.error.to_string().contains("another session"), "{}", failure.error);
}

#[tokio::test]
async fn what_is_no_session_is_unreadable_and_said() {
    let deep = format!(r#"{{"id":"{SESSION}","inputs":{}"#, "[".repeat(100_000));
    let page = answer("200 OK", "content-type: text/html\r\n", b"<html><title>Log in</title>");
    for (said, part) in [
        (ok(""), "not JSON"),
        (ok("[]"), "not a session"),
        (answer("200 OK", "", b"{\"id\":\"\xff\xfe\"}"), "UTF-8"),
        (ok(&deep), "levels deep"),
        (page, "HTML page"),
        (ok("<html>"), "HTML page"),
        (answer("200 OK", "content-encoding: br\r\n", b"xxxx"), "compressed"),
        (answer("200 OK", "content-encoding: gzip\r\n", b"plain"), "gzip"),
        (answer("200 OK", "content-encoding: gzip\r\n", &gzip(b"{}")[..12]), "gzip"),
    ] {
        let failure = read(&Server::saying(said).await, None).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unreadable, "{part}");
        assert_eq!(variant(&failure), "InvalidResponse");
        assert!(failure.error.is_retryable());
        assert!(failure.error.to_string().contains(part), "{part}: {}", failure.error);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_unreadable_however_it_breaks() {
    for said in [
        "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let failure = read(&Server::saying(said).await, None).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unreadable, "{said}");
        assert_eq!(failure.error.context().http_status, Some(200));
        assert!(failure.is_transient_for_reads());
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_a_timeout_after_a_success() {
    let server = Server::start(|mut connection| async move {
        connection.request().await;
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{").await;
        connection.request().await;
    })
    .await;
    let attempt = within(Duration::from_millis(300));
    let failure = service(&server.base)
        .get_session(&flow(), &session_id(), None, &attempt)
        .await
        .unwrap_err();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::Unreadable, "RequestTimeout"));
    let context = failure.error.context();
    assert_eq!(context.http_status, Some(200));
    assert!(context.retryable);
    assert!(context.reason.contains("127.0.0.1"), "{}", context.reason);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_and_while_it_is_read() {
    let big = format!(r#"{{"id":"{SESSION}","x":"{}"}}"#, "x".repeat(2000));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{big}\r\n0\r\n\r\n",
        big.len()
    );
    // It announces more than it ever sends: waiting for the rest would end in a timeout.
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n{";
    let bomb = answer("200 OK", "content-encoding: gzip\r\n", &gzip(&vec![b' '; 30 << 20]));
    assert!(bomb.len() < 40_000);
    // Compressed members with nothing in them: the plain size stays 0 for ever.
    let members = gzip(b"").repeat(1000);
    let hollow_head =
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
    let hollow = [format!("{hollow_head}{:x}\r\n", members.len()).as_bytes(), &members].concat();
    for said in [ok(&big), chunked.into(), announced.into(), bomb, hollow] {
        let beginning = String::from_utf8_lossy(&said[..said.len().min(60)]).into_owned();
        let server = Server::start(move |mut connection| {
            let said = said.clone();
            async move {
                connection.request().await;
                connection.send(&said).await;
                connection.request().await;
            }
        })
        .await;
        let service = service_with(&server.base, |config| config.max_body_bytes = 1000);
        let failure = failed_get(&service).await;
        assert_eq!(failure.kind, FailureKind::TooLarge, "{beginning}");
        assert!(!failure.is_transient_for_reads());
        let reason = failure.error.to_string();
        assert!(reason.contains("max_body_bytes (1000)"), "{reason}");
    }
}

#[tokio::test]
async fn a_gzip_bomb_below_the_limit_on_the_wire_is_refused_by_its_plain_size() {
    let bomb = answer("200 OK", "content-encoding: gzip\r\n", &gzip(&vec![b' '; 30 << 20]));
    let server = Server::saying(bomb).await;
    let service = service_with(&server.base, |config| config.max_body_bytes = 1 << 20);
    assert_eq!(failed_get(&service).await.kind, FailureKind::TooLarge);
}
