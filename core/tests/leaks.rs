//! Nothing stays behind: neither memory, nor tasks. In a process of its own, whose allocations are
//! counted; and with a service that itself remembers nothing.

mod common;

use std::sync::mpsc::channel;
use std::time::Duration;

use common::*;
use futures_util::FutureExt;
use liveflow::{Client, ClientConfig, LiveSession, Task};
use peak_alloc::PeakAlloc;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Counts the bytes that are in use.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const SESSION: &str = "00000000-0000-4000-8000-000000000001";

/// A service with one session, which waits for ever for an answer that is never taken.
async fn forgetful_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection));
        }
    });
    base
}

async fn serve(mut connection: TcpStream) {
    let run = json!({"id": "run", "status": "WAITING_FOR_USER_INPUT", "prompt": "ask?"});
    let session = json!({"id": SESSION, "status": "WAITING_FOR_USER_INPUT", "current_step": run});
    let (session, list) = (session.to_string(), json!([session]).to_string());
    let mut heard = Vec::new();
    loop {
        let end = heard.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else {
            if connection.read_buf(&mut heard).await.is_ok_and(|length| length > 0) {
                continue;
            }
            return;
        };
        let request = String::from_utf8_lossy(&heard[..end]).to_lowercase();
        let length = request.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while heard.len() < end + 4 + length {
            connection.read_buf(&mut heard).await.unwrap();
        }
        heard.drain(..end + 4 + length);
        let body = if request.starts_with("get") && request.contains("/sessions/ ") {
            &list
        } else {
            &session
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        if connection.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn client_of(base: &str) -> Client {
    let mut config = ClientConfig::new("key");
    base.clone_into(&mut config.base_url);
    config.polling.running_min = Duration::from_millis(1);
    config.polling.running_max = Duration::from_millis(1);
    config.polling.waiting_min = Duration::from_millis(1);
    config.polling.waiting_max = Duration::from_millis(1);
    config.requests_per_second = 0.0;
    Client::new(config).unwrap()
}

/// How many tasks there are on the library's runtime, beside the one that counts them.
fn tasks() -> usize {
    let (count, counted) = channel();
    let _task = Task::spawn(async move {
        let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        count.send(alive - 1).unwrap();
    });
    counted.recv_timeout(PATIENCE).unwrap()
}

/// What buffers and tables may take more at one time than at another.
const NOISE: isize = 64 * 1024;

/// Does it over and over, and fails if each time leaves something behind.
async fn assert_nothing_stays<F: Future<Output = ()>>(
    what: &str,
    times: usize,
    again: impl Fn() -> F,
) {
    let measured = || async {
        for _ in 0..times {
            again().await;
        }
        // What is being let go elsewhere needs a moment.
        tokio::time::sleep(Duration::from_millis(100)).await;
        ALLOCATOR.current_usage().cast_signed()
    };
    // Tables grow until they are large enough.
    measured().await;
    let before = measured().await;
    let mut left = Vec::new();
    for _ in 0..4 {
        left.push(measured().await - before);
        if left.last().is_some_and(|left| *left < NOISE) {
            return;
        }
    }
    panic!("{what}, {times} times, and again, and again: {left:?} bytes stay behind");
}

async fn waiting(client: &Client) -> (LiveSession, liveflow::Prompt) {
    let live = client.watch(ASK, SESSION).await.unwrap();
    let prompt = prompt(&live.events()).await;
    (live, prompt)
}

#[tokio::test]
async fn nothing_stays_behind() {
    let base = forgetful_service().await;
    let client = client_of(&base);
    let (live, prompt) = waiting(&client).await;
    let idle = tasks();

    assert_nothing_stays("a watch that comes and goes", 100, || async {
        let (live, _) = waiting(&client).await;
        let _subscription = live.subscribe(|_| ());
        live.poll_now();
        client.get_session(ASK, SESSION).await.unwrap();
        client.get_sessions(ASK).await.unwrap();
    })
    .await;

    assert_nothing_stays("a poll", 500, || async {
        live.poll_now();
        client.get_session(ASK, SESSION).await.unwrap();
    })
    .await;

    // While suspended nothing comes of a call, so that each is given up for certain.
    client.suspend();
    assert_nothing_stays("calls that are given up", 1000, || async {
        assert!(live.answer(&prompt, "blue").now_or_never().is_none());
        assert!(live.cancel().now_or_never().is_none());
        assert!(live.wait(Some(PATIENCE)).now_or_never().is_none());
        assert!(client.get_session(ASK, SESSION).now_or_never().is_none());
        assert!(client.create_session(ASK, inputs()).now_or_never().is_none());
        assert!(client.add_user_input(ASK, SESSION, "blue").now_or_never().is_none());
    })
    .await;
    client.resume();

    eventually("every task of theirs is over", || tasks() <= idle).await;
    drop((live, client));
    eventually("and the engine's own", || tasks() == 0).await;

    assert_nothing_stays("a client that comes and goes", 30, || async {
        let client = client_of(&base);
        let (_live, _) = waiting(&client).await;
    })
    .await;
    eventually("the engines are gone", || tasks() == 0).await;
}
