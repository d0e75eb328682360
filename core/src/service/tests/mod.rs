//! The service against real sockets: servers that say, byte by byte, what a test wants said.

mod connections;
mod failures;
mod lists;
mod reads;
mod redirects;
mod tls;
mod writes;

use std::future::Future;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::config::ClientConfig;
use crate::failure::{Failure, FailureKind};
use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;

use super::{Attempt, Known, Left, Reading, Service};

const FLOW: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
const SESSION: &str = "11111111-2222-3333-4444-555555555555";
const KEY: &str = "marked-key";

fn flow() -> LiveFlowId {
    LiveFlowId::parse(FLOW).unwrap()
}

fn session_id() -> SessionId {
    SessionId::parse(SESSION).unwrap()
}

fn attempt() -> Attempt {
    within(Duration::from_secs(20))
}

fn within(timeout: Duration) -> Attempt {
    Attempt { timeout, fresh_credentials: false, left: Left::default() }
}

/// A service at `base`, with its configuration changed.
fn service_with(base: &str, change: impl FnOnce(&mut ClientConfig)) -> Service {
    let mut config = ClientConfig::new(KEY);
    config.base_url = base.to_owned();
    change(&mut config);
    Service::new(&config).unwrap()
}

fn service(base: &str) -> Service {
    service_with(base, |_| ())
}

async fn get(service: &Service) -> Result<Reading, Failure> {
    service.get_session(&flow(), &session_id(), None, &attempt()).await
}

/// The failure of a read that should not succeed.
async fn failed_get(service: &Service) -> Failure {
    get(service).await.expect_err("this read fails")
}

/// Sends an answer to a prompt.
async fn put_in(
    service: &Service,
    attempt: &Attempt,
) -> Result<Option<crate::session::Session>, Failure> {
    service
        .add_user_input(
            &flow(),
            &session_id(),
            &Json::string("the answer"),
            "the-idempotency",
            attempt,
        )
        .await
}

/// A session as the service writes it.
fn session_json(id: &str) -> String {
    format!(r#"{{"id":"{id}","status":"RUNNING","steps":[]}}"#)
}

/// An answer with a `Content-Length`.
fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", "content-type: application/json\r\n", body.as_bytes())
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// The port of a server, and every byte it was sent, by connection.
#[derive(Clone)]
struct Server {
    base: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Server {
    /// Handles each connection by `play`.
    async fn start<F, P>(play: F) -> Self
    where
        F: Fn(Connection) -> P + Send + 'static,
        P: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let server = Self { base, received: Arc::clone(&received) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut received = received.lock().unwrap();
                    received.push(Vec::new());
                    received.len() - 1
                };
                let received = Arc::clone(&received);
                tokio::spawn(play(Connection { stream, number, received, pending: Vec::new() }));
            }
        });
        server
    }

    /// Answers each request, on whatever connection, with the next of these, and then with the last.
    async fn answering(answers: Vec<Vec<u8>>) -> Self {
        let answers = Arc::new(Mutex::new(answers));
        Self::start(move |mut connection| {
            let answers = Arc::clone(&answers);
            async move {
                while connection.request().await.is_some() {
                    let next = {
                        let mut answers = answers.lock().unwrap();
                        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
                    };
                    connection.send(&next).await;
                }
            }
        })
        .await
    }

    /// Says this after the first request, and closes the connection.
    async fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |mut connection| {
            let bytes = bytes.clone();
            async move {
                connection.request().await;
                connection.send(&bytes).await;
            }
        })
        .await
    }

    fn connections(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// All that was received, on all connections.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().unwrap().concat()).into_owned()
    }
}

struct Connection {
    stream: TcpStream,
    number: usize,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    pending: Vec<u8>,
}

impl Connection {
    /// The next whole request (head and body) as text; `None` when the connection ends first.
    async fn request(&mut self) -> Option<String> {
        loop {
            if let Some(length) = request_length(&self.pending) {
                let rest = self.pending.split_off(length);
                let request = std::mem::replace(&mut self.pending, rest);
                return Some(String::from_utf8_lossy(&request).into_owned());
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => {
                    self.pending.extend_from_slice(&bytes[..length]);
                    self.received.lock().unwrap()[self.number].extend_from_slice(&bytes[..length]);
                }
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        // A client that has seen enough may have hung up.
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// Ends it with a TCP reset rather than in good order.
    fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

/// The length of the first request, once it has arrived whole.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |length| length.trim().parse::<usize>().unwrap());
    (bytes.len() >= head + body).then_some(head + body)
}

/// The error's kind of words: its variant's name.
fn variant(failure: &Failure) -> String {
    let text = format!("{:?}", failure.error);
    text.split_whitespace().next().unwrap_or_default().to_owned()
}
