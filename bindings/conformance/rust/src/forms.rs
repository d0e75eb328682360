//! What members there are to compare: `forms.json`, and patterns held against it before anything
//! is played, so that a misspelt member is a mistake and not a pattern that never fits.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::failure::{Failure, Result};

type Members = BTreeMap<String, Value>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are the file's names")]
struct Forms {
    events: BTreeMap<String, Members>,
    forms: BTreeMap<String, Members>,
    words: BTreeMap<String, Vec<String>>,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../forms.json")).expect("forms.json has its own form")
});

/// What a value looks like that a pattern is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// Anything.
    Json,
    Text,
    Number,
    Boolean,
    /// One of a list of words.
    Words(String),
    /// An object with these members.
    Object(String),
    List(Box<Form>),
    Event,
}

impl Form {
    pub(crate) fn object(name: &str) -> Self {
        Self::Object(name.to_owned())
    }

    pub(crate) fn list(name: &str) -> Self {
        Self::List(Box::new(Self::object(name)))
    }

    fn read(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(Box::new(Self::read(&items[0]))),
            value => match value.as_str().unwrap_or_default() {
                "json" => Self::Json,
                "text" => Self::Text,
                "number" => Self::Number,
                "boolean" => Self::Boolean,
                name if FORMS.words.contains_key(name) => Self::Words(name.to_owned()),
                name => Self::Object(name.to_owned()),
            },
        }
    }

    /// Whether the pattern can be compared with a value of this form.
    pub(crate) fn check(&self, pattern: &Value) -> Result<()> {
        match pattern {
            Value::Null => Ok(()),
            Value::Bool(_) => self.takes(pattern, matches!(self, Self::Json | Self::Boolean)),
            Value::Number(_) => self.takes(pattern, matches!(self, Self::Json | Self::Number)),
            Value::String(text) => match self {
                Self::Words(name) => {
                    self.takes(pattern, FORMS.words[name].iter().any(|word| word == text))
                }
                _ => self.takes(pattern, matches!(self, Self::Json | Self::Text)),
            },
            Value::Array(items) => {
                let item = match self {
                    Self::Json => &Self::Json,
                    Self::List(item) => item,
                    _ => return self.takes(pattern, false),
                };
                items.iter().try_for_each(|pattern| item.check(pattern))
            }
            Value::Object(members) => {
                match members.iter().find(|(name, _)| name.starts_with('$')) {
                    Some((name, inner)) if members.len() == 1 => self.check_matcher(name, inner),
                    Some(_) => Err(mistake(pattern, "a matcher object has exactly one member")),
                    None => self.check_members(pattern, members),
                }
            }
        }
    }

    fn check_members(
        &self,
        pattern: &Value,
        members: &serde_json::Map<String, Value>,
    ) -> Result<()> {
        let known = match self {
            Self::Json => {
                return members.values().try_for_each(|pattern| Self::Json.check(pattern));
            }
            Self::Object(name) => &FORMS.forms[name],
            Self::Event => match members.get("event") {
                None if members.is_empty() => return Ok(()),
                Some(Value::String(kind)) => FORMS
                    .events
                    .get(kind)
                    .ok_or_else(|| mistake(pattern, &format!("there is no event {kind:?}")))?,
                _ => return Err(mistake(pattern, "an event pattern names its `event`")),
            },
            _ => return self.takes(pattern, false),
        };
        for (name, inner) in members {
            if *self == Self::Event && name == "event" {
                continue;
            }
            let form = known
                .get(name)
                .ok_or_else(|| mistake(pattern, &format!("there is no member {name:?} here")))?;
            Self::read(form).check(inner)?;
        }
        Ok(())
    }

    fn check_matcher(&self, name: &str, inner: &Value) -> Result<()> {
        let is_list = matches!(self, Self::Json | Self::List(_));
        let is_text = matches!(self, Self::Json | Self::Text | Self::Words(_));
        let is_number = matches!(self, Self::Json | Self::Number);
        let fits = match (name, inner) {
            ("$any" | "$flow", Value::Bool(true))
            | ("$exactly", _)
            | ("$bind", Value::String(_)) => true,
            ("$one_of" | "$all", Value::Array(patterns)) => {
                return patterns.iter().try_for_each(|pattern| self.check(pattern));
            }
            ("$not", inner) if holds_bind(inner) => {
                return Err(mistake(inner, "`$bind` does not stand inside `$not`"));
            }
            ("$not", inner) => return self.check(inner),
            ("$has" | "$each", inner) if is_list => {
                return match self {
                    Self::List(item) => item.check(inner),
                    _ => Self::Json.check(inner),
                };
            }
            ("$length", inner) if is_list || is_text => return Self::Number.check(inner),
            ("$contains" | "$session", Value::String(_)) => is_text,
            ("$at_least" | "$at_most", Value::Number(_)) => is_number,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let problem = format!("{self:?} has no matcher {name} with {inner}");
        Err(Failure::invalid(format!("pattern: {problem}")))
    }

    fn takes(&self, pattern: &Value, fits: bool) -> Result<()> {
        if fits { Ok(()) } else { Err(mistake(pattern, &format!("this never fits {self:?}"))) }
    }
}

/// Whether a rendered value has exactly the members of its form: a check of the player itself.
pub(crate) fn has_the_members(form: &str, value: &Value) -> bool {
    let members = match (form, value["event"].as_str()) {
        ("event", Some(kind)) => FORMS.events.get(kind),
        _ => FORMS.forms.get(form),
    };
    let (Some(members), Some(value)) = (members, value.as_object()) else { return false };
    let extra = usize::from(form == "event");
    value.len() == members.len() + extra && members.keys().all(|name| value.contains_key(name))
}

/// Whether there is an event of this kind.
pub(crate) fn is_event(kind: &str) -> bool {
    FORMS.events.contains_key(kind)
}

fn holds_bind(pattern: &Value) -> bool {
    match pattern {
        Value::Array(items) => items.iter().any(holds_bind),
        Value::Object(members) => {
            members.iter().any(|(name, inner)| name == "$bind" || holds_bind(inner))
        }
        _ => false,
    }
}

fn mistake(pattern: &Value, problem: &str) -> Failure {
    Failure::invalid(format!("pattern {pattern}: {problem}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn misspelt_members_words_and_matchers_are_mistakes() {
        for pattern in [
            json!({"event": "prompt_asked"}),
            json!({"event": "finished", "sesion": {}}),
            json!({"event": "finished", "session": {"outptu": 1}}),
            json!({"event": "status_changed", "current": "runing"}),
            json!({"event": "prompt_closed", "reason": 7}),
            json!({"event": "finished", "session": {"steps": {"$hass": {}}}}),
            json!({"event": "finished", "session": {"steps": [{"nme": "x"}]}}),
            json!({"event": "finished", "session": {"$one_of": [{"idd": 1}]}}),
            json!({"session": {}}),
            json!({"$any": true, "$not": 1}),
            json!({"$not": {"event": "finished", "session": {"id": {"$bind": "x"}}}}),
        ] {
            assert!(Form::Event.check(&pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_the_forms_have_is_taken() {
        for pattern in [
            json!({}),
            json!({"event": "finished", "session": {"output": {"free": [1, {"$any": true}]}}}),
            json!({"event": "finished", "session": {"steps": {"$has": {"name": {"$contains": "a"}}}}}),
            json!({"event": "watch_ended", "error": {"kind": {"$one_of": ["closed", "network"]}}}),
            json!({"event": "failed", "error": {"candidates": {"$length": {"$at_least": 1}}}}),
        ] {
            Form::Event.check(&pattern).unwrap();
        }
    }
}
