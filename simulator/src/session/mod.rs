//! Sessions: a flow in progress. Nothing runs in the background: whoever looks at a session first
//! brings it up to the present.

mod answer;
pub(crate) mod body;
mod progress;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use answer::{Answer, Refused};
pub(crate) use progress::NewSession;
pub(crate) use store::{Entry, Store};

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::clock::ServiceTime;
use crate::flow::Flow;
use crate::journal::InputRecord;
use crate::json::Json;

/// How many earlier states are kept for stale reads.
const KEPT_STATES: usize = 32;

/// The status of a session or of a step run, whatever its word on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Status {
    Ready,
    Running,
    Waiting,
    Finished,
    Failed,
}

pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) flow: Arc<Flow>,
    /// As they were sent.
    pub(crate) inputs: Json,
    input_values: Value,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) created_at: ServiceTime,
    pub(crate) cancelled: bool,
    /// Every answer that took effect, for the journal.
    pub(crate) answers: Vec<InputRecord>,
    state: State,
    past: VecDeque<State>,
    /// Counts changes, so that a body can be kept until the next one.
    changes: u64,
    rng: fastrand::Rng,
    kept_body: Option<KeptBody>,
}

/// All that changes, so that earlier states can be shown again.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) progress: Progress,
    pub(crate) runs: Vec<Arc<StepRun>>,
    pub(crate) updated_at: ServiceTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Ready { until: ServiceTime },
    Running { until: ServiceTime },
    Waiting,
    Finished,
    Failed { error: String },
}

impl Progress {
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Ready { .. } => Status::Ready,
            Self::Running { .. } => Status::Running,
            Self::Waiting => Status::Waiting,
            Self::Finished => Status::Finished,
            Self::Failed { .. } => Status::Failed,
        }
    }
}

/// One execution of a step.
#[derive(Clone)]
pub(crate) struct StepRun {
    pub(crate) id: Uuid,
    /// Index of the step in the flow.
    pub(crate) step: usize,
    pub(crate) status: Status,
    pub(crate) prompt: Option<Json>,
    pub(crate) result: Option<Json>,
    pub(crate) user_input: Option<Json>,
    pub(crate) error: Option<String>,
    /// How often it has asked.
    pub(crate) round: u32,
    pub(crate) created_at: ServiceTime,
    pub(crate) updated_at: ServiceTime,
}

struct KeptBody {
    changes: u64,
    settings: u64,
    body: Bytes,
}

impl Session {
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn status(&self) -> Status {
        self.state.progress.status()
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// The state as of so many changes ago, or the oldest that is kept.
    pub(crate) fn state_before(&self, changes: usize) -> &State {
        match self.past.len().checked_sub(changes) {
            Some(index) => self.past.get(index).unwrap_or(&self.state),
            None => self.past.front().unwrap_or(&self.state),
        }
    }

    /// The one way to change: every change gets a time of its own and becomes history later.
    fn change(&mut self, at: ServiceTime, apply: impl FnOnce(&mut State, ServiceTime)) {
        if self.past.len() == KEPT_STATES {
            self.past.pop_front();
        }
        self.past.push_back(self.state.clone());
        let stamp = at.max(self.state.updated_at.next());
        apply(&mut self.state, stamp);
        self.state.updated_at = stamp;
        self.changes += 1;
    }
}

impl State {
    /// Changes the run that is current.
    fn update_run(&mut self, stamp: ServiceTime, apply: impl FnOnce(&mut StepRun)) {
        if let Some(run) = self.runs.last_mut() {
            let run = Arc::make_mut(run);
            apply(run);
            run.updated_at = stamp;
        }
    }
}
