//! Something between the client and the service, on a raw socket, that passes requests on and does
//! mischief with the answers. What it passes on takes effect.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use liveflow_simulator::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::mischief::{Honest, Mischief, bomb};

static BOMB: LazyLock<Vec<u8>> = LazyLock::new(bomb);

pub(crate) struct Meddler {
    pub(crate) base_url: String,
    state: Arc<State>,
}

struct State {
    service: SocketAddr,
    mischief: Option<Mischief>,
    /// Where [`Mischief::Elsewhere`] leads.
    elsewhere: String,
    gets: AtomicUsize,
    inputs: AtomicUsize,
    /// How many times it has done its mischief.
    done: AtomicUsize,
    /// How many bytes were taken of what has no end.
    poured: AtomicU64,
    is_dead: AtomicBool,
}

impl Meddler {
    /// Without mischief it only passes on, until it is killed.
    pub(crate) async fn before(simulator: &Simulator, mischief: Option<Mischief>) -> Self {
        let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            service: simulator.base_url().trim_start_matches("http://").parse().unwrap(),
            mischief,
            elsewhere: format!("http://{}/", elsewhere.local_addr().unwrap()),
            gets: AtomicUsize::new(0),
            inputs: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            poured: AtomicU64::new(0),
            is_dead: AtomicBool::new(false),
        });
        tokio::spawn(async move {
            let came = elsewhere.accept().await;
            panic!("the client went to another origin: {came:?}");
        });
        let meddling = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Connection::new(stream, Arc::clone(&meddling)).serve());
            }
        });
        Self { base_url, state }
    }

    pub(crate) fn times_done(&self) -> usize {
        self.state.done.load(Ordering::SeqCst)
    }

    pub(crate) fn poured(&self) -> u64 {
        self.state.poured.load(Ordering::SeqCst)
    }

    /// From now on every connection is reset, until it is revived.
    pub(crate) fn set_dead(&self, is_dead: bool) {
        self.state.is_dead.store(is_dead, Ordering::SeqCst);
    }
}

impl State {
    /// What is done to this request: to two reads of three, and to the first two answers.
    fn mischief_for(&self, request: &str) -> Option<Mischief> {
        let is_due = if request.starts_with("GET ") {
            !self.gets.fetch_add(1, Ordering::SeqCst).is_multiple_of(3)
        } else {
            request.contains("/user_input/ ") && self.inputs.fetch_add(1, Ordering::SeqCst) < 2
        };
        self.mischief.filter(|_| is_due)
    }
}

struct Connection {
    stream: TcpStream,
    state: Arc<State>,
    heard: Vec<u8>,
    served: u32,
}

impl Connection {
    fn new(stream: TcpStream, state: Arc<State>) -> Self {
        Self { stream, state, heard: Vec::new(), served: 0 }
    }

    async fn serve(mut self) {
        while let Some(request) = self.request().await {
            if self.state.is_dead.load(Ordering::SeqCst) {
                return self.reset();
            }
            let mischief = self.state.mischief_for(&String::from_utf8_lossy(&request));
            match mischief {
                None => {
                    let answer = self.pass_on(&request).await.whole();
                    self.say(&answer).await;
                }
                Some(mischief) => {
                    self.state.done.fetch_add(1, Ordering::SeqCst);
                    if !self.meddle(mischief, &request).await {
                        return;
                    }
                }
            }
            self.served += 1;
        }
    }

