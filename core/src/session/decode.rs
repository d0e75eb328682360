//! Reads a session from the service's JSON.
//!
//! Lenient where the contract says "every field may be null or missing": a member of the wrong type
//! is as good as none, an unknown member is ignored. Strict where guessing would be wrong: the
//! answer must be a JSON object of a bearable depth, and it must say whose session it is.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ids::{LiveFlowId, SessionId, StepRunId};
use crate::json::{Json, MAX_DEPTH, exceeds_depth};

use super::snapshot::{Session, StepRun};
use super::status::{SessionStatus, StatusAliases};
use super::time::parse_time;

/// Why an answer is not a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undecodable(pub(crate) String);

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What JSON calls space.
const JSON_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

type Raw<'a> = Option<&'a RawValue>;

#[derive(Deserialize)]
struct WireSession<'a> {
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    live_flow_id: Raw<'a>,
    #[serde(borrow, default)]
    status: Raw<'a>,
    #[serde(borrow, default)]
    inputs: Raw<'a>,
    #[serde(borrow, default)]
    current_step: Raw<'a>,
    #[serde(borrow, default)]
    steps: Raw<'a>,
    #[serde(borrow, default)]
    steps_count: Raw<'a>,
    #[serde(borrow, default)]
    error: Raw<'a>,
    #[serde(borrow, default)]
    flow_version: Raw<'a>,
    #[serde(borrow, default)]
    created_at: Raw<'a>,
    #[serde(borrow, default)]
    updated_at: Raw<'a>,
}

#[derive(Deserialize)]
struct WireRun<'a> {
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    status: Raw<'a>,
    #[serde(borrow, default)]
    prompt: Raw<'a>,
    #[serde(borrow, default)]
    result: Raw<'a>,
    #[serde(borrow, default)]
    user_input: Raw<'a>,
    #[serde(borrow, default)]
    error: Raw<'a>,
    #[serde(borrow, default)]
    step: Raw<'a>,
    #[serde(borrow, default)]
    created_at: Raw<'a>,
    #[serde(borrow, default)]
    updated_at: Raw<'a>,
}

#[derive(Deserialize, Default)]
struct WireStep<'a> {
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    name: Raw<'a>,
    #[serde(borrow, default)]
    step_type: Raw<'a>,
}

/// Reads one session. `asked_for` stands in for an id that the answer leaves out.
pub(crate) fn decode_session(
    body: &[u8],
    flow: &LiveFlowId,
    asked_for: Option<&SessionId>,
    aliases: &StatusAliases,
) -> Result<Session, Undecodable> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Undecodable(format!("the answer is not UTF-8 text: {error}")))?;
    if exceeds_depth(body, MAX_DEPTH) {
        return Err(Undecodable(format!("the answer is nested over {MAX_DEPTH} levels deep")));
    }
    // Every value below is a place in this text.
    let whole = Json::whole(text.trim_matches(JSON_SPACE));
    let wire: WireSession<'_> = object(whole.as_str()).ok_or_else(|| not_an_object(text))?;
    let id = match (string(wire.id), asked_for) {
        (Some(id), Some(asked_for)) if id == asked_for.as_str() => asked_for.clone(),
        (None, Some(asked_for)) => asked_for.clone(),
        (Some(id), _) => SessionId::parse(&id)
            .map_err(|_| Undecodable("the session's id is not a UUID".to_owned()))?,
        (None, None) => return Err(Undecodable("the session has no id".to_owned())),
    };
    let (status, raw_status) = status(wire.status, aliases);
    let run = |raw: &RawValue, at: usize| decode_run(&whole, raw, at, aliases);
    let runs = wire
        .steps
        .and_then(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok())
        .unwrap_or_default();
    // As many as there are, and no room for more: sessions are kept for long.
    let mut steps = Vec::with_capacity(runs.len());
    steps.extend(runs.into_iter().enumerate().filter_map(|(at, raw)| run(raw, at)));
    Ok(Session {
        id,
        live_flow_id: string(wire.live_flow_id)
            .filter(|id| id != flow.as_str())
            .and_then(|id| LiveFlowId::parse(&id).ok())
            .unwrap_or_else(|| flow.clone()),
        status,
        raw_status,
        inputs: json(&whole, wire.inputs),
        current_step: wire.current_step.and_then(|raw| run(raw, steps.len())),
        steps,
        steps_count: wire.steps_count.and_then(|raw| serde_json::from_str(raw.get()).ok()),
        error: json(&whole, wire.error),
        flow_version: json(&whole, wire.flow_version),
        created_at: time(wire.created_at),
        updated_at: time(wire.updated_at),
        raw_json: whole.clone(),
    })
}

/// Why the text is no session object, told apart only now that it matters.
fn not_an_object(text: &str) -> Undecodable {
    Undecodable(match serde_json::from_str::<&RawValue>(text) {
        Err(error) => format!("the answer is not JSON: {error}"),
        Ok(_) => "the answer is JSON, but not a session object".to_owned(),
    })
}

