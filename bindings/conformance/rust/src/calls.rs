//! The client's calls, and clients themselves.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use liveflow::{
    Answer, Checkpoint, Client, HostError, Json, LiveFlowError, LiveSession, Prompt, Session,
};
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use crate::action::{Consume, PromptReaction, Reaction, Reply, Task};
use crate::consumer::{Consumer, How};
use crate::failure::{Failure, Result};
use crate::forms::has_the_members;
use crate::pattern::{Bound, fits};
use crate::perform::{Came, Here, came, text_or_json};
use crate::render;
use crate::scenario::MAIN;
use crate::stage::Stage;

impl Stage {
    /// Carries out what is a call of a client; none if the task is something else.
    pub(crate) async fn call(self: &Arc<Self>, task: &Task, _here: &Here) -> Result<Option<Came>> {
        let came = match task {
            Task::CreateSession { client, live_flow_id, inputs, name } => {
                let client = self.client(client)?;
                let created =
                    client.create_session(self.flow_id(live_flow_id.as_ref()), json(inputs)).await;
                if let Ok(session) = &created {
                    self.name_session(name, session.id.to_string())?;
                }
                came(created, |session| session_form(&session))
            }
            Task::GetSession { client, live_flow_id, session, session_id } => {
                let id = self.session_id(session.as_ref(), session_id.as_ref()).await?;
                let got = self
                    .client(client)?
                    .get_session(self.flow_id(live_flow_id.as_ref()), &id)
                    .await;
                came(got, |session| session_form(&session))
            }
            Task::GetSessions { client, live_flow_id } => {
                let got =
                    self.client(client)?.get_sessions(self.flow_id(live_flow_id.as_ref())).await;
                came(got, |sessions| sessions.iter().map(session_form).collect())
            }
            Task::IterSessions { client, live_flow_id, first } => {
                let client = self.client(client)?;
                let got = iterate(&client, self.flow_id(live_flow_id.as_ref()), *first).await;
                came(got, |sessions| sessions.iter().map(session_form).collect())
            }
            Task::AddUserInput { client, live_flow_id, session, session_id, text, json } => {
                let id = self.session_id(session.as_ref(), session_id.as_ref()).await?;
                let answer = answer(text.as_ref(), json.as_ref());
                let client = self.client(client)?;
                let added =
                    client.add_user_input(self.flow_id(live_flow_id.as_ref()), &id, answer).await;
                came(added, |session| session_form(&session))
            }
            Task::CancelSession { client, live_flow_id, session, session_id } => {
                let id = self.session_id(session.as_ref(), session_id.as_ref()).await?;
                let client = self.client(client)?;
                let ended = client.cancel_session(self.flow_id(live_flow_id.as_ref()), &id).await;
                came(ended, |session| session_form(&session))
            }
            Task::Start { .. }
            | Task::Watch { .. }
            | Task::Restore { .. }
            | Task::RestoreAll { .. } => self.open(task).await?,
            Task::Run { client, live_flow_id, inputs, name, on, on_prompt } => {
                let client = self.client(client)?;
                let flow = self.flow_id(live_flow_id.as_ref());
                came(self.run(&client, &flow, inputs, name, on, on_prompt).await?, |session| {
                    session_form(&session)
                })
            }
            Task::NewClient { name, config } => {
                came(self.new_client(name, config)?, |()| Value::Null)
            }
            Task::CloseClient { client } => {
                self.client(client)?.close();
                for watch in self.watches_of(client) {
                    self.close_consumers_of(&watch);
                }
                Ok(Value::Null)
            }
            Task::Suspend { client } => {
                self.client(client)?.suspend();
                Ok(Value::Null)
            }
            Task::Resume { client } => {
                self.client(client)?.resume();
                Ok(Value::Null)
            }
            Task::NetworkChanged { client } => {
                self.client(client)?.network_changed();
                Ok(Value::Null)
            }
            _ => return Ok(None),
        };
        Ok(Some(came))
    }

    /// Opens a watch, names it, and has it consumed.
    async fn open(self: &Arc<Self>, task: &Task) -> Result<Came> {
        let (client, name, consume, on, opened) = match task {
            Task::Start { client, live_flow_id, inputs, name, consume, on } => {
                let flow = self.flow_id(live_flow_id.as_ref());
                let opened = self.client(client)?.start(flow, json(inputs)).await;
                if let Ok(live) = &opened {
                    self.name_session(name, live.id().to_string())?;
                }
                (client, name, consume, on, opened)
            }
            Task::Watch { client, live_flow_id, session, session_id, name, consume, on } => {
                let id = self.session_id(session.as_ref(), session_id.as_ref()).await?;
                let opened =
                    self.client(client)?.watch(self.flow_id(live_flow_id.as_ref()), &id).await;
                (client, name, consume, on, opened)
            }
            Task::Restore { client, checkpoint, checkpoint_text, name, consume, on } => {
                let text = match (checkpoint, checkpoint_text) {
                    (Some(kept), _) => self.checkpoint(kept)?,
                    (None, text) => text.clone().unwrap_or_default(),
                };
                let client_handle = self.client(client)?;
                let opened = match Checkpoint::parse(&text) {
                    Ok(checkpoint) => client_handle.restore(&checkpoint).await,
                    Err(error) => Err(error),
                };
                (client, name, consume, on, opened)
            }
            Task::RestoreAll { client, name, consume, on } => {
                let opened = match self.client(client)?.restore_all().await {
                    Ok(mut all) if all.len() == 1 => Ok(all.remove(0)),
                    Ok(all) => {
                        let problem = format!("the store held {} sessions, not one", all.len());
                        return Err(Failure::action(problem));
                    }
                    Err(error) => Err(error),
                };
                (client, name, consume, on, opened)
            }
            _ => return Err(Failure::invalid("not a way to open a watch")),
        };
        self.opened(client, name, *consume, on, opened)
    }

