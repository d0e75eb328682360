//! The SDK itself, watching many sessions: memory, and CPU time without any language on top.

use std::fs;
use std::time::{Duration, Instant};

use liveflow::{Client, ClientConfig, LiveSession, PollingConfig};
use liveflow_bench::canned::{Canned, FLOW, session_id};
use serde_json::{Value, json};

use crate::HEAP;
use crate::load::{Load, cpu_seconds};

/// Sessions that are all polled at this interval, without a limit on requests.
fn client(load: &Load, interval: Duration) -> Client {
    let mut config = ClientConfig::new("key");
    config.base_url.clone_from(&load.base);
    config.polling = PollingConfig {
        running_min: interval,
        running_max: interval,
        jitter: 0.0,
        ..PollingConfig::default()
    };
    config.requests_per_second = 0.0;
    config.max_concurrent_requests = load.connections;
    Client::new(config).expect("a client")
}

async fn watch(client: &Client, numbers: std::ops::Range<u32>) -> Vec<LiveSession> {
    let mut watched = Vec::new();
    for number in numbers {
        watched.push(client.watch(FLOW, session_id(number).as_str()).await.expect("a watch"));
    }
    watched
}

async fn polls(load: &Load) -> u64 {
    let text = reqwest::get(format!("{}/polls", load.base)).await.expect("the service answers");
    let value: Value = serde_json::from_slice(&text.bytes().await.expect("figures")).expect("JSON");
    value["polls"].as_u64().expect("a number")
}

/// What a poll costs the SDK without a language on top, as fast as the service answers.
pub(crate) async fn poll(load: Load) -> Value {
    let client = client(&load, Duration::from_millis(1));
    let watched = watch(&client, 0..load.sessions).await;
    let before = polls(&load).await;
    while polls(&load).await == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_secs_f64(load.seconds / 2.0)).await;
    let (begun, first, cpu) = (Instant::now(), polls(&load).await, cpu_seconds());
    tokio::time::sleep(Duration::from_secs_f64(load.seconds)).await;
    let (cpu, last) = (cpu_seconds() - cpu, polls(&load).await);
    drop(watched);
    assert!(last > first, "sessions are polled");
    #[allow(clippy::cast_precision_loss)]
    let polls = (last - first) as f64;
    json!({ "us_per_poll": cpu * 1e6 / polls, "polls_per_second": polls / begun.elapsed().as_secs_f64() })
}

/// What each of many sessions keeps in memory, once all have been read.
pub(crate) async fn memory(load: Load) -> Value {
    let few = load.sessions / 10;
    // First reads of many are spread over one interval.
    let client = client(&load, Duration::from_secs(5));
    let mut watched = watch(&client, 0..few).await;
    settle(&watched).await;
    let before = Footprint::now();
    watched.extend(watch(&client, few..load.sessions).await);
    settle(&watched).await;
    let after = Footprint::now();
    let more = u64::from(load.sessions - few);
    let mut consumers = Vec::new();
    for live in &watched[..few as usize] {
        let events = live.events();
        let _ = events.next().await;
        consumers.push(events);
    }
    let consumed = Footprint::now();
    let body = Canned::small().body(0, 0).len() as u64;
    json!({
        "heap": after.heap.saturating_sub(before.heap) / more,
        "heap_less_body": (after.heap.saturating_sub(before.heap) / more).saturating_sub(body),
        "resident": after.resident.saturating_sub(before.resident) / more,
        "heap_per_consumer": consumed.heap.saturating_sub(after.heap) / u64::from(few),
        "sessions": load.sessions,
    })
}

/// Waits until each has been read once, and nothing is under way.
async fn settle(watched: &[LiveSession]) {
    while !watched.iter().all(|live| live.snapshot().is_some()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
}

struct Footprint {
    heap: u64,
    resident: u64,
}

impl Footprint {
    fn now() -> Self {
        let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0_u64);
        Self { heap: HEAP.current_usage() as u64, resident: pages * 4096 }
    }
}

/// The most memory that reading a list of so many sessions takes on top of one session.
pub(crate) fn list(count: u32) -> Value {
    let canned = Canned::small();
    let flow = liveflow::LiveFlowId::parse(FLOW).expect("a UUID");
    let list = canned.list(count);
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let chunks = list.chunks(16 * 1024);
    let read = liveflow::internals::benching::decode_list(chunks, &flow, 1 << 24);
    assert_eq!(read, Some(count as usize));
    json!({ "sessions": count, "bytes": list.len(), "peak": HEAP.peak_usage().saturating_sub(before) })
}
