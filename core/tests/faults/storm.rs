//! Many sessions, while three requests in ten go wrong in every way there is, the network is cut and
//! restored, and the service restarts.
//!
//! `LIVEFLOW_STORM_SESSIONS`, `LIVEFLOW_STORM_CUT` (seconds) and `LIVEFLOW_SEED` make it longer or
//! another one; see `scripts/soak --faults`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::long::{asked, seed};
use crate::common::{builder, client_with};
use futures_util::{StreamExt, stream};
use liveflow::Client;
use liveflow_simulator::{Simulator, SimulatorBuilder};
use serde_json::json;

use crate::story::Story;
use crate::{judge, weather};

/// How many sessions go on side by side.
const AT_ONCE: usize = 400;

/// How many sessions a flow has: a create whose outcome is unknown reads the list of them.
const OF_ONE_FLOW: u64 = 100;

/// Two questions, with work between them and after them.
pub(crate) fn flow(id: &str) -> String {
    let question = |name: &str, to: &str| {
        json!({"name": name, "type": "input", "prompt": {"type": "text", "text": format!("{name}?")},
               "transitions": [{"to": to}]})
    };
    let work = |name: &str, to: &str| {
        json!({"name": name, "type": "tool", "duration_ms": {"min": 200, "max": 2000},
               "transitions": [{"to": to}]})
    };
    let steps = json!([
        {"name": "start", "type": "start", "transitions": [{"to": "work"}]},
        work("work", "first"),
        question("first", "more"),
        work("more", "second"),
        question("second", "end"),
        {"name": "end", "type": "end", "result": "${first.result} ${second.result}"},
    ]);
    json!({"id": id, "name": id, "ready_ms": 100, "steps": steps}).to_string()
}

fn flow_of(session: u64) -> String {
    format!("57010000-0000-4000-8000-{:012x}", session / OF_ONE_FLOW)
}

pub(crate) struct Storm {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
}

impl Storm {
    async fn new(sessions: u64) -> Self {
        let flows = 0..sessions.div_ceil(OF_ONE_FLOW);
        let flows = flows.map(|number| flow(&flow_of(number * OF_ONE_FLOW)));
        let builder = flows.fold(builder().seed(seed()), SimulatorBuilder::flow);
        let simulator = builder.start().await.unwrap();
        let client = client_with(&simulator, |config| {
            // Effects come within the grace, on a busy machine too.
            config.timeouts.request = Duration::from_secs(1);
            config.max_staleness = Duration::from_millis(500);
            config.answer_grace = Duration::from_millis(2500);
            config.timeouts.total = Duration::from_secs(30);
            config.retry.max_backoff = Duration::from_secs(1);
            config.correlation_member = Some("mark".to_owned());
            config.max_concurrent_requests = 64;
        });
        Self { simulator, client }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_of_faults_nothing_is_lost_and_nothing_comes_twice() {
    let sessions = asked("LIVEFLOW_STORM_SESSIONS", 300);
    let cut = Duration::from_secs(asked("LIVEFLOW_STORM_CUT", 3));
    let began = Instant::now();
    let storm = Arc::new(Storm::new(sessions).await);
    weather::set_faults(&storm.simulator);
    let weather = tokio::spawn(weather::changes(Arc::clone(&storm), cut));
    let stories: Vec<_> = stream::iter(0..sessions)
        .map(|number| {
            let storm = Arc::clone(&storm);
            let told =
                tokio::spawn(
                    async move { Story::of(&storm.client, &flow_of(number), number).await },
                );
            async { told.await.expect("each session keeps its promises") }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let share = weather::share_of_faults(&storm.simulator);
    // The weather changes at least once, however quickly the sessions are over.
    let changes = weather.await.unwrap();
    let verdict = judge::Verdict::of(&storm.simulator, &stories);
    println!(
        "seed {}: {sessions} sessions in {:.0?}, {:.0} % of the requests with a fault; {changes}; \
         {verdict}",
        seed(),
        began.elapsed(),
        share * 100.0,
    );
    assert!((0.25..=0.45).contains(&share), "{share}");
}
