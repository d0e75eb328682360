//! The graph of steps: every step must be reachable, and an end must be reachable from it.

use std::collections::VecDeque;

use super::Mistake;
use super::file::{StepFile, StepType};

/// The steps each step leads to. Fails on a name that does not exist.
pub(crate) fn edges(steps: &[StepFile], names: &[String]) -> Result<Vec<Vec<usize>>, Mistake> {
    steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            step.transitions
                .iter()
                .map(|transition| {
                    names.iter().position(|name| *name == transition.to).ok_or_else(|| {
                        Mistake::in_step(
                            index,
                            format!(
                                "step `{}` leads to `{}`, which does not exist: there are {}",
                                step.name,
                                transition.to,
                                names.join(", ")
                            ),
                        )
                    })
                })
                .collect()
        })
        .collect()
}

/// Index of the one start step.
pub(crate) fn start(steps: &[StepFile]) -> Result<usize, Mistake> {
    let mut starts = (0..steps.len()).filter(|index| steps[*index].step_type == StepType::Start);
    let first = starts.next().ok_or_else(|| {
        Mistake::in_flow("the flow has no start: add a step of type `start` with a transition")
    })?;
    match starts.next() {
        Some(second) => Err(Mistake::in_step(
            second,
            format!(
                "`{}` is a second start beside `{}`: keep one",
                steps[second].name, steps[first].name
            ),
        )),
        None => Ok(first),
    }
}

pub(crate) fn check(steps: &[StepFile], edges: &[Vec<usize>], start: usize) -> Result<(), Mistake> {
    if !steps.iter().any(|step| step.step_type == StepType::End) {
        return Err(Mistake::in_flow("the flow has no end: add a step of type `end`"));
    }
    let from_start = reachable(&[start], edges);
    if let Some(index) = (0..steps.len()).find(|index| !from_start[*index]) {
        return Err(Mistake::in_step(
            index,
            format!(
                "nothing leads to step `{}`: add a transition to it or remove it",
                steps[index].name
            ),
        ));
    }
    let mut backwards = vec![Vec::new(); steps.len()];
    for (from, targets) in edges.iter().enumerate() {
        for target in targets {
            backwards[*target].push(from);
        }
    }
    let ends: Vec<usize> = (0..steps.len())
        .filter(|index| steps[*index].step_type == StepType::End || steps[*index].fail.is_some())
        .collect();
    let to_end = reachable(&ends, &backwards);
    match (0..steps.len()).find(|index| !to_end[*index]) {
        Some(index) => Err(Mistake::in_step(
            index,
            format!(
                "from step `{}` no end can be reached: give its loop a way out",
                steps[index].name
            ),
        )),
        None => Ok(()),
    }
}

fn reachable(from: &[usize], edges: &[Vec<usize>]) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut queue: VecDeque<usize> = from.iter().copied().collect();
    while let Some(index) = queue.pop_front() {
        if !std::mem::replace(&mut seen[index], true) {
            queue.extend(&edges[index]);
        }
    }
    seen
}
