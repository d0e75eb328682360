//! A flow file as it is written, before anything in it is checked against the rest.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::file::offset_of;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlowFile {
    pub(crate) id: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) required_inputs: Vec<String>,
    #[serde(default = "default_ready_ms")]
    pub(crate) ready_ms: u64,
    pub(crate) steps: Vec<StepFile>,
}

fn default_ready_ms() -> u64 {
    50
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepFile {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) step_type: StepType,
    #[serde(default)]
    pub(crate) duration_ms: DurationFile,
    pub(crate) prompt: Option<Value>,
    pub(crate) result: Option<Value>,
    #[serde(default)]
    pub(crate) transitions: Vec<TransitionFile>,
    pub(crate) accept: Option<AcceptFile>,
    pub(crate) fail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StepType {
    Start,
    Llm,
    Tool,
    Input,
    Branch,
    End,
}

impl StepType {
    pub(crate) fn as_written(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Llm => "llm",
            Self::Tool => "tool",
            Self::Input => "input",
            Self::Branch => "branch",
            Self::End => "end",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransitionFile {
    pub(crate) to: String,
    pub(crate) label: Option<String>,
    pub(crate) when: Option<WhenFile>,
    #[serde(default)]
    pub(crate) otherwise: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhenFile {
    pub(crate) value: Value,
    /// Doubly optional, so that `"equals": null` is a condition.
    #[serde(default, deserialize_with = "present")]
    pub(crate) equals: Option<Value>,
    pub(crate) contains: Option<String>,
    pub(crate) one_of: Option<Vec<Value>>,
    pub(crate) at_least: Option<f64>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptFile {
    pub(crate) one_of: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) min_length: usize,
    pub(crate) pattern: Option<String>,
    #[serde(default)]
    pub(crate) when_rejected: WhenRejected,
    pub(crate) ask_again_prompt: Option<Value>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WhenRejected {
    #[default]
    AskAgain,
    Refuse,
}

/// Milliseconds, as a number or as bounds between which one is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DurationFile {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    min: u64,
    max: u64,
}

/// By hand rather than `untagged`, which would lose the place and the reason of a mistake.
impl<'de> Deserialize<'de> for DurationFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrBounds;

        impl<'de> Visitor<'de> for NumberOrBounds {
            type Value = DurationFile;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("milliseconds as a whole number or {\"min\": …, \"max\": …}")
            }

            fn visit_u64<E>(self, ms: u64) -> Result<Self::Value, E> {
                Ok(DurationFile { min: ms, max: ms })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let Bounds { min, max } = Bounds::deserialize(MapAccessDeserializer::new(map))?;
                if min > max {
                    return Err(serde::de::Error::custom("`min` is greater than `max`"));
                }
                Ok(DurationFile { min, max })
            }
        }

        deserializer.deserialize_any(NumberOrBounds)
    }
}

/// Where each step begins in the text, for messages about a step as a whole.
pub(crate) fn step_offsets(text: &str) -> Vec<usize> {
    #[derive(Deserialize)]
    struct Steps<'a> {
        #[serde(borrow)]
        steps: Vec<&'a RawValue>,
    }
    serde_json::from_str::<Steps<'_>>(text)
        .map(|flow| flow.steps.iter().map(|step| offset_of(step.get(), text)).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_or_bounds() {
        let read = |text| serde_json::from_str::<DurationFile>(text);
        assert_eq!(read("7").unwrap(), DurationFile { min: 7, max: 7 });
        assert_eq!(read(r#"{"min":1,"max":2}"#).unwrap(), DurationFile { min: 1, max: 2 });
        assert!(read(r#"{"min":3,"max":2}"#).unwrap_err().to_string().contains("greater"));
        assert!(read("-1").unwrap_err().to_string().contains("milliseconds"));
        assert!(read(r#"{"min":1,"mx":2}"#).unwrap_err().to_string().contains("unknown field"));
    }

    #[test]
    fn steps_are_found_in_the_text() {
        let text = "{\"steps\": [\n  {\"a\": 1},\n  {\"b\": 2}]}";
        assert_eq!(step_offsets(text), [14, 26]);
    }

    #[test]
    fn a_null_can_be_compared_with() {
        let when: WhenFile = serde_json::from_str(r#"{"value":"x","equals":null}"#).unwrap();
        assert_eq!(when.equals, Some(Value::Null));
        let when: WhenFile = serde_json::from_str(r#"{"value":"x","contains":"y"}"#).unwrap();
        assert_eq!(when.equals, None);
    }
}
