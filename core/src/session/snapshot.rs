//! A session as one answer of the service showed it.

use std::time::SystemTime;

use crate::error::{ErrorContext, LiveFlowError, Result};
use crate::ids::{LiveFlowId, SessionId, StepRunId};
use crate::json::Json;

use super::prompt::prompt_text;
use super::status::SessionStatus;

/// One session, as the newest accepted answer of the service showed it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// The flow it is a run of.
    pub live_flow_id: LiveFlowId,
    /// How far it is.
    pub status: SessionStatus,
    /// The service's own word for the status.
    pub raw_status: String,
    /// What it was started with.
    pub inputs: Option<Json>,
    /// The step it is at, where the service says.
    pub current_step: Option<StepRun>,
    /// One entry for each execution of a step so far.
    pub steps: Vec<StepRun>,
    /// How many steps the flow has, where the service says.
    pub steps_count: Option<u32>,
    /// Why it failed. For debugging: do not show it to end users (documented).
    pub error: Option<Json>,
    /// The version of the flow that it runs, with its steps and transitions.
    pub flow_version: Option<Json>,
    /// When it was created, by the service's clock.
    pub created_at: Option<SystemTime>,
    /// When it last changed, by the service's clock.
    pub updated_at: Option<SystemTime>,
    /// The whole answer as the service wrote it.
    pub raw_json: Json,
}

/// One execution of one step.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct StepRun {
    /// Identifies this execution (not the step in the flow).
    pub id: StepRunId,
    /// The step's name in the flow.
    pub name: Option<String>,
    /// The service's word for what kind of step it is, such as `LLM` or `INPUT`.
    pub step_type: Option<String>,
    /// How far this execution is.
    pub status: SessionStatus,
    /// The service's own word for the status.
    pub raw_status: String,
    /// Its input: for a step that asks, what to ask.
    pub prompt: Option<Json>,
    /// Its output: for a step that asks, the answer.
    pub result: Option<Json>,
    /// What the end user answered.
    pub user_input: Option<Json>,
    /// Why it failed.
    pub error: Option<Json>,
    /// When it began, by the service's clock.
    pub created_at: Option<SystemTime>,
    /// When it last changed, by the service's clock.
    pub updated_at: Option<SystemTime>,
}

/// Steps done, of steps known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Progress {
    /// Executions that have ended.
    pub done: u32,
    /// How many steps are known: the flow's count, or the executions so far if those are more.
    pub known: u32,
}

/// One question and its answer, if it has one yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Exchange {
    /// The execution of the step that asked.
    pub run_id: StepRunId,
    /// The step's name in the flow.
    pub step_name: Option<String>,
    /// What was asked, as text.
    pub question: String,
    /// What the end user answered, as text.
    pub answer: Option<String>,
}

impl Session {
    /// A session of which nothing but its id is known.
    pub(crate) fn unseen(live_flow_id: &LiveFlowId, id: &SessionId) -> Self {
        Self {
            id: id.clone(),
            live_flow_id: live_flow_id.clone(),
            status: SessionStatus::Unrecognised,
            raw_status: String::new(),
            inputs: None,
            current_step: None,
            steps: Vec::new(),
            steps_count: None,
            error: None,
            flow_version: None,
            created_at: None,
            updated_at: None,
            raw_json: Json::null(),
        }
    }

    /// The result of the last finished step.
    pub fn output(&self) -> Option<&Json> {
        self.steps
            .iter()
            .rev()
            .find(|step| step.status == SessionStatus::Finished && step.result.is_some())
            .and_then(|step| step.result.as_ref())
    }

    /// The output of a session that did not fail; `SessionFailed` for one that did.
    pub fn require_output(&self) -> Result<Option<&Json>> {
        match self.failure() {
            Some(error) => Err(error),
            None => Ok(self.output()),
        }
    }

    /// `SessionFailed` if this session failed.
    pub fn failure(&self) -> Option<LiveFlowError> {
        (self.status == SessionStatus::Failed).then(|| LiveFlowError::SessionFailed {
            context: ErrorContext {
                reason: format!("the session {} failed or was cancelled", self.id),
                detail: self.error.as_ref().map(Json::to_text),
                ..ErrorContext::default()
            },
        })
    }

    /// Steps done, of steps known.
    pub fn progress(&self) -> Progress {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let runs = count(self.steps.len());
        Progress {
            done: count(self.steps.iter().filter(|step| step.status.is_end()).count()),
            known: self.steps_count.unwrap_or(runs).max(runs),
        }
    }

    /// The questions so far, each with its answer.
    pub fn transcript(&self) -> Vec<Exchange> {
        self.steps
            .iter()
            .filter(|step| {
                step.user_input.is_some() || step.status == SessionStatus::WaitingForUserInput
            })
            .map(|step| Exchange {
                run_id: step.id.clone(),
                step_name: step.name.clone(),
                question: step.prompt.as_ref().map(prompt_text).unwrap_or_default(),
                answer: step.user_input.as_ref().map(Json::to_text),
            })
            .collect()
    }

    /// The entry of one execution, whether it stands in `steps` or only as the current step.
    pub(crate) fn run(&self, id: &StepRunId) -> Option<&StepRun> {
        self.current_step
            .as_ref()
            .filter(|step| step.id == *id)
            .or_else(|| self.steps.iter().find(|step| step.id == *id))
    }

    /// Every execution once: those in `steps`, then the current step if it is not among them.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &StepRun> {
        let current = self.current_step.as_ref();
        let in_steps = |id: &StepRunId| self.steps.iter().any(|step| step.id == *id);
        self.steps
            .iter()
            .map(move |step| current.filter(|current| current.id == step.id).unwrap_or(step))
            .chain(current.filter(|step| !in_steps(&step.id)))
    }
}
