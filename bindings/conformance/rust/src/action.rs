//! The actions of a script, as the format names them.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::scenario::{ServiceStatus, main_name, read, some};

/// One action: what to do, how it must come out, and whether anything waits for it.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) task: Task,
    pub(crate) expect: Option<Outcome>,
    pub(crate) background: Option<String>,
    /// As it stands in the file, to be shown.
    pub(crate) written: Value,
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        let written = Map::deserialize(deserializer)?;
        let mut members = written.clone();
        let Some(Value::String(kind)) = members.remove("action") else {
            return Err(D::Error::custom("an action has the member `action`"));
        };
        let expect = members.remove("expect").map(read).transpose().map_err(D::Error::custom)?;
        // `join` names what runs in the background; it does not run there itself.
        let background = match kind.as_str() {
            "join" => None,
            _ => members.remove("background").map(read).transpose().map_err(D::Error::custom)?,
        };
        let tagged = Value::Object(Map::from_iter([(kind.clone(), Value::Object(members))]));
        let task = read(tagged)
            .map_err(|error| D::Error::custom(format!("action {kind:?}: {}", error.report)))?;
        Ok(Self { task, expect, background, written: Value::Object(written) })
    }
}

/// How an action must come out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outcome {
    #[serde(default, deserialize_with = "some")]
    pub(crate) result: Option<Value>,
    pub(crate) error: Option<Value>,
    pub(crate) took_at_least_ms: Option<u64>,
    pub(crate) took_at_most_ms: Option<u64>,
}

/// What to do.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Task {
    // The client's calls.
    CreateSession {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
        #[serde(default)]
        inputs: Map<String, Value>,
        #[serde(default = "main_name", rename = "as")]
        name: String,
    },
    GetSession {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
        session: Option<String>,
        session_id: Option<String>,
    },
    GetSessions {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
    },
    IterSessions {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
        first: Option<usize>,
    },
    AddUserInput {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
        session: Option<String>,
        session_id: Option<String>,
        text: Option<String>,
        #[serde(default, deserialize_with = "some")]
        json: Option<Value>,
    },
    CancelSession {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
        session: Option<String>,
        session_id: Option<String>,
    },
    Start {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
        #[serde(default)]
        inputs: Map<String, Value>,
        #[serde(default = "main_name", rename = "as")]
        name: String,
        #[serde(default)]
        consume: Consume,
        #[serde(default)]
        on: Vec<Reaction>,
    },
    Watch {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
        session: Option<String>,
        session_id: Option<String>,
        #[serde(default = "main_name", rename = "as")]
        name: String,
        #[serde(default)]
        consume: Consume,
        #[serde(default)]
        on: Vec<Reaction>,
    },
    Restore {
        #[serde(default = "main_name")]
        client: String,
        checkpoint: Option<String>,
        checkpoint_text: Option<String>,
        #[serde(default = "main_name", rename = "as")]
        name: String,
        #[serde(default)]
        consume: Consume,
        #[serde(default)]
        on: Vec<Reaction>,
    },
    RestoreAll {
        #[serde(default = "main_name")]
        client: String,
        #[serde(default = "main_name", rename = "as")]
        name: String,
        #[serde(default)]
        consume: Consume,
        #[serde(default)]
        on: Vec<Reaction>,
    },
    Run {
        #[serde(default = "main_name")]
        client: String,
        live_flow_id: Option<String>,
        #[serde(default)]
        inputs: Map<String, Value>,
        #[serde(default = "main_name", rename = "as")]
        name: String,
        #[serde(default)]
        on: Vec<Reaction>,
        #[serde(default)]
        on_prompt: Vec<PromptReaction>,
    },

    // Clients.
    NewClient {
        #[serde(rename = "as")]
        name: String,
        #[serde(default)]
        config: Map<String, Value>,
    },
    CloseClient {
        #[serde(default = "main_name")]
        client: String,
    },
    Suspend {
        #[serde(default = "main_name")]
        client: String,
    },
    Resume {
        #[serde(default = "main_name")]
        client: String,
    },
    NetworkChanged {
        #[serde(default = "main_name")]
        client: String,
    },

    // Watches. Without a name it is the one whose event is reacted to.
    Answer {
        watch: Option<String>,
        prompt: Option<PromptReference>,
        text: Option<String>,
        #[serde(default, deserialize_with = "some")]
        json: Option<Value>,
    },
    Wait {
        watch: Option<String>,
        timeout_ms: Option<u64>,
    },
    Cancel {
        watch: Option<String>,
    },
    Close {
        watch: Option<String>,
    },
    PollNow {
        watch: Option<String>,
    },
    Snapshot {
        watch: Option<String>,
    },
    NextEvent {
        watch: Option<String>,
    },
    Checkpoint {
        watch: Option<String>,
        #[serde(rename = "as")]
        name: String,
    },
    Consume {
        watch: Option<String>,
        #[serde(rename = "as")]
        name: String,
        #[serde(default)]
        consume: Consume,
        #[serde(default)]
        on: Vec<Reaction>,
    },
    StopConsuming {
        #[serde(default = "main_name")]
        consumer: String,
    },

    // The world outside.
    AnswerElsewhere {
        #[serde(default = "main_name")]
        session: String,
        text: Option<String>,
        #[serde(default, deserialize_with = "some")]
        json: Option<Value>,
    },
    Advance {
        #[serde(default = "main_name")]
        session: String,
        fail: Option<String>,
    },
    AddFaults {
        faults: Vec<Value>,
    },
    ClearFaults {},
    Settings {
        settings: Map<String, Value>,
    },
    Clock {
        speed: Option<f64>,
        advance_ms: Option<u64>,
    },
    DropConnections {
        how: Option<String>,
    },
    Outage {
        how: Option<String>,
        for_ms: Option<u64>,
    },
    EndOutage {},

    // The player itself.
    Sleep {
        ms: u64,
    },
    WaitFor {
        event: Option<Value>,
        consumer: Option<String>,
        nth: Option<usize>,
        session_is: Option<ServiceStatus>,
        session: Option<String>,
        requests: Option<WaitForRequests>,
    },
    AwaitEnd {
        #[serde(default = "main_name")]
        consumer: String,
    },
    Join {
        background: String,
    },
    Mark {
        name: String,
    },
    Raise {
        message: String,
    },
}

