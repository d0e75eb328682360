//! From a flow file to a checked flow.

use std::time::Duration;

use regex_lite::Regex;
use serde_json::Value;
use uuid::Uuid;

use super::condition::{Accept, Condition, Test};
use super::file::{AcceptFile, FlowFile, StepFile, StepType, WhenFile, WhenRejected};
use super::template::{Names, Template};
use super::{After, Flow, Mistake, Question, Rejected, Step, graph, wire};
use crate::clock::ServiceTime;

pub(crate) fn compile(
    file: FlowFile,
    text: &str,
    uploaded_as: Option<Uuid>,
    now: ServiceTime,
) -> Result<Flow, Mistake> {
    let id = match (file.id, uploaded_as) {
        (Some(id), Some(path)) if id != path => {
            return Err(Mistake::in_flow(format!(
                "the flow's id is {id}, but the path says {path}"
            )));
        }
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Err(Mistake::in_flow("missing field `id`: a UUID of your choice")),
    };
    check_names(&file.steps)?;
    let names: Vec<String> = file.steps.iter().map(|step| step.name.clone()).collect();
    for (index, step) in file.steps.iter().enumerate() {
        check_members(step).map_err(|message| {
            Mistake::in_step(index, format!("step `{}`: {message}", step.name))
        })?;
    }
    let start = graph::start(&file.steps)?;
    let edges = graph::edges(&file.steps, &names)?;
    graph::check(&file.steps, &edges, start)?;
    let steps = file
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            compile_step(id, step, &names, &edges[index], now).map_err(|message| {
                Mistake::in_step(index, format!("step `{}`: {message}", step.name))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let version = wire::version(id, text, &file, &edges, now);
    Ok(Flow {
        id,
        name: file.name,
        description: file.description,
        required_inputs: file.required_inputs,
        ready: Duration::from_millis(file.ready_ms),
        steps,
        start,
        version,
    })
}

fn check_names(steps: &[StepFile]) -> Result<(), Mistake> {
    for (index, step) in steps.iter().enumerate() {
        let name = &step.name;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(plain) {
            let message = format!("step name {name:?}: use letters, digits, `_` and `-`");
            return Err(Mistake::in_step(index, message));
        }
        if name == "inputs" {
            return Err(Mistake::in_step(index, "`inputs` names the session's inputs, not a step"));
        }
        if steps[..index].iter().any(|earlier| earlier.name == *name) {
            return Err(Mistake::in_step(index, format!("a second step is called `{name}`")));
        }
    }
    Ok(())
}

/// Members that a type has no use for would be silently without effect.
fn check_members(step: &StepFile) -> Result<(), String> {
    use StepType::{Branch, End, Input, Llm, Start, Tool};
    let useless = |member: &str, present: bool, types: &[StepType]| {
        if !present || types.contains(&step.step_type) {
            return Ok(());
        }
        Err(format!("a step of type `{}` has no use for `{member}`", step.step_type.as_written()))
    };
    useless("prompt", step.prompt.is_some(), &[Llm, Tool, Input, Branch])?;
    useless("result", step.result.is_some(), &[Llm, Tool, Branch, End])?;
    useless("fail", step.fail.is_some(), &[Llm, Tool, Branch, End])?;
    useless("accept", step.accept.is_some(), &[Input])?;
    useless("transitions", !step.transitions.is_empty(), &[Start, Llm, Tool, Input, Branch])?;
    if step.step_type == Input && step.prompt.is_none() {
        return Err("an input step needs a `prompt`: what to ask".to_owned());
    }
    if let Some(prompt) = &step.prompt
        && !(prompt.is_string() || prompt.is_object())
    {
        return Err("`prompt` is a string or an object".to_owned());
    }
    check_transitions(step)
}

fn check_transitions(step: &StepFile) -> Result<(), String> {
    if step.fail.is_some() {
        return if step.transitions.is_empty() {
            Ok(())
        } else {
            Err("a step with `fail` leads nowhere: remove its `transitions`".to_owned())
        };
    }
    match (step.step_type, step.transitions.as_slice()) {
        (StepType::End, _) => Ok(()),
        (StepType::Branch, transitions) => {
            let Some((last, earlier)) = transitions.split_last() else {
                return Err("a branch needs `transitions`".to_owned());
            };
            if !last.otherwise || last.when.is_some() {
                return Err("a branch's last transition must be `\"otherwise\": true`, without \
                            `when`"
                    .to_owned());
            }
            if earlier.iter().any(|transition| transition.otherwise || transition.when.is_none()) {
                return Err("all of a branch's transitions but the last need `when`".to_owned());
            }
            Ok(())
        }
        (_, [only]) if only.when.is_none() && !only.otherwise => Ok(()),
        (_, [_]) => Err("only a branch has conditions on its transitions".to_owned()),
        (step_type, transitions) => Err(format!(
            "a step of type `{}` needs exactly one transition, not {}",
            step_type.as_written(),
            transitions.len()
        )),
    }
}

fn compile_step(
    flow: Uuid,
    step: &StepFile,
    names: &[String],
    targets: &[usize],
    now: ServiceTime,
) -> Result<Step, String> {
    let names = Names { steps: names, asking_again: false };
    let template = |value: &Option<Value>| {
        value.as_ref().map(|value| Template::parse(value, &names)).transpose()
    };
    let question = match (step.step_type, &step.accept) {
        (StepType::Input, Some(accept)) => Some(compile_question(accept, names.steps)?),
        (StepType::Input, None) => {
            Some(Question { accept: Accept::default(), rejected: Rejected::Refuse })
        }
        _ => None,
    };
    Ok(Step {
        kind: step.step_type,
        name: step.name.clone(),
        duration: step.duration_ms,
        prompt: template(&step.prompt)?,
        result: template(&step.result)?,
        question,
        after: compile_after(step, &names, targets)?,
        shown: wire::step(flow, step, now),
    })
}

fn compile_after(step: &StepFile, names: &Names<'_>, targets: &[usize]) -> Result<After, String> {
    if let Some(error) = &step.fail {
        return Ok(After::Fail(Template::parse(&Value::String(error.clone()), names)?));
    }
    let Some((otherwise, chosen)) = targets.split_last() else { return Ok(After::End) };
    if step.step_type != StepType::Branch {
        return Ok(After::Next(*otherwise));
    }
    let choices = step
        .transitions
        .iter()
        .zip(chosen)
        .filter_map(|(transition, target)| Some((transition.when.as_ref()?, *target)))
        .map(|(when, target)| Ok((compile_condition(when, names)?, target)))
        .collect::<Result<_, String>>()?;
    Ok(After::Choose { choices, otherwise: *otherwise })
}

fn compile_condition(when: &WhenFile, names: &Names<'_>) -> Result<Condition, String> {
    let tests = [
        when.equals.clone().map(Test::Equals),
        when.contains.clone().map(Test::Contains),
        when.one_of.clone().map(Test::OneOf),
        when.at_least.map(Test::AtLeast),
    ];
    let mut tests = tests.into_iter().flatten();
    match (tests.next(), tests.next()) {
        (Some(test), None) => Ok(Condition { value: Template::parse(&when.value, names)?, test }),
        _ => {
            Err("`when` needs exactly one of `equals`, `contains`, `one_of`, `at_least`".to_owned())
        }
    }
}

fn compile_question(accept: &AcceptFile, names: &[String]) -> Result<Question, String> {
    if accept.one_of.is_none() && accept.min_length == 0 && accept.pattern.is_none() {
        return Err("`accept` accepts everything: give `one_of`, `min_length` or `pattern`, or \
                    leave it out"
            .to_owned());
    }
    let pattern = accept
        .pattern
        .as_deref()
        .map(Regex::new)
        .transpose()
        .map_err(|error| format!("`accept.pattern`: {error}"))?;
    let rejected = match (accept.when_rejected, &accept.ask_again_prompt) {
        (WhenRejected::Refuse, None) => Rejected::Refuse,
        (WhenRejected::Refuse, Some(_)) => {
            return Err(
                "`ask_again_prompt` is never shown when a rejected answer is refused".into()
            );
        }
        (WhenRejected::AskAgain, Some(prompt)) if prompt.is_string() || prompt.is_object() => {
            Rejected::AskAgain(Template::parse(
                prompt,
                &Names { steps: names, asking_again: true },
            )?)
        }
        (WhenRejected::AskAgain, Some(_)) => {
            return Err("`ask_again_prompt` is a string or an object".to_owned());
        }
        (WhenRejected::AskAgain, None) => {
            return Err("`accept` needs an `ask_again_prompt`, or `\"when_rejected\": \"refuse\"`"
                .to_owned());
        }
    };
    let accept = Accept { one_of: accept.one_of.clone(), min_length: accept.min_length, pattern };
    Ok(Question { accept, rejected })
}
