//! What can be done with a watch.

use std::sync::Arc;

use liveflow::Prompt;
use serde_json::Value;

use crate::action::{PromptReference, Task};
use crate::calls::{answer, milliseconds, session_form};
use crate::failure::{Failure, Result};
use crate::perform::{Came, Here, came};
use crate::render;
use crate::stage::Stage;

impl Stage {
    /// Carries out what is done with a watch; none if the task is something else.
    pub(crate) async fn direct_watch(
        self: &Arc<Self>,
        task: &Task,
        here: &Here,
    ) -> Result<Option<Came>> {
        let live = |watch: &Option<String>| Ok(self.watch(here.watch(watch.as_ref()))?.live);
        let came = match task {
            Task::Answer { watch, prompt, text, json } => {
                let prompt = self.prompt(prompt.as_ref(), here)?;
                let answer = answer(text.as_ref(), json.as_ref());
                came(live(watch)?.answer(&prompt, answer).await, |()| Value::Null)
            }
            Task::Wait { watch, timeout_ms } => {
                let ended = live(watch)?.wait(timeout_ms.map(milliseconds)).await;
                came(ended, |session| session_form(&session))
            }
            Task::Cancel { watch } => {
                came(live(watch)?.cancel().await, |session| session_form(&session))
            }
            Task::Close { watch } => {
                live(watch)?.close();
                self.close_consumers_of(here.watch(watch.as_ref()));
                Ok(Value::Null)
            }
            Task::PollNow { watch } => {
                live(watch)?.poll_now();
                Ok(Value::Null)
            }
            Task::Snapshot { watch } => {
                let snapshot = live(watch)?.snapshot();
                Ok(snapshot.map_or(Value::Null, |session| session_form(&session)))
            }
            Task::NextEvent { watch } => {
                let event = live(watch)?.next_event().await;
                Ok(event.as_ref().map_or(Value::Null, render::event))
            }
            Task::Checkpoint { watch, name } => {
                self.add_checkpoint(name, live(watch)?.checkpoint().to_text())?;
                Ok(Value::Null)
            }
            Task::Consume { watch, name, consume, on } => {
                let of = here.watch(watch.as_ref());
                self.consume(name, of, &self.watch(of)?.live, *consume, on)?;
                Ok(Value::Null)
            }
            Task::StopConsuming { consumer } => {
                self.consumer(consumer)?.stop();
                Ok(Value::Null)
            }
            _ => return Ok(None),
        };
        Ok(Some(came))
    }

    /// Callbacks of a watch that was closed are not called any more.
    pub(crate) fn close_consumers_of(&self, watch: &str) {
        for (_, consumer) in self.consumers() {
            if consumer.watch.as_deref() == Some(watch) {
                consumer.close();
            }
        }
    }

    fn prompt(&self, reference: Option<&PromptReference>, here: &Here) -> Result<Prompt> {
        let Some(PromptReference { consumer, step, nth }) = reference else {
            return here
                .prompt
                .clone()
                .ok_or_else(|| Failure::invalid("there is no prompt here to be answered"));
        };
        let told = self.consumer(consumer)?.prompt(step, nth.unwrap_or(1));
        told.ok_or_else(|| {
            Failure::invalid(format!("{consumer:?} has not been told of that prompt of {step:?}"))
        })
    }
}
