//! What goes wrong: faults by chance, and now and then the whole network or the whole service.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use liveflow_simulator::{
    Call, Cut, Effect, Fault, FaultRule, LateAnswer, LatencyWhen, Outage, Simulator,
};

use crate::common::{limited, slow, status, status_after_effect};
use crate::storm::Storm;

/// Three requests in ten, in every way that a network and a service have.
pub(crate) fn set_faults(simulator: &Simulator) {
    let any = |fault, percent: f64| FaultRule::any(fault).probability(percent / 100.0);
    let on = |call, fault, percent: f64| FaultRule::new(call, fault).probability(percent / 100.0);
    let late = Fault::Latency { ms: 20, when: LatencyWhen::AfterEffect };
    simulator
        .add_faults(vec![
            any(slow(20), 4.0),
            any(late, 2.0),
            any(Fault::ResetBeforeEffect {}, 5.0),
            any(Fault::ResetAfterEffect {}, 3.0),
            any(Fault::ResetMidBody {}, 2.0),
            any(Fault::TruncatedBody {}, 2.0),
            any(Fault::MalformedBody {}, 1.0),
            any(Fault::InvalidUtf8Body {}, 1.0),
            any(Fault::EmptyBody {}, 2.0),
            any(status(502), 2.0),
            any(status_after_effect(500), 2.0),
            any(Fault::HtmlError { status: 503, effect: Effect::None }, 2.0),
            any(Fault::Hold { effect: Effect::None }, 0.3),
            any(Fault::Hold { effect: Effect::Applied }, 0.3),
            any(limited(0), 0.5),
            on(Call::GetSession, Fault::StaleRead { changes: 1 }, 3.0),
            on(Call::GetSession, Fault::UnknownStatus { word: "PONDERING".to_owned() }, 1.0),
            on(
                Call::AddUserInput,
                Fault::LateEffect { ms: 300, answer: LateAnswer::GatewayTimeout },
                3.0,
            ),
            on(Call::AddUserInput, Fault::LateEffect { ms: 300, answer: LateAnswer::Reset }, 3.0),
        ])
        .unwrap();
}

/// Which part of the newest requests had a fault.
pub(crate) fn share_of_faults(simulator: &Simulator) -> f64 {
    let requests = simulator.journal().requests;
    let faulty = requests.iter().filter(|request| !request.faults.is_empty()).count();
    #[expect(clippy::cast_precision_loss, reason = "of a few thousand")]
    let share = faulty as f64 / requests.len().max(1) as f64;
    share
}

#[derive(Debug, Default)]
pub(crate) struct Changes {
    cuts: u32,
    restarts: u32,
    longest_cut: Duration,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cuts, restarts, longest_cut } = self;
        write!(
            f,
            "the network cut {cuts} times, for up to {longest_cut:?}, the service restarted \
             {restarts} times"
        )
    }
}

/// Cuts the network for this long, restarts the service, moves to another network, and again, less
/// and less often, until nobody else holds on to the storm. Each happens at least once.
pub(crate) async fn changes(storm: Arc<Storm>, cut: Duration) -> Changes {
    let simulator = &storm.simulator;
    let mut changes = Changes { longest_cut: cut, ..Changes::default() };
    let mut calm = Duration::from_secs(2);
    loop {
        pause(&storm, calm).await;
        // Packets get no answer at all, or each connection is reset.
        let how = if changes.cuts.is_multiple_of(2) { Outage::Refuse } else { Outage::Reset };
        simulator.begin_outage(how, None).await.unwrap();
        tokio::time::sleep(cut).await;
        simulator.end_outage().await.unwrap();
        changes.cuts += 1;

        pause(&storm, calm).await;
        restart(simulator).await;
        changes.restarts += 1;

        pause(&storm, calm).await;
        simulator.drop_connections(Cut::Close);
        storm.client.network_changed();
        storm.client.suspend();
        tokio::time::sleep(Duration::from_millis(100)).await;
        storm.client.resume();
        if is_over(&storm) {
            return changes;
        }
        calm *= 2;
    }
}

/// Whether only this and whoever waits for it still have the storm.
fn is_over(storm: &Arc<Storm>) -> bool {
    Arc::strong_count(storm) <= 2
}

/// Leaves everybody in peace for this long, if there is anybody.
async fn pause(storm: &Arc<Storm>, calm: Duration) {
    let until = Instant::now() + calm;
    while Instant::now() < until && !is_over(storm) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Connections break and the port is shut for a moment; then replicas lag behind for a while.
async fn restart(simulator: &Simulator) {
    simulator.drop_connections(Cut::Reset);
    simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let lagging = FaultRule::new(Call::GetSession, Fault::StaleRead { changes: 2 });
    simulator.add_faults(vec![lagging.probability(0.5).times(200)]).unwrap();
    simulator.end_outage().await.unwrap();
}