    fn opened(
        self: &Arc<Self>,
        client: &str,
        name: &str,
        consume: Consume,
        on: &[Reaction],
        opened: Result<LiveSession, LiveFlowError>,
    ) -> Result<Came> {
        let live = match opened {
            Ok(live) => live,
            Err(error) => return Ok(Err(render::error(&error))),
        };
        let form = render::watch(&live);
        self.add_watch(name, client, live.clone())?;
        self.consume(name, name, &live, consume, on)?;
        Ok(Ok(form))
    }

    /// A whole session in one call. The outer error is the player's, the inner one the SDK's.
    async fn run(
        self: &Arc<Self>,
        client: &Client,
        flow: &str,
        inputs: &Map<String, Value>,
        name: &str,
        on: &[Reaction],
        on_prompt: &[PromptReaction],
    ) -> Result<Result<Session, LiveFlowError>> {
        self.name_newest_session(name)?;
        let consumer = Consumer::new(None, How::IsCalled, on.len());
        self.add_consumer(name, Arc::clone(&consumer))?;
        let handle = Handle::current();
        let counts = Mutex::new(vec![0; on_prompt.len()]);
        let result = client
            .run(
                flow,
                json(inputs),
                |prompt| self.handle(prompt, on_prompt, &counts),
                |event| consumer.called(self, &handle, on, event),
            )
            .await;
        consumer.end();
        Ok(result)
    }

    /// What the handler of a run does at a prompt.
    fn handle<'a>(
        self: &'a Arc<Self>,
        prompt: Prompt,
        on_prompt: &'a [PromptReaction],
        counts: &Mutex<Vec<usize>>,
    ) -> impl Future<Output = Result<Option<Answer>, HostError>> + Send + 'a {
        let form = render::prompt(&prompt);
        let chosen = {
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            on_prompt.iter().zip(counts.iter_mut()).find_map(|(reaction, count)| {
                let does_fit = fits(
                    &reaction.when,
                    &form,
                    &crate::pattern::Names::default(),
                    &mut Bound::new(),
                );
                *count += usize::from(does_fit);
                (does_fit && reaction.nth.holds(*count)).then_some(reaction)
            })
        };
        async move {
            let Some(reaction) = chosen else {
                self.fail(Failure::invalid(format!("no entry of `on_prompt` fits {form}")));
                return Ok(None);
            };
            let here = Here { watch: None, prompt: Some(prompt) };
            for action in &reaction.actions {
                if let Err(failure) = self.perform(action, &here).await {
                    self.fail(failure);
                    return Ok(None);
                }
            }
            match &reaction.reply {
                Reply::NoAnswer => Ok(None),
                Reply::Text(text) => Ok(Some(Answer::from(text.as_str()))),
                Reply::Json(value) => Ok(Some(answer(None, Some(value)))),
                Reply::Raise(message) => Err(HostError(message.clone())),
            }
        }
    }

    fn flow_id(&self, given: Option<&String>) -> String {
        given.unwrap_or(&self.flow).clone()
    }

    async fn session_id(&self, name: Option<&String>, id: Option<&String>) -> Result<String> {
        match (name, id) {
            (_, Some(id)) => Ok(id.clone()),
            (name, None) => self.session(name.map_or(MAIN, String::as_str)).await,
        }
    }
}

async fn iterate(
    client: &Client,
    flow: String,
    first: Option<usize>,
) -> Result<Vec<Session>, LiveFlowError> {
    let mut sessions = client.iter_sessions(flow)?;
    let mut got = Vec::new();
    while first.is_none_or(|first| got.len() < first) {
        match sessions.next().await {
            Some(session) => got.push(session?),
            None => break,
        }
    }
    Ok(got)
}

/// JSON of the scenario as the SDK takes it, with all its digits.
fn json(inputs: &Map<String, Value>) -> Json {
    Json::parse(&Value::Object(inputs.clone()).to_string()).expect("JSON written by serde_json")
}

pub(crate) fn answer(text: Option<&String>, json: Option<&Value>) -> Answer {
    match text_or_json(text, json) {
        Value::String(text) => Answer::from(text),
        json => Answer::from(Json::parse(&json.to_string()).expect("JSON written by serde_json")),
    }
}

pub(crate) fn session_form(session: &Session) -> Value {
    let form = render::session(session);
    assert!(has_the_members("session", &form), "the player writes {form} in its form");
    form
}

/// A timeout as the scenario gives it.
pub(crate) fn milliseconds(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
