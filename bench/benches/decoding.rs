//! Reading what the service says: small and large sessions, and a list of ten thousand.
#![allow(missing_docs)] // criterion's macros write a function without

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use liveflow::LiveFlowId;
use liveflow::internals::benching::{decode, decode_list};
use liveflow_bench::canned::{Canned, FLOW};

/// What arrives off a connection at once.
const CHUNK: usize = 16 * 1024;

fn flow() -> LiveFlowId {
    LiveFlowId::parse(FLOW).expect("a UUID")
}

fn one(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    for (name, canned) in [("3.6 KB", Canned::small()), ("100 KB", Canned::large())] {
        let body = canned.body(1, 0);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| b.iter(|| decode(&body, &flow()).expect("a session")));
    }
    group.finish();
}

fn list(c: &mut Criterion) {
    let list = Canned::small().list(10_000);
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Bytes(list.len() as u64));
    group.sample_size(10);
    group.bench_function("a list of 10,000", |b| {
        b.iter(|| decode_list(list.chunks(CHUNK), &flow(), 1 << 24).expect("a list"));
    });
    group.finish();
}

criterion_group!(benches, one, list);
criterion_main!(benches);
