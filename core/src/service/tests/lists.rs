//! Get sessions: a list of any length, one session at a time.

use tokio::sync::Semaphore;

use super::super::{ListPage, SessionStream};
use super::*;

/// A session's id, told apart by a number.
fn numbered(number: u32) -> String {
    format!("{number:08x}-2222-3333-4444-555555555555")
}

fn list(numbers: impl IntoIterator<Item = u32>) -> String {
    let sessions: Vec<String> =
        numbers.into_iter().map(|number| session_json(&numbered(number))).collect();
    format!("[{}]", sessions.join(","))
}

async fn open(service: &Service) -> Result<SessionStream, Failure> {
    service.get_sessions(&flow(), &ListPage::default(), &attempt()).await
}

/// The numbers of all sessions, and the failure at the end if there is one.
async fn drain(stream: &mut SessionStream) -> (Vec<u32>, Option<Failure>) {
    let mut numbers = Vec::new();
    loop {
        match stream.next().await {
            Some(Ok(session)) => {
                numbers.push(u32::from_str_radix(&session.id.as_str()[..8], 16).unwrap());
            }
            Some(Err(failure)) => {
                assert!(stream.next().await.is_none(), "nothing comes after a failure");
                return (numbers, Some(failure));
            }
            None => return (numbers, None),
        }
    }
}

/// All of it, page after page.
async fn all(service: &Service) -> (Vec<u32>, Option<Failure>) {
    let mut stream = open(service).await.unwrap();
    let mut numbers = Vec::new();
    loop {
        let (more, failure) = drain(&mut stream).await;
        numbers.extend(more);
        let Some(page) = stream.next_page() else { return (numbers, failure) };
        stream = service.get_sessions(&flow(), &page, &attempt()).await.unwrap();
    }
}

#[tokio::test]
async fn every_session_comes_in_order_with_the_services_own_time() {
    let headers = "date: Tue, 07 Nov 2023 05:31:56 GMT\r\n";
    let said = answer("200 OK", headers, list(0..3).as_bytes());
    let server = Server::answering(vec![said]).await;
    let mut stream = open(&service(&server.base)).await.unwrap();
    let date = std::time::UNIX_EPOCH + Duration::from_secs(1_699_335_116);
    assert_eq!(stream.date(), Some(date));
    assert_eq!(drain(&mut stream).await, (vec![0, 1, 2], None));
    assert!(stream.next().await.is_none());
    assert!(server.text().starts_with(&format!("GET /live_flows/{FLOW}/sessions/ HTTP/1.1\r\n")));
}

#[tokio::test]
async fn an_empty_list_has_no_sessions() {
    let server = Server::answering(vec![ok("[]")]).await;
    assert_eq!(all(&service(&server.base)).await, (vec![], None));
}

#[tokio::test]
async fn a_list_far_over_the_limit_is_read_as_long_as_each_session_is_within_it() {
    let body = list(0..20_000);
    assert!(body.len() > 1_000_000);
    let compressed = gzip(body.as_bytes());
    let chunked: Vec<u8> = compressed
        .chunks(999)
        .flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat())
        .collect();
    let chunked_head =
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
    for said in [
        ok(&body),
        answer("200 OK", "content-encoding: gzip\r\n", &compressed),
        [chunked_head.as_bytes(), &chunked, b"0\r\n\r\n"].concat(),
    ] {
        let server = Server::saying(said).await;
        let service = service_with(&server.base, |config| config.max_body_bytes = 200);
        let (numbers, failure) = all(&service).await;
        assert_eq!(failure, None);
        assert!(numbers.iter().copied().eq(0..20_000), "all of them, in order");
    }
}

