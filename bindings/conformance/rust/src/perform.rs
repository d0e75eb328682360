//! Carrying out actions, and whether they came out as they must.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use liveflow::{LiveFlowError, Prompt};
use serde_json::{Value, json};

use crate::action::{Action, Outcome, Task};
use crate::failure::{Failure, Result};
use crate::pattern::{Bound, Names, fits};
use crate::render;
use crate::scenario::MAIN;
use crate::service::LOOK_EVERY;
use crate::stage::Stage;

/// How long `mark` lets requests that are on their way arrive.
const SETTLE: Duration = Duration::from_millis(50);

/// What came of an action: its result in its form, or its error in the form `error`.
pub(crate) type Came = std::result::Result<Value, Value>;

/// The event that is reacted to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Here {
    pub(crate) watch: Option<String>,
    pub(crate) prompt: Option<Prompt>,
}

impl Here {
    pub(crate) fn watch<'a>(&'a self, named: Option<&'a String>) -> &'a str {
        named.or(self.watch.as_ref()).map_or(MAIN, String::as_str)
    }
}

/// A result of the SDK as what came of an action.
pub(crate) fn came<T>(
    result: std::result::Result<T, LiveFlowError>,
    form: impl FnOnce(T) -> Value,
) -> Came {
    result.map(form).map_err(|error| render::error(&error))
}