fn decode_run(whole: &Json, raw: &RawValue, at: usize, aliases: &StatusAliases) -> Option<StepRun> {
    let wire: WireRun<'_> = object(raw.get())?;
    let step: WireStep<'_> = wire.step.and_then(|raw| object(raw.get())).unwrap_or_default();
    let (status, raw_status) = status(wire.status, aliases);
    // Without an id of its own a run is told apart by its step, failing that by its place.
    let id = string(wire.id)
        .map(Cow::into_owned)
        .or_else(|| string(step.id).map(|id| format!("step:{id}")))
        .unwrap_or_else(|| format!("place:{at}"));
    Some(StepRun {
        id: StepRunId::new(id),
        name: string(step.name).map(Cow::into_owned),
        step_type: string(step.step_type).map(Cow::into_owned),
        status,
        raw_status,
        prompt: json(whole, wire.prompt),
        result: json(whole, wire.result),
        user_input: json(whole, wire.user_input),
        error: json(whole, wire.error),
        created_at: time(wire.created_at),
        updated_at: time(wire.updated_at),
    })
}

/// An object's known members; `None` for null and for anything that is no object.
fn object<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    json.starts_with('{').then(|| serde_json::from_str(json).ok()).flatten()
}

fn string(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(raw?.get()).ok().map(|text| text.0)
}

fn status(raw: Raw<'_>, aliases: &StatusAliases) -> (SessionStatus, String) {
    match string(raw) {
        Some(word) => (aliases.read(&word), word.into_owned()),
        None => (SessionStatus::Unrecognised, String::new()),
    }
}

fn time(raw: Raw<'_>) -> Option<SystemTime> {
    parse_time(&string(raw)?)
}

fn json(whole: &Json, raw: Raw<'_>) -> Option<Json> {
    raw.filter(|raw| raw.get() != "null").map(|raw| whole.part(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOW: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
    const ID: &str = "11111111-2222-3333-4444-555555555555";

    fn decode(body: &str) -> Result<Session, Undecodable> {
        let flow = LiveFlowId::parse(FLOW).unwrap();
        decode_session(body.as_bytes(), &flow, None, &StatusAliases::default())
    }

    #[test]
    fn the_documented_example_is_read_whole() {
        let step = r#"{"id":"r1","status":"WAITING_FOR_USER_INPUT","prompt":{"type":"text","prompt":"Budget?"},
            "result":null,"error":null,"user_input":null,"step":{"id":"s1","name":"ask_budget",
            "step_type":"INPUT"},"created_at":"2023-11-07T05:31:56Z","updated_at":"2023-11-07T05:31:56Z"}"#;
        let body = format!(
            r#"{{"id":"{ID}","steps_count":3,"inputs":{{"company":"ACME"}},"error":null,
            "status":"WAITING_FOR_USER_INPUT","flow_version":{{"id":"v"}},"surprise":[1],
            "created_at":"2023-11-07T05:31:56Z","updated_at":"2023-11-07T05:31:57Z",
            "current_step":{step},"steps":[{step}]}}"#
        );
        let session = decode(&body).unwrap();
        assert_eq!(session.id.as_str(), ID);
        assert_eq!(session.live_flow_id.as_str(), FLOW);
        assert_eq!(session.status, SessionStatus::WaitingForUserInput);
        assert_eq!(session.steps_count, Some(3));
        assert_eq!(session.runs().count(), 1, "a run in both places is one run");
        let run = session.current_step.as_ref().unwrap();
        assert_eq!(run.name.as_deref(), Some("ask_budget"));
        assert_eq!(run.step_type.as_deref(), Some("INPUT"));
        assert_eq!(run.user_input, None);
        assert!(session.updated_at > session.created_at);
        assert_eq!(session.raw_json.as_str(), body);
    }

    #[test]
    fn every_member_may_be_null_missing_or_of_another_type() {
        for body in [
            format!(r#"{{"id":"{ID}"}}"#),
            format!(
                r#"{{"id":"{ID}","status":null,"steps":null,"current_step":null,"inputs":null,
                "steps_count":null,"error":null,"flow_version":null,"created_at":null}}"#
            ),
            format!(
                r#"{{"id":"{ID}","status":7,"steps":{{}},"current_step":"x","inputs":3,
                "steps_count":"many","created_at":12,"updated_at":"soon"}}"#
            ),
            format!(r#"{{"id":"{ID}","steps":[null,1,{{"status":{{}},"step":[]}}]}}"#),
        ] {
            let session = decode(&body).unwrap();
            assert_eq!(session.status, SessionStatus::Unrecognised, "{body}");
            assert_eq!(session.current_step, None);
        }
    }

    #[test]
    fn what_is_no_session_is_said_to_be_none() {
        for (body, part) in [
            ("", "not JSON"),
            ("<html>", "not JSON"),
            ("[]", "not a session"),
            ("{}", "no id"),
            (r#"{"id":"../x"}"#, "not a UUID"),
            (&"[".repeat(5000), "levels deep"),
        ] {
            let error = decode(body).unwrap_err().to_string();
            assert!(error.contains(part), "{body:.20}: {error}");
        }
        let flow = LiveFlowId::parse(FLOW).unwrap();
        let error = decode_session(b"\xff\xfe", &flow, None, &StatusAliases::default());
        assert!(error.unwrap_err().to_string().contains("UTF-8"));
    }
}
