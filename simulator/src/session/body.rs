//! A session as the service shows it.

use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{KeptBody, Progress, Session, State, Status, StepRun};
use crate::clock::ServiceTime;
use crate::flow::FlowVersion;
use crate::json::Json;
use crate::settings::{CurrentStepAfterEnd, Settings, StatusWords};

/// One run of a flow.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody<'a> {
    id: Uuid,
    steps_count: usize,
    #[schema(value_type = Object)]
    inputs: &'a Json,
    #[schema(required)]
    error: Option<&'a str>,
    status: &'a str,
    #[schema(value_type = FlowVersion)]
    flow_version: &'a Json,
    #[schema(value_type = String, format = DateTime)]
    created_at: ServiceTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: ServiceTime,
    #[schema(required)]
    current_step: Option<StepRunBody<'a>>,
    steps: Vec<StepRunBody<'a>>,
}

/// One execution of a step.
#[derive(Serialize, ToSchema)]
#[schema(as = StepRun)]
pub(crate) struct StepRunBody<'a> {
    id: Uuid,
    status: &'a str,
    #[schema(value_type = Value)]
    prompt: Option<&'a Json>,
    #[schema(value_type = Value)]
    result: Option<&'a Json>,
    #[schema(required)]
    error: Option<&'a str>,
    #[schema(value_type = Value)]
    user_input: Option<&'a Json>,
    #[schema(value_type = crate::flow::ShownStep)]
    step: &'a Json,
    #[schema(value_type = String, format = DateTime)]
    created_at: ServiceTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: ServiceTime,
}

/// How a session is to be shown, when not as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) status_word: Option<String>,
    pub(crate) changes_ago: usize,
}

impl Session {
    /// The body at present. It is written once for each change and each generation of settings.
    pub(crate) fn body(&mut self, view: &View, settings: &Settings, generation: u64) -> Bytes {
        if *view != View::default() {
            return self.write(self.state_before(view.changes_ago), view, settings);
        }
        if let Some(kept) = &self.kept_body
            && (kept.changes, kept.settings) == (self.changes, generation)
        {
            return kept.body.clone();
        }
        let body = self.write(&self.state, view, settings);
        self.kept_body =
            Some(KeptBody { changes: self.changes, settings: generation, body: body.clone() });
        body
    }

    pub(super) fn write(&self, state: &State, view: &View, settings: &Settings) -> Bytes {
        let words = &settings.status_words;
        let ended = state.progress.has_ended();
        let hidden = ended && settings.current_step_after_end == CurrentStepAfterEnd::Null;
        let body = SessionBody {
            id: self.id,
            steps_count: self.flow.steps.len(),
            inputs: &self.inputs,
            error: match &state.progress {
                Progress::Failed { error } => Some(error),
                _ => None,
            },
            status: match &view.status_word {
                Some(word) => word,
                None => words.of(state.progress.status()),
            },
            flow_version: &self.flow.version,
            created_at: self.created_at,
            updated_at: state.updated_at,
            current_step: state
                .runs
                .last()
                .filter(|_| !hidden)
                .map(|run| self.write_run(run, words)),
            steps: state.runs.iter().map(|run| self.write_run(run, words)).collect(),
        };
        Bytes::from(serde_json::to_vec(&body).unwrap_or_default())
    }

    fn write_run<'a>(&'a self, run: &'a StepRun, words: &'a StatusWords) -> StepRunBody<'a> {
        StepRunBody {
            id: run.id,
            status: words.of(run.status),
            prompt: run.prompt.as_ref(),
            result: run.result.as_ref(),
            error: run.error.as_deref(),
            user_input: run.user_input.as_ref(),
            step: &self.flow.steps[run.step].shown,
            created_at: run.created_at,
            updated_at: run.updated_at,
        }
    }
}

impl StatusWords {
    fn of(&self, status: Status) -> &str {
        match status {
            Status::Ready => &self.ready,
            Status::Running => &self.running,
            Status::Waiting => &self.waiting,
            Status::Finished => &self.finished,
            Status::Failed => &self.failed,
        }
    }
}
