//! A service that does nothing but answer polls of canned sessions, so that it is never what is
//! measured; and that sees when each poll arrives.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use liveflow_bench::canned::Canned;
use tokio::net::TcpListener;

/// How the service answers.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// The size of a session: 3.6 or 100 KB.
    #[arg(long, default_value = "small", value_parser = ["small", "large"])]
    size: String,
    /// One in so many polls finds its session changed; 0 for none.
    #[arg(long, default_value_t = 0)]
    changed: u64,
    /// With an `ETag`, and 304 where it is the same.
    #[arg(long)]
    etag: bool,
    /// How long an answer takes, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// The clients' interval without jitter, in milliseconds: lateness is what comes on top of it.
    #[arg(long, default_value_t = 0)]
    interval: u64,
    /// Instead of all that, one session that asks so many questions.
    #[arg(long)]
    questions: Option<u32>,
}

struct Service {
    settings: Settings,
    canned: Canned,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    polls: u64,
    sessions: HashMap<u32, Session>,
    /// In microseconds, of polls after two intervals.
    lateness: Vec<u32>,
    /// Given so far to the session that asks.
    answers: u32,
}

#[derive(Default)]
struct Session {
    version: u32,
    polls: u32,
    answered: Option<Instant>,
    /// The answer to its last poll, which the next gets as well unless it changes.
    body: Bytes,
}

/// Serves until the standard input ends. Prints the port first.
pub(crate) async fn serve(settings: Settings) -> std::io::Result<()> {
    let canned = if settings.size == "large" { Canned::large() } else { Canned::small() };
    let service = Arc::new(Service { settings, canned, seen: Mutex::default() });
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("{}", listener.local_addr()?.port());
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let service = Arc::clone(&service);
                async move { Ok::<_, Infallible>(service.answer(request).await) }
            });
            // A client that goes away amid a request is no concern of the service.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

impl Service {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        if let Some(questions) = self.settings.questions {
            let mut seen = self.seen();
            // A create begins anew, an answer goes on.
            match *request.method() {
                http::Method::POST if path.ends_with("/sessions/") => seen.answers = 0,
                http::Method::POST => seen.answers = (seen.answers + 1).min(questions),
                _ => {}
            }
            return Response::new(Full::new(crate::quiz::body(seen.answers, questions)));
        }
        let Some((_, id)) = path.split_once("/sessions/") else { return self.figures(path) };
        let Some(number) = id.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok())
        else {
            return status(StatusCode::NOT_FOUND);
        };
        let (body, etag) = self.arrived(number);
        if self.settings.latency > 0 {
            tokio::time::sleep(Duration::from_millis(self.settings.latency)).await;
        }
        let etag = self.settings.etag.then_some(etag);
        let is_same = etag.as_ref().is_some_and(|etag| {
            request.headers().get(IF_NONE_MATCH).is_some_and(|known| known == etag)
        });
        let mut response =
            if is_same { status(StatusCode::NOT_MODIFIED) } else { Response::new(Full::new(body)) };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(etag) = etag {
            headers.insert(ETAG, etag);
        }
        if self.settings.interval > 0 {
            self.seen().sessions.entry(number).or_default().answered = Some(Instant::now());
        }
        response
    }

    /// Counts a poll, and gives what its session is now.
    fn arrived(&self, number: u32) -> (Bytes, HeaderValue) {
        let mut seen = self.seen();
        seen.polls += 1;
        let changed = self.settings.changed;
        let is_changed = changed > 0 && seen.polls.is_multiple_of(changed);
        let Seen { sessions, lateness, .. } = &mut *seen;
        let session = sessions.entry(number).or_default();
        session.polls += 1;
        if let Some(answered) = session.answered.take().filter(|_| session.polls > 2) {
            let interval = Duration::from_millis(self.settings.interval);
            let late = answered.elapsed().saturating_sub(interval);
            lateness.push(u32::try_from(late.as_micros()).unwrap_or(u32::MAX));
        }
        if is_changed || session.body.is_empty() {
            session.version += u32::from(is_changed);
            session.body = self.canned.body(number, session.version).into();
        }
        let etag = HeaderValue::from_str(&format!("\"{}\"", session.version)).expect("digits");
        (session.body.clone(), etag)
    }

    /// What it has seen: `/polls`, and `/lateness`, which begins anew each time.
    fn figures(&self, path: &str) -> Response<Full<Bytes>> {
        let mut seen = self.seen();
        let figures = match path {
            "/polls" => serde_json::json!({ "polls": seen.polls }),
            "/lateness" => {
                let mut all = std::mem::take(&mut seen.lateness);
                all.sort_unstable();
                let at =
                    |share: usize| all.get((all.len() * share / 1000).min(all.len().max(1) - 1));
                serde_json::json!({
                    "polls": all.len(), "p50_us": at(500), "p99_us": at(990), "max_us": all.last(),
                })
            }
            _ => return status(StatusCode::NOT_FOUND),
        };
        Response::new(Full::new(figures.to_string().into()))
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    response
}
