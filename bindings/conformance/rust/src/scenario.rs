//! A scenario as its file says it, read strictly: what is not known is a mistake.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::action::Action;
use crate::failure::{Failure, Result};
use crate::forms::{self, Form};
use crate::sequence::{Item, in_order};

pub(crate) const MAIN: &str = "main";

pub(crate) fn main_name() -> String {
    MAIN.to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) flow: Value,
    #[serde(default)]
    pub(crate) sessions: Vec<PreparedSession>,
    #[serde(default)]
    pub(crate) simulator: Service,
    #[serde(default)]
    pub(crate) client: Map<String, Value>,
    pub(crate) script: Vec<Action>,
    pub(crate) expect: Expect,
    #[serde(default = "twenty_seconds")]
    pub(crate) time_limit_ms: u64,
}

fn twenty_seconds() -> u64 {
    20_000
}

/// A session that exists before the client does.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreparedSession {
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) inputs: Map<String, Value>,
    #[serde(default)]
    pub(crate) until: ServiceStatus,
    #[serde(default)]
    pub(crate) answers: Vec<String>,
    pub(crate) count: Option<u32>,
}

/// A status as the service's journal writes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServiceStatus {
    #[default]
    Ready,
    Running,
    Waiting,
    Finished,
    Failed,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub(crate) speed: Option<f64>,
    #[serde(default)]
    pub(crate) settings: Map<String, Value>,
    #[serde(default)]
    pub(crate) faults: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) consumers: BTreeMap<String, Told>,
    pub(crate) sessions: Value,
    #[serde(default)]
    pub(crate) requests: Vec<Requests>,
}

/// What one consumer must have been told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) ignore: Vec<String>,
    pub(crate) items: Vec<Item>,
    pub(crate) never: Vec<Value>,
    /// As it stands in the file, to be shown.
    pub(crate) written: Vec<Value>,
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            #[serde(default)]
            ignore: Vec<String>,
            exactly: Option<Vec<Value>>,
            in_order: Option<Vec<Value>>,
            #[serde(default)]
            never: Vec<Value>,
        }
        let read = Written::deserialize(deserializer)?;
        let (written, is_exact) = match (read.exactly, read.in_order) {
            (Some(items), None) => (items, true),
            (None, Some(items)) => (items, false),
            _ => return Err(D::Error::custom("a consumer has either `exactly` or `in_order`")),
        };
        if let Some(kind) = read.ignore.iter().find(|kind| !forms::is_event(kind)) {
            return Err(D::Error::custom(format!("there is no event {kind:?} to ignore")));
        }
        let items: Vec<Item> = written.iter().map(item).collect();
        let patterns = items.iter().map(Item::pattern).chain(&read.never);
        for pattern in patterns {
            Form::Event.check(pattern).map_err(D::Error::custom)?;
        }
        let items = if is_exact { items } else { in_order(items) };
        Ok(Self { ignore: read.ignore, items, never: read.never, written })
    }
}

fn item(written: &Value) -> Item {
    let only = written.as_object().filter(|members| members.len() == 1);
    match only.and_then(|members| members.iter().next()) {
        Some((name, pattern)) if name == "optional" => Item::Optional(pattern.clone()),
        Some((name, pattern)) if name == "any_number_of" => Item::AnyNumberOf(pattern.clone()),
        _ => Item::One(written.clone()),
    }
}

impl Item {
    fn pattern(&self) -> &Value {
        match self {
            Self::One(pattern) | Self::Optional(pattern) | Self::AnyNumberOf(pattern) => pattern,
        }
    }
}

/// How many requests there must have been, and what they have in common.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Requests {
    #[serde(rename = "where")]
    pub(crate) filter: Value,
    pub(crate) after: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) exactly: Option<usize>,
    pub(crate) at_least: Option<usize>,
    pub(crate) at_most: Option<usize>,
    #[serde(default)]
    pub(crate) same: Vec<String>,
    #[serde(default, deserialize_with = "some")]
    pub(crate) then: Option<Value>,
    pub(crate) nth: Option<usize>,
    pub(crate) pause_at_least_ms: Option<f64>,
    pub(crate) pause_at_most_ms: Option<f64>,
}

impl Requests {
    fn check(&self) -> Result<()> {
        let request = Form::object("request");
        request.check(&self.filter)?;
        self.then.as_ref().map_or(Ok(()), |then| request.check(then))?;
        let counts = [self.exactly, self.at_least, self.at_most].iter().any(Option::is_some);
        let has_pause = self.nth.is_some()
            || self.pause_at_least_ms.is_some()
            || self.pause_at_most_ms.is_some();
        if has_pause && self.then.is_none() {
            return Err(Failure::invalid("requests: `nth` and pauses need `then`"));
        }
        if !counts && self.same.is_empty() && self.then.is_none() {
            return Err(Failure::invalid("requests: an entry counts, compares or has a `then`"));
        }
        Ok(())
    }
}

/// A member that may hold null, told from one that is not there.
pub(crate) fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Reads one value strictly.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| Failure::invalid(error.to_string()))
}

impl Scenario {
    /// Reads and checks a scenario; `name` is what it must be called.
    pub(crate) fn read(value: Value, name: Option<&str>) -> Result<Self> {
        let scenario: Self = read(value)?;
        if name.is_some_and(|name| name != scenario.name) {
            return Err(Failure::invalid(format!(
                "the scenario is called {:?}, its file is not",
                scenario.name
            )));
        }
        if scenario.description.is_empty() {
            return Err(Failure::invalid("the description is empty"));
        }
        scenario.sessions.iter().try_for_each(|session| match (&session.name, session.count) {
            (Some(_), Some(_)) => Err(Failure::invalid("a session with a `count` has no name")),
            _ => Ok(()),
        })?;
        scenario.script.iter().try_for_each(Action::check)?;
        Form::list("record").check(&scenario.expect.sessions)?;
        scenario.expect.requests.iter().try_for_each(Requests::check)?;
        Ok(scenario)
    }

    /// Reads a scenario's file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        Self::read(load_json(path)?, Some(name))
    }
}

/// Reads a JSON file.
pub(crate) fn load_json(path: &Path) -> Result<Value> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::invalid(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| Failure::invalid(error.to_string()))
}