/// How a watch is consumed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Consume {
    #[default]
    Events,
    NextEvent,
    Listener,
    Nothing,
}

/// What a consumer does at an event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reaction {
    pub(crate) when: Value,
    #[serde(default)]
    pub(crate) nth: Nth,
    #[serde(rename = "do")]
    pub(crate) actions: Vec<Action>,
}

/// What the handler of a `run` does at a prompt.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromptReaction {
    pub(crate) when: Value,
    #[serde(default)]
    pub(crate) nth: Nth,
    #[serde(default, rename = "do")]
    pub(crate) actions: Vec<Action>,
    pub(crate) reply: Reply,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    NoAnswer,
    Text(String),
    Json(Value),
    Raise(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromptReference {
    #[serde(default = "main_name")]
    pub(crate) consumer: String,
    pub(crate) step: String,
    pub(crate) nth: Option<usize>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WaitForRequests {
    #[serde(rename = "where")]
    pub(crate) filter: Value,
    pub(crate) at_least: usize,
    pub(crate) after: Option<String>,
}

/// Which of the events that match a reaction it is for. Empty: all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nth(Vec<usize>);

impl Nth {
    pub(crate) fn holds(&self, count: usize) -> bool {
        self.0.is_empty() || self.0.contains(&count)
    }
}

impl<'de> Deserialize<'de> for Nth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        let numbers = match Value::deserialize(deserializer)? {
            Value::Array(numbers) => numbers,
            number => vec![number],
        };
        let numbers: Vec<usize> = read(Value::Array(numbers)).map_err(D::Error::custom)?;
        if numbers.is_empty() || numbers.contains(&0) {
            return Err(D::Error::custom("`nth` counts from 1"));
        }
        Ok(Self(numbers))
    }
}
