//! Flows: what a session runs through.

mod compile;
mod condition;
mod file;
mod graph;
mod shipped;
mod template;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use condition::Accept;
pub(crate) use file::{DurationFile, StepType};
pub(crate) use shipped::shipped_flows;
pub(crate) use template::{Root, Scope, Template};
pub(crate) use wire::{FlowVersion, ShownStep, StepTransition};

use std::path::Path;
use std::time::Duration;

use uuid::Uuid;

use self::condition::Condition;
use crate::clock::ServiceTime;
use crate::file::InvalidFile;
use crate::json::Json;

/// A checked flow.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) required_inputs: Vec<String>,
    pub(crate) ready: Duration,
    pub(crate) steps: Vec<Step>,
    /// Index of the start step.
    pub(crate) start: usize,
    /// `flow_version` as every session of this flow shows it.
    pub(crate) version: Json,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) kind: StepType,
    pub(crate) name: String,
    pub(crate) duration: DurationFile,
    pub(crate) prompt: Option<Template>,
    pub(crate) result: Option<Template>,
    pub(crate) question: Option<Question>,
    pub(crate) after: After,
    /// `step` as every run of it shows it.
    pub(crate) shown: Json,
}

/// How an input step treats answers.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) accept: Accept,
    pub(crate) rejected: Rejected,
}

/// What becomes of an answer that is not accepted.
#[derive(Debug)]
pub(crate) enum Rejected {
    Refuse,
    AskAgain(Template),
}

/// What follows when a step's time is over.
#[derive(Debug)]
pub(crate) enum After {
    Next(usize),
    Choose { choices: Vec<(Condition, usize)>, otherwise: usize },
    End,
    Fail(Template),
}

impl After {
    pub(crate) fn choose(&self, scope: &dyn Scope) -> Following {
        match self {
            Self::Next(step) => Following::Step(*step),
            Self::Choose { choices, otherwise } => Following::Step(
                choices
                    .iter()
                    .find(|(condition, _)| condition.holds(scope))
                    .map_or(*otherwise, |(_, step)| *step),
            ),
            Self::End => Following::End,
            Self::Fail(error) => Following::Failure(crate::json::as_text(&error.render(scope))),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Following {
    Step(usize),
    End,
    Failure(String),
}

impl Flow {
    /// Reads and checks a flow. `id` is the one it is uploaded under, if it is.
    pub(crate) fn parse(
        text: &str,
        id: Option<Uuid>,
        now: ServiceTime,
    ) -> Result<Self, InvalidFile> {
        let file: file::FlowFile = crate::file::parse(text)?;
        let offsets = file::step_offsets(text);
        compile::compile(file, text, id, now).map_err(|mistake| {
            let offset = mistake.step.and_then(|step| offsets.get(step)).copied().unwrap_or(0);
            InvalidFile::at_offset(text, offset, mistake.message)
        })
    }

    pub(crate) fn read(path: &Path, now: ServiceTime) -> Result<Self, InvalidFile> {
        let text = crate::file::read(path)?;
        let file = path.display().to_string();
        Self::parse(&text, None, now).map_err(|invalid| invalid.in_file(file))
    }
}

/// Reads every `*.json` of a directory, in the order of their names.
pub(crate) fn read_directory(directory: &Path, now: ServiceTime) -> Result<Vec<Flow>, InvalidFile> {
    let unreadable = |error: std::io::Error| InvalidFile {
        file: Some(directory.display().to_string()),
        line: 1,
        column: 1,
        message: error.to_string(),
    };
    let mut paths = std::fs::read_dir(directory)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| Flow::read(path, now)).collect()
}

/// A mistake in a flow, and in which step it is.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) step: Option<usize>,
    pub(crate) message: String,
}

impl Mistake {
    fn in_flow(message: impl Into<String>) -> Self {
        Self { step: None, message: message.into() }
    }

    fn in_step(step: usize, message: impl Into<String>) -> Self {
        Self { step: Some(step), message: message.into() }
    }
}
