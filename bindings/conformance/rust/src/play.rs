//! Playing one scenario.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::failure::{Failure, Reason, Result};
use crate::judge::judge;
use crate::perform::Here;
use crate::scenario::Scenario;
use crate::service::LOOK_EVERY;
use crate::stage::Stage;

/// How long after the clients were closed the journal is read.
const AFTERMATH: Duration = Duration::from_millis(100);

pub(crate) async fn play(scenario: Scenario) -> Result<()> {
    let limit = Duration::from_millis(scenario.time_limit_ms);
    let stage = Stage::set_up(scenario).await?;
    let played = tokio::time::timeout(limit, async {
        tokio::select! {
            biased;
            failure = stage.failed() => Err(failure),
            result = everything(&stage) => result,
        }
    });
    let result = match played.await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(Reason::TimeLimit, so_far(&stage, limit))),
    };
    stage.close_clients();
    let result = match result {
        Ok(()) => {
            tokio::time::sleep(AFTERMATH).await;
            judge(&stage).await
        }
        failed => failed,
    };
    stage.abort_tasks();
    result
}

/// The script, then what runs beside it.
async fn everything(stage: &Arc<Stage>) -> Result<()> {
    for action in &stage.scenario.script {
        stage.perform(action, &Here::default()).await?;
    }
    stage.join(None).await?;
    for (_, consumer) in stage.consumers() {
        while !consumer.has_ended() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    // What a reaction to the very last event has started.
    stage.join(None).await
}

fn so_far(stage: &Stage, limit: Duration) -> String {
    let mut report = format!("over after {} ms; until then", limit.as_millis());
    for (name, consumer) in stage.consumers() {
        let end = if consumer.has_ended() { "has ended" } else { "has not ended" };
        let _ = write!(report, "\n  {name} ({end}) was told");
        for event in consumer.events() {
            let _ = write!(report, "\n    {}", crate::judge::brief(&event));
        }
    }
    report
}
