//! A crowd of sessions that one client watches at once, under faults and through an outage: each comes
//! to its end, memory, threads and file descriptors stay flat, and after the outage nobody storms the
//! service.
//!
//! `LIVEFLOW_LOAD_SESSIONS`, `LIVEFLOW_LOAD_SECONDS` and `LIVEFLOW_SEED` make it longer or another one;
//! see `scripts/soak --load`. How many requests a second there are is asserted in long runs only: a
//! short one would measure how busy the machine is.

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::long::{asked, seed};
use common::{PATIENCE, client_with, inputs, slow, status};
use futures_util::{StreamExt, stream};
use liveflow::{Client, Events, SessionEvent, SessionId};
use liveflow_simulator::{Call, Fault, FaultRule, Outage, Simulator};
use serde_json::json;

const FLOW: &str = "10ad0000-0000-4000-8000-000000000000";

/// The times of a run, as shares of how long it is.
const OUTAGE_AT: f64 = 0.4;
const OUTAGE: f64 = 1.0 / 30.0;
const FIRST_END: f64 = 0.75;
const LAST_END: f64 = 0.95;

/// How many requests the client has under way at most.
const CONNECTIONS: u32 = 64;

/// How long a run must be for its rates to be asserted.
const LONG: Duration = Duration::from_secs(120);

/// How many requests the service has taken in each second.
#[derive(Clone)]
struct Rates {
    began: Instant,
    seconds: Arc<Mutex<Vec<u32>>>,
}

impl Rates {
    fn new() -> Self {
        Self { began: Instant::now(), seconds: Arc::default() }
    }

    fn now(&self) -> usize {
        usize::try_from(self.began.elapsed().as_secs()).unwrap()
    }

    fn count(&self) {
        let (now, mut seconds) = (self.now(), self.seconds.lock().unwrap());
        if seconds.len() <= now {
            seconds.resize(now + 1, 0);
        }
        seconds[now] += 1;
    }

    fn mean(&self, from: usize, to: usize) -> f64 {
        let seconds = self.seconds.lock().unwrap();
        let seconds = &seconds[from.min(seconds.len())..to.min(seconds.len())];
        f64::from(seconds.iter().sum::<u32>())
            / f64::from(u32::try_from(seconds.len().max(1)).unwrap())
    }

    fn most(&self, from: usize, to: usize) -> f64 {
        let seconds = self.seconds.lock().unwrap();
        seconds.iter().take(to).skip(from).max().copied().map_or(0.0, f64::from)
    }
}

/// What the process holds, the service within it too: its sockets are among the files.
#[derive(Debug, Clone, Copy)]
struct Held {
    kilobytes: u64,
    threads: u64,
    files: usize,
}

impl Held {
    /// Nothing where nobody says.
    fn now() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let number = |name: &str| -> Option<u64> {
            let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
            rest.trim().trim_end_matches("kB").trim().parse().ok()
        };
        let files = std::fs::read_dir("/proc/self/fd").ok()?.count();
        Some(Self { kilobytes: number("VmRSS:")?, threads: number("Threads:")?, files })
    }

    fn has_stayed(self, after: Self) -> bool {
        // Buffers of connections, and tables that are about to grow.
        after.kilobytes < self.kilobytes + self.kilobytes / 20 + 16 * 1024
            // Runtimes have a few threads for what blocks, which come and go.
            && after.threads <= self.threads + 4
            // No more than there are connections, whose both ends are in this process.
            && after.files <= self.files + 2 * CONNECTIONS as usize
    }
}

async fn service(length: Duration, rates: &Rates) -> Simulator {
    let share = |share: f64| u64::try_from(length.mul_f64(share).as_millis()).unwrap();
    let work = json!({"min": share(FIRST_END), "max": share(LAST_END)});
    let flow = json!({
        "id": FLOW, "name": "a long piece of work", "ready_ms": 0,
        "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "work"}]},
            {"name": "work", "type": "tool", "duration_ms": work, "transitions": [{"to": "end"}]},
            {"name": "end", "type": "end"},
        ],
    });
    let counted = rates.clone();
    let simulator = Simulator::builder()
        .seed(seed())
        // It stands still until everybody is there.
        .speed(0.001)
        .flow(flow.to_string())
        .request_log(move |_| counted.count())
        .start()
        .await
        .unwrap();
    // Nothing that grows in the service is to be taken for something that grows in the client.
    let journal = simulator.settings().merged(&json!({"journal": {"requests": false}})).unwrap();
    simulator.set_settings(journal).unwrap();
    simulator
}