#[tokio::test]
async fn a_session_over_the_limit_ends_the_list() {
    let big = format!(r#"{{"id":"{SESSION}","x":"{}"}}"#, "x".repeat(5000));
    let bomb = [b"[\"".as_slice(), &vec![b' '; 30 << 20]].concat();
    for (said, before) in [
        (ok(&format!("{},{big}]", list(0..2).trim_end_matches(']'))), vec![0, 1]),
        (answer("200 OK", "content-encoding: gzip\r\n", &gzip(&bomb)), vec![]),
    ] {
        let server = Server::saying(said).await;
        let service = service_with(&server.base, |config| config.max_body_bytes = 1000);
        let (numbers, failure) = all(&service).await;
        assert_eq!(numbers, before);
        assert_eq!(failure.map(|failure| failure.kind), Some(FailureKind::TooLarge));
    }
}

#[tokio::test]
async fn what_is_no_list_of_sessions_is_unreadable_from_there_on() {
    let cut = list(0..3);
    let cut = &cut[..cut.len() - 5];
    let broken = format!("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{cut}");
    for (said, before, part) in [
        (ok(r#"{"detail":"x"}"#), 0, "not a JSON array"),
        (ok(""), 0, "empty"),
        (ok("<html>"), 0, "HTML page"),
        (ok(cut), 2, "breaks off"),
        (broken.into(), 2, "broke off"),
        (ok(&format!("{} trailing", list(0..3))), 3, "follows"),
        (ok(&list(0..2).replace("},{", "},7,{")), 1, "element 2"),
        (ok(&list(0..2).replace("},{", "},{\"id\":,},{")), 1, "element 2"),
        (answer("200 OK", "", b"[{\"id\":\"\xff\"}]"), 0, "UTF-8"),
        (ok(&format!("[{}]", "[".repeat(5000))), 0, "breaks off"),
    ] {
        let server = Server::saying(said).await;
        let (numbers, failure) = all(&service(&server.base)).await;
        let failure = failure.expect(part);
        assert_eq!(numbers.len(), before, "{part}");
        assert_eq!(failure.kind, FailureKind::Unreadable, "{part}");
        assert!(failure.error.to_string().contains(part), "{part}: {}", failure.error);
    }
}

#[tokio::test]
async fn an_error_status_fails_before_there_is_a_stream() {
    let server = Server::answering(vec![answer("404 Not Found", "", b"")]).await;
    let Err(failure) = open(&service(&server.base)).await else { panic!() };
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::Status(404), "NotFound"));
}

/// A server that sends a piece of a list for each permit.
async fn gated(pieces: Vec<String>, gate: Arc<Semaphore>) -> Server {
    Server::start(move |mut connection| {
        let (pieces, gate) = (pieces.clone(), Arc::clone(&gate));
        async move {
            let length: usize = pieces.iter().map(String::len).sum();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            while connection.request().await.is_some() {
                connection.send(head.as_bytes()).await;
                for piece in &pieces {
                    gate.acquire().await.unwrap().forget();
                    connection.send(piece.as_bytes()).await;
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn sessions_are_given_while_the_list_still_arrives_and_a_dropped_wait_loses_nothing() {
    let body = list(0..3);
    let (first, rest) = body.split_at(session_json(SESSION).len() + 20);
    let (second, third) = rest.split_at(7);
    let gate = Arc::new(Semaphore::new(1));
    let pieces = [first, second, third].map(ToOwned::to_owned).to_vec();
    let server = gated(pieces, Arc::clone(&gate)).await;
    let mut stream = open(&service(&server.base)).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(_))), "the rest has not been sent yet");
    for _ in 0..2 {
        let waiting = tokio::time::timeout(Duration::from_millis(50), stream.next()).await;
        assert!(waiting.is_err(), "half a session is none");
        gate.add_permits(1);
    }
    assert_eq!(drain(&mut stream).await, (vec![1, 2], None));
}

#[tokio::test]
async fn the_reader_may_take_longer_than_an_attempt_but_the_service_may_not() {
    let body = list(0..2);
    let (first, second) = body.split_at(session_json(SESSION).len() + 2);
    let gate = Arc::new(Semaphore::new(1));
    let server = gated(vec![first.to_owned(), second.to_owned()], Arc::clone(&gate)).await;
    let service = service(&server.base);
    let impatient = within(Duration::from_millis(300));
    let mut stream = service.get_sessions(&flow(), &ListPage::default(), &impatient).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    tokio::time::sleep(Duration::from_millis(500)).await;
    gate.add_permits(1);
    assert_eq!(drain(&mut stream).await, (vec![1], None));

    gate.add_permits(1);
    let mut stream = service.get_sessions(&flow(), &ListPage::default(), &impatient).await.unwrap();
    let (numbers, failure) = drain(&mut stream).await;
    assert_eq!(numbers, [0]);
    let failure = failure.unwrap();
    assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::Unreadable, "RequestTimeout"));
}

/// The numbers from a paged list, and how many requests it took.
async fn pages(answers: Vec<String>) -> (Vec<u32>, Option<Failure>, Vec<String>) {
    let server = Server::answering(answers.iter().map(|body| ok(body)).collect()).await;
    let service = service_with(&server.base, |config| config.endpoints.list_page_size = Some(2));
    let (numbers, failure) = all(&service).await;
    let text = server.text();
    let queries = text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("GET ")?.split(['?', ' ']).nth(1)?.to_owned()));
    (numbers, failure, queries.collect())
}

#[tokio::test]
async fn pages_follow_one_another_until_a_short_one() {
    let (numbers, failure, queries) = pages(vec![list(0..2), list(2..4), list(4..5)]).await;
    assert_eq!((numbers, failure), (vec![0, 1, 2, 3, 4], None));
    assert_eq!(queries, ["limit=2&offset=0", "limit=2&offset=2", "limit=2&offset=4"]);
    let (numbers, failure, queries) = pages(vec![list(0..2), list([])]).await;
    assert_eq!((numbers, failure, queries.len()), (vec![0, 1], None, 2));
}

#[tokio::test]
async fn a_session_that_moved_to_the_next_page_is_given_once() {
    let (numbers, failure, _) = pages(vec![list(0..2), list([1, 2]), list([2, 3]), list([])]).await;
    assert_eq!((numbers, failure), (vec![0, 1, 2, 3], None));
}

#[tokio::test]
async fn a_service_that_knows_no_pages_is_not_asked_for_ever() {
    let (numbers, failure, queries) = pages(vec![list(0..5)]).await;
    assert_eq!((numbers, failure, queries.len()), (vec![0, 1, 2, 3, 4], None, 1));
    let (numbers, failure, queries) = pages(vec![list(0..2)]).await;
    assert_eq!((numbers, queries.len()), (vec![0, 1], 2));
    let failure = failure.expect("the same page twice");
    assert_eq!(failure.kind, FailureKind::Unreadable);
    assert!(failure.error.to_string().contains("list_page_size"), "{}", failure.error);
}
