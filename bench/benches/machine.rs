//! Steps of the machine, the schedule, and the differences that a consumer is told.
#![allow(missing_docs)] // criterion's macros write a function without

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use liveflow::internals::benching::{Watched, decode, polling_interval, tell};
use liveflow::{LiveFlowId, PollingConfig, Session};
use liveflow_bench::canned::{Canned, FLOW, session_id};

/// Two percent of reads bring a change.
const TURNS: usize = 50;

fn flow() -> LiveFlowId {
    LiveFlowId::parse(FLOW).expect("a UUID")
}

/// A session of five steps as it changes, decoded.
fn versions(count: u32) -> Vec<Arc<Session>> {
    let canned = Canned::small();
    (0..count)
        .map(|version| Arc::new(decode(&canned.body(1, version), &flow()).expect("a session")))
        .collect()
}

fn machine(c: &mut Criterion) {
    let mut group = c.benchmark_group("machine");
    // Each turn is two inputs.
    group.throughput(Throughput::Elements(2 * TURNS as u64));
    let versions = versions(1000);
    let id = liveflow::SessionId::parse(&session_id(1)).expect("a UUID");
    group.bench_function("steps, 2 % changed", |b| {
        let mut watched = Watched::new(flow(), id.clone());
        let mut changes = versions.iter().cycle();
        b.iter(|| {
            watched.turn(changes.next());
            for _ in 1..TURNS {
                watched.turn(None);
            }
        });
    });
    let bodies: Vec<_> = (0..1000).map(|version| Canned::small().body(1, version)).collect();
    group.bench_function("steps, 2 % changed and decoded", |b| {
        let mut watched = Watched::new(flow(), id.clone());
        let mut changes = bodies.iter().cycle();
        b.iter(|| {
            let session = changes.next().and_then(|body| decode(body, &flow()));
            watched.turn(session.map(Arc::new).as_ref());
            for _ in 1..TURNS {
                watched.turn(None);
            }
        });
    });
    group.finish();
}

fn schedule(c: &mut Criterion) {
    let polling = PollingConfig::default();
    c.bench_function("schedule", |b| {
        b.iter(|| polling_interval(black_box(&polling), false, Duration::from_secs(7), 0.3));
    });
}

fn diff(c: &mut Criterion) {
    let versions = versions(2);
    let mut watched =
        Watched::new(flow(), liveflow::SessionId::parse(&session_id(1)).expect("a UUID"));
    let mut looks = versions.iter().map(|version| {
        watched.turn(Some(version));
        watched.look()
    });
    let (before, after) = (looks.next().expect("one"), looks.next().expect("another"));
    c.bench_function("diff", |b| b.iter(|| tell(black_box(&before), black_box(&after))));
}

criterion_group!(benches, machine, schedule, diff);
criterion_main!(benches);
