//! The parts of `scripts/bench` that are written in Rust. Each prints one line of JSON.

mod load;
mod peers;
mod quiz;
mod schedule;
mod service;
mod sessions;

use std::time::Duration;

use clap::{Parser, Subcommand};
use liveflow::PollingConfig;
use peak_alloc::PeakAlloc;

use load::Load;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

#[derive(Debug, Parser)]
#[command(about = "Measures the SDK against what people would use instead; see scripts/bench.")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Plays polling schedules on the trace: polls spent against delay seen.
    Schedule {
        /// Instead of the default, in milliseconds.
        #[arg(long)]
        running_min: Option<u64>,
        /// Instead of the default, in milliseconds.
        #[arg(long)]
        running_max: Option<u64>,
        /// Instead of the default.
        #[arg(long)]
        growth: Option<f64>,
    },
    /// Serves canned sessions until the standard input ends; prints its port first.
    Serve(service::Settings),
    /// Polls with as little as there is in Rust.
    Peer {
        #[arg(value_enum)]
        peer: peers::Peer,
        #[command(flatten)]
        load: Load,
    },
    /// Polls with the SDK's core.
    Poll(Load),
    /// What a watched session keeps in memory.
    Memory(Load),
    /// Answers every question of a session that does nothing but ask.
    Quiz {
        /// The service's address.
        #[arg(long)]
        base: String,
        #[arg(long, default_value_t = 200)]
        questions: u32,
    },
    /// What reading a list takes at most.
    List {
        #[arg(long, default_value_t = 10_000)]
        sessions: u32,
    },
}

fn main() {
    rustls::crypto::ring::default_provider().install_default().expect("the first to be installed");
    let result = match Arguments::parse().what {
        What::Schedule { running_min, running_max, growth } => {
            let mut polling = PollingConfig::default();
            let milliseconds =
                |given: Option<u64>, default| given.map_or(default, Duration::from_millis);
            polling.running_min = milliseconds(running_min, polling.running_min);
            polling.running_max = milliseconds(running_max, polling.running_max);
            polling.growth = growth.unwrap_or(polling.growth);
            schedule::report(polling)
        }
        What::Serve(settings) => return run(service::serve(settings)).expect("a free port"),
        What::Peer { peer, load } => run(peers::poll(peer, load)),
        What::Poll(load) => run(sessions::poll(load)),
        What::Memory(load) => run(sessions::memory(load)),
        What::Quiz { base, questions } => run(quiz::answer(base, questions)),
        What::List { sessions } => sessions::list(sessions),
    };
    println!("{result}");
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}