    /// Says whether the connection goes on.
    async fn meddle(&mut self, mischief: Mischief, request: &[u8]) -> bool {
        if mischief == Mischief::ResetBefore {
            self.stream.set_zero_linger().unwrap();
            return false;
        }
        if mischief == Mischief::CloseKept && self.served > 0 {
            return false;
        }
        if mischief == Mischief::Elsewhere {
            // Which says that it was not done.
            let to = &self.state.elsewhere;
            let answer =
                format!("HTTP/1.1 307 Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            self.say(answer.as_bytes()).await;
            return true;
        }
        let honest = self.pass_on(request).await;
        let Honest { head, body } = &honest;
        let (half_head, half_body) = (&head[..head.len() / 2], &body[..body.len() / 2]);
        match mischief {
            Mischief::HalfHead => self.say(half_head).await,
            Mischief::HalfBody => self.say(&[head, half_body].concat()).await,
            Mischief::ResetInBody => {
                self.say(&[head, half_body].concat()).await;
                // What is on its way is to get there.
                tokio::time::sleep(Duration::from_millis(20)).await;
                self.stream.set_zero_linger().unwrap();
            }
            Mischief::ResetAfter => self.stream.set_zero_linger().unwrap(),
            Mischief::Silence => self.wait_for_the_end().await,
            Mischief::SlowBytes => self.say_in(1, &honest.whole()).await,
            Mischief::Pieces => {
                self.say_in(200, &honest.whole()).await;
                return true;
            }
            Mischief::LengthTooLong => {
                let length = format!("content-length: {}\r\n", body.len() + 100);
                self.say(&honest.with_length(&length)).await;
                self.wait_for_the_end().await;
            }
            Mischief::LengthTooShort => {
                let length = format!("content-length: {}\r\n", body.len() / 2);
                self.say(&honest.with_length(&length)).await;
                return true;
            }
            Mischief::TwoLengths => {
                let length = body.len();
                let twice =
                    format!("content-length: {length}\r\ncontent-length: {}\r\n", length + 1);
                self.say(&honest.with_length(&twice)).await;
            }
            Mischief::LengthOfNoNumber => {
                self.say(&honest.with_length("content-length: many\r\n")).await;
            }
            Mischief::ChunksOfNoNumber => {
                self.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nmany\r\n{}").await;
            }
            Mischief::BodyWithoutEnd => {
                self.say(b"HTTP/1.1 200 OK\r\n\r\n{\"id\":\"").await;
                self.pour(&[b'x'; 4096]).await;
            }
            Mischief::HeadWithoutEnd => {
                self.say(b"HTTP/1.1 200 OK\r\n").await;
                self.pour("x-more: and more\r\n".repeat(100).as_bytes()).await;
            }
            Mischief::InterimNoise => {
                let hint = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
                let noise = format!(
                    "HTTP/1.1 100 Continue\r\n\r\n{}HTTP/1.1 102 Processing\r\n\r\n",
                    hint.repeat(20)
                );
                self.say(&[noise.as_bytes(), &*honest.whole()].concat()).await;
                return true;
            }
            Mischief::InterimWithoutEnd => {
                self.pour("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100).as_bytes()).await;
            }
            Mischief::CloseAfter => self.say(&honest.whole()).await,
            Mischief::CloseKept => {
                self.say(&honest.whole()).await;
                return true;
            }
            Mischief::Bomb => {
                self.say(&BOMB).await;
                return true;
            }
            Mischief::OtherProtocol => self.say(b"SSH-2.0-OpenSSH_9.2\r\n\0\x01\x02").await,
            Mischief::MoreThanAsked => {
                self.say(&[&*honest.whole(), b"HTTP/1.1 200 OK\r\n"].concat()).await;
                return true;
            }
            Mischief::ResetBefore | Mischief::Elsewhere => unreachable!("it is done above"),
        }
        false
    }

    /// The next whole request.
    async fn request(&mut self) -> Option<Vec<u8>> {
        let mut request = message(&mut self.stream, &mut self.heard).await?;
        // What comes to a proxy names the whole address.
        let start = request.iter().position(|byte| *byte == b' ')? + 1;
        if request[start..].starts_with(b"http://") {
            let host = start + "http://".len();
            let path = request[host..].iter().position(|byte| *byte == b'/')? + host;
            request.drain(start..path);
        }
        Some(request)
    }

    /// Has the service do it.
    async fn pass_on(&self, request: &[u8]) -> Honest {
        // Not many enough to make connections worth keeping.
        let mut service = TcpStream::connect(self.state.service).await.unwrap();
        service.write_all(request).await.unwrap();
        let mut said = Vec::new();
        let whole = message(&mut service, &mut said).await.expect("the service answers");
        let head = head_length(&whole).unwrap();
        Honest { head: whole[..head].to_vec(), body: whole[head..].to_vec() }
    }

    async fn say(&mut self, bytes: &[u8]) {
        // A client that has seen enough may have hung up.
        let _ = self.stream.write_all(bytes).await;
    }

    async fn say_in(&mut self, size: usize, bytes: &[u8]) {
        self.stream.set_nodelay(true).unwrap();
        for piece in bytes.chunks(size) {
            if self.stream.write_all(piece).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Without end, as long as it is taken.
    async fn pour(&mut self, more: &[u8]) {
        while self.stream.write_all(more).await.is_ok() {
            self.state.poured.fetch_add(more.len() as u64, Ordering::SeqCst);
            // It is to have no end, not to keep the machine busy.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn wait_for_the_end(&mut self) {
        while self.stream.read(&mut [0; 64]).await.is_ok_and(|length| length > 0) {}
    }

    fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// The next whole message: head, and as much body as it announces.
async fn message(stream: &mut TcpStream, heard: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(head) = head_length(heard) {
            let text = String::from_utf8_lossy(&heard[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if heard.len() >= head + length {
                let rest = heard.split_off(head + length);
                return Some(std::mem::replace(heard, rest));
            }
        }
        if !stream.read_buf(heard).await.is_ok_and(|length| length > 0) {
            return None;
        }
    }
}