fn set_faults(simulator: &Simulator) {
    let get =
        |fault, percent: f64| FaultRule::new(Call::GetSession, fault).probability(percent / 100.0);
    let faults = vec![
        get(slow(30), 5.0),
        get(Fault::ResetBeforeEffect {}, 2.0),
        get(Fault::ResetMidBody {}, 1.0),
        get(Fault::MalformedBody {}, 1.0),
        get(status(502), 2.0),
    ];
    simulator.add_faults(faults).unwrap();
}

/// One that looks at each session every so often.
fn watcher(simulator: &Simulator, interval: Duration, rate: f64) -> Client {
    client_with(simulator, |config| {
        config.polling.running_max = interval;
        config.polling.running_min = interval.mul_f64(0.6);
        config.retry = liveflow::RetryConfig::default();
        config.requests_per_second = rate;
        config.max_concurrent_requests = CONNECTIONS;
    })
}

async fn create(simulator: &Simulator, sessions: u64) -> Vec<SessionId> {
    let creator = client_with(simulator, |config| config.max_concurrent_requests = CONNECTIONS);
    stream::iter(0..sessions)
        .map(|_| creator.create_session(FLOW, inputs()))
        .buffer_unordered(CONNECTIONS as usize)
        .map(|session| session.unwrap().id)
        .collect()
        .await
}

/// Everything that is told of one session; says whether its last word was that it has finished.
async fn follow(events: Events) -> bool {
    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event);
    }
    matches!(last, Some(SessionEvent::Finished { .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_watched_to_its_end_in_flat_memory_and_storms_nothing_after_an_outage() {
    let sessions = asked("LIVEFLOW_LOAD_SESSIONS", 500);
    let length = Duration::from_secs(asked("LIVEFLOW_LOAD_SECONDS", 20));
    let is_long = length >= LONG;
    // Two hundred requests a second in a long run, more than the budget allows in none.
    #[expect(clippy::cast_precision_loss, reason = "of ten thousand")]
    let interval = Duration::from_secs_f64((sessions as f64 / 200.0).max(1.0));
    let rates = Rates::new();
    let simulator = service(length, &rates).await;
    let ids = create(&simulator, sessions).await;
    let client = watcher(&simulator, interval, 1000.0);
    let mut following = Vec::new();
    let mut watched = Vec::new();
    for id in &ids {
        let live = client.watch(FLOW, id).await.unwrap();
        following.push(tokio::spawn(follow(live.events())));
        watched.push(live);
    }
    // First looks are spread over an interval.
    let looked_at = async {
        while watched.iter().any(|live| live.snapshot().is_none()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(interval + PATIENCE * 4, looked_at).await.expect("each is looked at");

    set_faults(&simulator);
    simulator.set_speed(1.0);
    let began = Instant::now();
    let at = |share: f64| tokio::time::sleep_until((began + length.mul_f64(share)).into());
    at(0.15).await;
    let calm_from = rates.now();
    let before = Held::now();
    at(OUTAGE_AT).await;
    let calm_to = rates.now();
    simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    at(OUTAGE_AT + OUTAGE).await;
    simulator.end_outage().await.unwrap();
    let restored = rates.now();
    at(FIRST_END - 0.02).await;
    let after = Held::now();
    let looked_until = rates.now().min(restored + 60);

    let mut finished = 0;
    for following in following {
        let is_finished = tokio::time::timeout(length + Duration::from_secs(60), following);
        finished += u64::from(is_finished.await.expect("each session ends").unwrap());
    }
    let (mean, most) = (rates.mean(calm_from, calm_to), rates.most(restored, looked_until));
    let herd = most / mean;
    println!(
        "seed {}: {sessions} sessions watched at once for {length:?}, {finished} finished; {mean:.0} \
         requests a second before the outage of {:?}, at most {most:.0} in any second of the minute \
         after it, herd factor {herd:.2}; {before:?}, {after:?}",
        seed(),
        length.mul_f64(OUTAGE),
    );
    assert_eq!(finished, sessions);
    if let (Some(before), Some(after)) = (before, after) {
        assert!(before.has_stayed(after), "{before:?}, {after:?}");
    }
    assert!(!is_long || herd <= 1.5, "herd factor {herd:.2}");
}
