//! What a session asks the end user.

use crate::ids::StepRunId;
use crate::json::Json;

use super::snapshot::StepRun;

/// One question to the end user.
///
/// It is identified by the run of its step and the round: a flow that validates answers can ask
/// again in the same run, and that is another prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Prompt {
    /// The execution of the step that asks.
    pub run_id: StepRunId,
    /// 0 for the first question of the run, one more each time it asks again.
    pub round: u32,
    /// The step's name in the flow.
    pub step_name: Option<String>,
    /// What to show, as the best text that can be made of [`Prompt::raw`].
    pub text: String,
    /// The prompt's `type`, where it has one.
    pub kind: Option<String>,
    /// The prompt as the service wrote it.
    pub raw: Option<Json>,
}

impl Prompt {
    pub(crate) fn of(run: &StepRun, round: u32) -> Self {
        Self {
            run_id: run.id.clone(),
            round,
            step_name: run.name.clone(),
            text: run.prompt.as_ref().map(prompt_text).unwrap_or_default(),
            kind: run
                .prompt
                .as_ref()
                .and_then(|prompt| prompt.to_value().get("type")?.as_str().map(ToOwned::to_owned)),
            // It outlives the answer it came in, which it must not keep in memory.
            raw: run.prompt.as_ref().map(Json::detached),
        }
    }
}

/// The best text of a prompt: a string itself, else the first text among its members `prompt`,
/// `text`, `message`, `content`, `question`, else the compact JSON (assumed: no public source
/// describes the members).
pub fn prompt_text(prompt: &Json) -> String {
    let value = prompt.to_value();
    let member = ["prompt", "text", "message", "content", "question"]
        .iter()
        .find_map(|name| value.get(name)?.as_str().filter(|text| !text.is_empty()));
    member.map_or_else(|| prompt.to_text(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        prompt_text(&Json::parse(json).unwrap())
    }

    #[test]
    fn the_text_is_found_in_the_assumed_order() {
        assert_eq!(text(r#""What is your budget?""#), "What is your budget?");
        assert_eq!(text(r#"{"type":"x","text":"b","prompt":"a"}"#), "a");
        assert_eq!(text(r#"{"message":"m","text":"t"}"#), "t");
        assert_eq!(text(r#"{"question":"q","content":"c"}"#), "c");
        assert_eq!(text(r#"{"question":"q"}"#), "q");
    }

    #[test]
    fn without_any_text_the_compact_json_is_shown() {
        assert_eq!(
            text(r#"{ "type" : "form", "prompt": {"a": 1} }"#),
            r#"{"type":"form","prompt":{"a":1}}"#
        );
        assert_eq!(text("42"), "42");
    }
}