impl Stage {
    /// Carries out an action, or starts it where it is to run in the background.
    pub(crate) fn perform<'a>(
        self: &'a Arc<Self>,
        action: &'a Action,
        here: &'a Here,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(async move {
            if action.background.is_some() {
                self.start_in_background(action, here);
                return Ok(());
            }
            self.complete(action, here).await
        })
    }

    pub(crate) fn start_in_background(self: &Arc<Self>, action: &Action, here: &Here) {
        let (stage, action, here) = (Arc::clone(self), action.clone(), here.clone());
        let name = action.background.clone().unwrap_or_default();
        self.begin_background(&name);
        let task = tokio::spawn(async move {
            if let Err(failure) = stage.complete(&action, &here).await {
                stage.fail(failure);
            }
            stage.end_background(&name);
        });
        self.keep_task(task.abort_handle());
    }

    async fn complete(self: &Arc<Self>, action: &Action, here: &Here) -> Result<()> {
        let begun = Instant::now();
        let came = self.carry_out(action, here).await?;
        let took = begun.elapsed();
        match &came {
            Ok(result) => self.show(json!({"result": result})),
            Err(error) => self.show(json!({"error": error})),
        }
        let names = self.names().await;
        judge(action, &came, took, &names)
    }

    async fn carry_out(self: &Arc<Self>, action: &Action, here: &Here) -> Result<Came> {
        if let Some(came) = self.call(&action.task, here).await? {
            return Ok(came);
        }
        if let Some(came) = self.direct_watch(&action.task, here).await? {
            return Ok(came);
        }
        self.change_the_world(&action.task).await?;
        match &action.task {
            Task::Sleep { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Task::WaitFor { .. } => self.wait_for(&action.task).await?,
            Task::AwaitEnd { consumer } => {
                while !self.find_consumer(consumer).is_some_and(|it| it.has_ended()) {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
            Task::Join { background } => self.join(Some(background)).await?,
            Task::Mark { name } => {
                tokio::time::sleep(SETTLE).await;
                let journal = self.service.journal().await?;
                let newest = journal["requests"].as_array().and_then(|requests| requests.last());
                let number = newest.and_then(|request| request["number"].as_u64());
                self.add_mark(name, number.unwrap_or(0))?;
            }
            Task::Raise { .. } => return Err(action.mistake("only a callback raises")),
            _ => {}
        }
        Ok(Ok(Value::Null))
    }

    async fn change_the_world(&self, task: &Task) -> Result<()> {
        match task {
            Task::AnswerElsewhere { session, text, json } => {
                let session = self.session(session).await?;
                self.service.answer(&session, &text_or_json(text.as_ref(), json.as_ref())).await
            }
            Task::Advance { session, fail } => {
                let session = self.session(session).await?;
                self.service.advance(&session, fail.as_deref()).await
            }
            Task::AddFaults { faults } => self.add_faults(faults).await,
            Task::ClearFaults {} => self.service.clear_faults().await,
            Task::Settings { settings } => self.service.set(settings).await,
            Task::Clock { speed, advance_ms } => {
                let mut change = json!({});
                if let Some(speed) = speed {
                    change["speed"] = json!(speed);
                }
                if let Some(advance_ms) = advance_ms {
                    change["advance_ms"] = json!(advance_ms);
                }
                self.service.clock(&change).await
            }
            Task::DropConnections { how } => self.service.drop_connections(how.as_deref()).await,
            Task::Outage { how, for_ms } => {
                let mut outage = json!({"accept": false});
                if let Some(how) = how {
                    outage["how"] = json!(how);
                }
                if let Some(for_ms) = for_ms {
                    outage["for_ms"] = json!(for_ms);
                }
                self.service.listen(&outage).await
            }
            Task::EndOutage {} => self.service.listen(&json!({"accept": true})).await,
            _ => Ok(()),
        }
    }

    async fn wait_for(&self, task: &Task) -> Result<()> {
        while !self.has_come_about(task).await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn has_come_about(&self, task: &Task) -> Result<bool> {
        let Task::WaitFor { event, consumer, nth, session_is, session, requests } = task else {
            return Ok(true);
        };
        if let Some(pattern) = event {
            let consumer = self.find_consumer(consumer.as_deref().unwrap_or(MAIN));
            let Some(consumer) = consumer else { return Ok(false) };
            let names = self.names().await;
            let does_fit = |event: &Value| fits(pattern, event, &names, &mut Bound::new());
            let count = consumer.events().iter().filter(|event| does_fit(event)).count();
            return Ok(count >= nth.unwrap_or(1));
        }
        if let Some(status) = session_is {
            let session = self.session(session.as_deref().unwrap_or(MAIN)).await?;
            return Ok(self.service.status(&session).await? == *status);
        }
        let Some(wanted) = requests else { return Ok(true) };
        let after = wanted.after.as_deref().map_or(Ok(0), |mark| self.mark(mark))?;
        let journal = self.service.journal().await?;
        let names = self.names().await;
        let count = journal["requests"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|request| request["number"].as_u64() > Some(after))
            .filter(|request| fits(&wanted.filter, request, &names, &mut Bound::new()))
            .count();
        Ok(count >= wanted.at_least)
    }
}

/// What an action answers with.
pub(crate) fn text_or_json(text: Option<&String>, json: Option<&Value>) -> Value {
    match (text, json) {
        (Some(text), _) => json!(text),
        (None, Some(json)) => json.clone(),
        (None, None) => Value::Null,
    }
}

fn judge(action: &Action, came: &Came, took: Duration, names: &Names) -> Result<()> {
    let none = Outcome { result: None, error: None, took_at_least_ms: None, took_at_most_ms: None };
    let expect = action.expect.as_ref().unwrap_or(&none);
    let written = &action.written;
    let mut bound = Bound::new();
    match (came, &expect.result, &expect.error) {
        (Ok(result), Some(pattern), _) if !fits(pattern, result, names, &mut bound) => {
            Err(Failure::action(format!("{written}\n  came out as {result}")))
        }
        (Ok(result), _, Some(_)) => {
            Err(Failure::action(format!("{written}\n  raised no error; its result is {result}")))
        }
        (Err(error), _, Some(pattern)) if !fits(pattern, error, names, &mut bound) => {
            Err(Failure::action(format!("{written}\n  raised {error}")))
        }
        (Err(error), _, None) => Err(Failure::action(format!("{written}\n  raised {error}"))),
        _ => Ok(()),
    }?;
    let took_ms = took.as_millis();
    if expect.took_at_least_ms.is_some_and(|least| took_ms < u128::from(least))
        || expect.took_at_most_ms.is_some_and(|most| took_ms > u128::from(most))
    {
        return Err(Failure::action(format!("{written}\n  took {took_ms} ms")));
    }
    Ok(())
}
