//! The least that polling can cost in Rust: a bare reqwest loop, and a bare hyper connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use liveflow_bench::canned::{FLOW, session_id};
use serde_json::{Value, json};

use crate::load::{Load, cpu_seconds, measure};

/// What a loop does with each answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Peer {
    /// reqwest; the body is read and thrown away.
    Reqwest,
    /// reqwest; the body is decoded to a tree of values.
    ReqwestDecode,
    /// hyper on its own connection; the body is read and thrown away.
    Hyper,
}

/// Polls as fast as the service answers, on so many connections at once.
pub(crate) async fn poll(peer: Peer, load: Load) -> Value {
    let polls = Arc::new(AtomicU64::new(0));
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().expect("a client");
    for connection in 0..load.connections {
        let (load, polls, client) = (load.clone(), Arc::clone(&polls), client.clone());
        tokio::spawn(async move {
            let count = || polls.fetch_add(1, Ordering::Relaxed);
            match peer {
                Peer::Hyper => hyper_loop(connection, &load, count).await,
                _ => reqwest_loop(connection, &load, &client, peer, count).await,
            }
        });
    }
    let cost = measure(&load, || (polls.load(Ordering::Relaxed), cpu_seconds())).await;
    json!({ "us_per_poll": cost.us_per_poll, "polls_per_second": cost.polls_per_second })
}

fn path(load: &Load, connection: u32, round: u32) -> String {
    let each = (load.sessions / load.connections).max(1);
    let id = session_id((connection * each + round % each) % load.sessions.max(1));
    format!("/live_flows/{FLOW}/sessions/{id}/")
}

async fn reqwest_loop(
    connection: u32,
    load: &Load,
    client: &reqwest::Client,
    peer: Peer,
    count: impl Fn() -> u64,
) {
    for round in 0.. {
        let url = format!("{}{}", load.base, path(load, connection, round));
        let request = client.get(url).header("Api-key", "key").header("accept", "application/json");
        let response = request.send().await.expect("the service answers");
        let body = response.bytes().await.expect("the service answers in full");
        if peer == Peer::ReqwestDecode {
            let value: Value = serde_json::from_slice(&body).expect("JSON");
            std::hint::black_box(value);
        }
        count();
    }
}

async fn hyper_loop(connection: u32, load: &Load, count: impl Fn() -> u64) {
    let address = load.base.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await.expect("the service listens");
    stream.set_nodelay(true).expect("a socket");
    let (mut sender, driver) =
        hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
            .await
            .expect("a connection");
    tokio::spawn(driver);
    for round in 0.. {
        let request = http::Request::get(path(load, connection, round))
            .header("host", address)
            .header("Api-key", "key")
            .header("accept", "application/json")
            .body(Empty::new())
            .expect("a request");
        let response = sender.send_request(request).await.expect("the service answers");
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            std::hint::black_box(frame.expect("the service answers in full"));
        }
        count();
    }
}
