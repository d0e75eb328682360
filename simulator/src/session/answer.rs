//! Answers to the question a session waits with.

use serde_json::Value;

use super::{Progress, Session, Status};
use crate::clock::ServiceTime;
use crate::flow::Rejected;
use crate::journal::{By, InputRecord};
use crate::json::Json;

/// An answer that arrives.
pub(crate) struct Answer {
    pub(crate) input: Json,
    pub(crate) by: By,
    pub(crate) idempotency_key: Option<String>,
    /// Real time since the simulator's start, for the journal.
    pub(crate) time_ms: f64,
}

/// Why an answer has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    NotWaiting,
    NotAccepted,
}

impl Session {
    /// Gives the answer to the question that is open now. The number of its record is returned.
    pub(crate) fn answer(&mut self, now: ServiceTime, answer: Answer) -> Result<usize, Refused> {
        self.advance_to(now);
        let Some(run) = self.state.runs.last().filter(|run| run.status == Status::Waiting).cloned()
        else {
            return Err(Refused::NotWaiting);
        };
        let flow = std::sync::Arc::clone(&self.flow);
        let step = &flow.steps[run.step];
        let value: Value = answer.input.value();
        let accepted = step.question.as_ref().is_none_or(|question| question.accept.takes(&value));
        if !accepted
            && step.question.as_ref().is_some_and(|it| matches!(it.rejected, Rejected::Refuse))
        {
            return Err(Refused::NotAccepted);
        }
        let duration = self.draw(step.duration);
        let input = answer.input.clone();
        self.change(now, |state, stamp| {
            state.progress = Progress::Running { until: stamp.after(duration) };
            state.update_run(stamp, |run| {
                run.status = Status::Running;
                run.user_input = Some(input);
            });
        });
        self.answers.push(InputRecord {
            run: run.id,
            round: run.round,
            step: step.name.clone(),
            input: value,
            by: answer.by,
            count: 1,
            accepted,
            idempotency_key: answer.idempotency_key,
            time_ms: answer.time_ms,
        });
        // Not only to `now`: a step without duration is over in the answer to this very request.
        let present = self.state.updated_at.max(now);
        self.advance_to(present);
        Ok(self.answers.len() - 1)
    }

    /// The same answer came again and was recognised.
    pub(crate) fn count_repetition(&mut self, record: usize) {
        if let Some(record) = self.answers.get_mut(record) {
            record.count += 1;
        }
    }
}
