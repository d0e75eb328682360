//! How a session goes from step to step as time passes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Progress, Session, State, Status, StepRun};
use crate::clock::ServiceTime;
use crate::flow::{DurationFile, Flow, Following, Rejected, Root, Scope, StepType};
use crate::json::Json;

/// A loop that takes no time would otherwise never end.
const MOST_STEP_RUNS: usize = 1000;

/// A session at its beginning.
pub(crate) struct NewSession {
    pub(crate) flow: Arc<Flow>,
    pub(crate) inputs: Json,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) seed: u64,
}

impl NewSession {
    pub(crate) fn begin(self, now: ServiceTime) -> Session {
        let Self { flow, inputs, idempotency_key, seed } = self;
        let run = StepRun {
            id: Uuid::new_v4(),
            step: flow.start,
            status: Status::Ready,
            prompt: None,
            result: None,
            user_input: None,
            error: None,
            round: 0,
            created_at: now,
            updated_at: now,
        };
        let progress = Progress::Ready { until: now.after(flow.ready) };
        Session {
            id: Uuid::new_v4(),
            input_values: inputs.value(),
            flow,
            inputs,
            idempotency_key,
            created_at: now,
            cancelled: false,
            answers: Vec::new(),
            state: State { progress, runs: vec![Arc::new(run)], updated_at: now },
            past: VecDeque::new(),
            changes: 0,
            rng: fastrand::Rng::with_seed(seed),
            kept_body: None,
        }
    }
}

impl Session {
    /// Brings the session up to the present.
    pub(crate) fn advance_to(&mut self, now: ServiceTime) {
        loop {
            match self.state.progress {
                Progress::Ready { until } if until <= now => self.start_running(until),
                Progress::Running { until } if until <= now => self.end_step(until),
                _ => return,
            }
        }
    }

    /// Ends the current step at once, whatever time it still had. False when nothing was running.
    pub(crate) fn finish_step_now(&mut self, now: ServiceTime) -> bool {
        match self.state.progress {
            Progress::Ready { .. } => self.start_running(now),
            Progress::Running { .. } => self.end_step(now),
            _ => return false,
        }
        self.advance_to(now);
        true
    }

    /// Fails the current step and the session. False when it has ended.
    pub(crate) fn fail_now(&mut self, now: ServiceTime, error: &str) -> bool {
        if self.state.progress.has_ended() {
            return false;
        }
        self.fail(now, error.to_owned());
        true
    }

    /// Ends the session as failed. False when it has ended.
    pub(crate) fn cancel(&mut self, now: ServiceTime) -> bool {
        let cancelled = self.fail_now(now, "Session cancelled");
        self.cancelled |= cancelled;
        cancelled
    }

    fn start_running(&mut self, at: ServiceTime) {
        let until = at.after(self.draw(self.flow.steps[self.flow.start].duration));
        self.change(at, |state, stamp| {
            state.progress = Progress::Running { until };
            state.update_run(stamp, |run| run.status = Status::Running);
        });
    }

    fn end_step(&mut self, at: ServiceTime) {
        let flow = Arc::clone(&self.flow);
        let Some(run) = self.state.runs.last().cloned() else { return };
        let step = &flow.steps[run.step];
        if let (Some(question), Some(answer)) = (&step.question, &run.user_input)
            && let Rejected::AskAgain(prompt) = &question.rejected
            && !question.accept.takes(&answer.value())
        {
            let prompt = Json::new(&prompt.render(&AskingAgain { session: self, run: &run }));
            self.change(at, |state, stamp| {
                state.progress = Progress::Waiting;
                state.update_run(stamp, |run| {
                    run.status = Status::Waiting;
                    run.user_input = None;
                    run.prompt = Some(prompt);
                    run.round += 1;
                });
            });
            return;
        }
        let following = match step.after.choose(self) {
            Following::Failure(error) => return self.fail(at, error),
            following => following,
        };
        let result = match step.kind {
            StepType::Input => run.user_input.clone(),
            _ => step.result.as_ref().map(|result| Json::new(&result.render(self))),
        };
        let Following::Step(next) = following else {
            return self.change(at, |state, stamp| {
                state.update_run(stamp, |run| run.finish(result));
                state.progress = Progress::Finished;
            });
        };
        if self.state.runs.len() >= MOST_STEP_RUNS {
            return self.fail(at, format!("The session went through {MOST_STEP_RUNS} steps"));
        }
        // The next step's prompt may need this step's result, hence in two halves of one change.
        let (finished, next_step) = (result, &flow.steps[next]);
        let duration = self.draw(next_step.duration);
        let mut ended = (*run).clone();
        ended.finish(finished.clone());
        let scope = WithRun { session: self, run: &ended };
        let prompt = next_step.prompt.as_ref().map(|prompt| Json::new(&prompt.render(&scope)));
        let asks = next_step.kind == StepType::Input;
        self.change(at, |state, stamp| {
            state.update_run(stamp, |run| run.finish(finished));
            let status = if asks { Status::Waiting } else { Status::Running };
            state.runs.push(Arc::new(StepRun {
                id: Uuid::new_v4(),
                step: next,
                status,
                prompt,
                result: None,
                user_input: None,
                error: None,
                round: u32::from(asks),
                created_at: stamp,
                updated_at: stamp,
            }));
            state.progress = if asks {
                Progress::Waiting
            } else {
                Progress::Running { until: stamp.after(duration) }
            };
        });
    }

    fn fail(&mut self, at: ServiceTime, error: String) {
        self.change(at, |state, stamp| {
            state.update_run(stamp, |run| {
                run.status = Status::Failed;
                run.error = Some(error.clone());
            });
            state.progress = Progress::Failed { error };
        });
    }

    pub(super) fn draw(&mut self, duration: DurationFile) -> Duration {
        Duration::from_millis(self.rng.u64(duration.min..=duration.max))
    }

    fn latest_result(&self, step: usize) -> Option<Value> {
        let run = self.state.runs.iter().rev().find(|run| run.step == step)?;
        Some(run.result.as_ref()?.value())
    }
}

impl Progress {
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self, Self::Finished | Self::Failed { .. })
    }
}

impl StepRun {
    fn finish(&mut self, result: Option<Json>) {
        self.status = Status::Finished;
        self.result = result;
    }
}

impl Scope for Session {
    fn value_of(&self, root: Root) -> Option<Value> {
        match root {
            Root::Inputs => Some(self.input_values.clone()),
            Root::ResultOf(step) => self.latest_result(step),
            Root::Answer | Root::Round => None,
        }
    }
}

/// The session as it will be when its current run has ended.
struct WithRun<'a> {
    session: &'a Session,
    run: &'a StepRun,
}

impl Scope for WithRun<'_> {
    fn value_of(&self, root: Root) -> Option<Value> {
        match root {
            Root::ResultOf(step) if step == self.run.step => {
                Some(self.run.result.as_ref()?.value())
            }
            root => self.session.value_of(root),
        }
    }
}

struct AskingAgain<'a> {
    session: &'a Session,
    run: &'a StepRun,
}

impl Scope for AskingAgain<'_> {
    fn value_of(&self, root: Root) -> Option<Value> {
        match root {
            Root::Answer => self.run.user_input.as_ref().map(Json::value),
            Root::Round => Some(json!(self.run.round + 1)),
            root => self.session.value_of(root),
        }
    }
}
