//! Flows and steps as the service shows them inside a session. They never change once a flow is
//! loaded, so they are written once.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::file::{FlowFile, StepFile};
use crate::clock::ServiceTime;
use crate::json::Json;

/// A step of a flow.
#[derive(Serialize, ToSchema)]
#[schema(as = Step)]
pub(crate) struct ShownStep {
    id: Uuid,
    name: String,
    /// `START`, `LLM`, `TOOL`, `INPUT`, `BRANCH` or `END`.
    step_type: String,
    #[schema(value_type = Option<Object>, required)]
    prompt_template: Option<Value>,
    #[schema(value_type = String, format = DateTime)]
    created_at: ServiceTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: ServiceTime,
}

/// A way from one step to the next.
#[derive(Serialize, ToSchema)]
pub(crate) struct StepTransition {
    id: Uuid,
    source_step_id: Uuid,
    target_step_id: Uuid,
    #[schema(required)]
    label: Option<String>,
}

/// The steps of a flow, as they were when a session was created.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlowVersion {
    id: Uuid,
    flow_id: Uuid,
    steps: Vec<ShownStep>,
    step_transitions: Vec<StepTransition>,
    #[schema(value_type = String, format = DateTime)]
    created_at: ServiceTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: ServiceTime,
}

pub(crate) fn step(flow: Uuid, step: &StepFile, now: ServiceTime) -> Json {
    Json::new(&shown(flow, step, now))
}

pub(crate) fn version(
    flow: Uuid,
    text: &str,
    file: &FlowFile,
    edges: &[Vec<usize>],
    now: ServiceTime,
) -> Json {
    let step_transitions = file
        .steps
        .iter()
        .zip(edges)
        .flat_map(|(step, targets)| {
            step.transitions.iter().zip(targets).enumerate().map(move |(number, (way, target))| {
                StepTransition {
                    id: Uuid::new_v5(&flow, format!("{} {number}", step.name).as_bytes()),
                    source_step_id: step_id(flow, &step.name),
                    target_step_id: step_id(flow, &file.steps[*target].name),
                    label: way.label.clone(),
                }
            })
        })
        .collect();
    Json::new(&FlowVersion {
        id: Uuid::new_v5(&flow, text.as_bytes()),
        flow_id: flow,
        steps: file.steps.iter().map(|step| shown(flow, step, now)).collect(),
        step_transitions,
        created_at: now,
        updated_at: now,
    })
}

fn shown(flow: Uuid, step: &StepFile, now: ServiceTime) -> ShownStep {
    let prompt_template = step.prompt.as_ref().map(|prompt| match prompt {
        Value::String(text) => json!({"type": "text", "text": text}),
        other => other.clone(),
    });
    ShownStep {
        id: step_id(flow, &step.name),
        name: step.name.clone(),
        step_type: step.step_type.as_written().to_uppercase(),
        prompt_template,
        created_at: now,
        updated_at: now,
    }
}

/// The same in every version of a flow, as long as the step keeps its name.
fn step_id(flow: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&flow, format!("step {name}").as_bytes())
}
