//! The rules that every scenario is held to, whatever it expects.

use serde_json::Value;

/// What one consumer was told, and how it ended.
pub(crate) struct Recording<'a> {
    pub(crate) events: &'a [Value],
    /// It was told that nothing follows.
    pub(crate) is_over: bool,
    /// How many events it had been told when it was closed, if it is a callback.
    pub(crate) closed_after: Option<usize>,
}

/// A broken rule, by its name, and what broke it.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) rule: &'static str,
    pub(crate) by: String,
}

/// All rules that this recording breaks.
pub(crate) fn broken(recording: &Recording<'_>) -> Vec<Broken> {
    [
        one_end(recording),
        prompts(recording),
        status_chain(recording),
        connection_pairs(recording),
        end_fits(recording),
        late_callback(recording),
        recording.events.iter().flat_map(reason).collect(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn is_terminal(event: &Value) -> bool {
    matches!(event["event"].as_str(), Some("finished" | "failed" | "watch_ended"))
}

fn rule(rule: &'static str, by: &impl ToString) -> Broken {
    Broken { rule, by: by.to_string() }
}

fn one_end(recording: &Recording<'_>) -> Vec<Broken> {
    let end = recording.events.iter().position(is_terminal);
    match end {
        Some(end) => recording.events[end + 1..]
            .iter()
            .map(|event| rule("one_end", &format!("after the end came {event}")))
            .collect(),
        None if recording.is_over => vec![rule("one_end", &"no end was told")],
        None => Vec::new(),
    }
}

fn prompts(recording: &Recording<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut requested: Vec<Value> = Vec::new();
    let mut closed: Vec<Value> = Vec::new();
    for event in recording.events {
        let prompt = &event["prompt"];
        let id = serde_json::json!([prompt["run_id"], prompt["round"]]);
        match event["event"].as_str() {
            Some("prompt_requested") => {
                if requested.contains(&id) {
                    broken.push(rule("prompt_once", event));
                }
                requested.push(id);
            }
            Some("prompt_closed") => {
                if closed.contains(&id) || !requested.contains(&id) {
                    broken.push(rule("prompt_closed_once", event));
                }
                closed.push(id);
            }
            Some("finished" | "failed" | "watch_ended") => {
                let open = requested.iter().filter(|id| !closed.contains(id));
                broken.extend(open.map(|id| rule("prompt_left_open", id)));
                // What comes after the end breaks another rule.
                break;
            }
            _ => {}
        }
    }
    broken
}

fn status_chain(recording: &Recording<'_>) -> Vec<Broken> {
    let mut last = &Value::Null;
    let mut broken = Vec::new();
    for event in recording.events.iter().filter(|event| event["event"] == "status_changed") {
        if event["previous"] != *last || event["current"] == *last {
            broken.push(rule("status_chain", event));
        }
        last = &event["current"];
    }
    broken
}

fn connection_pairs(recording: &Recording<'_>) -> Vec<Broken> {
    let mut is_lost = false;
    let mut broken = Vec::new();
    for event in recording.events {
        let now_lost = match event["event"].as_str() {
            Some("connection_lost") => true,
            Some("connection_restored") => false,
            _ => continue,
        };
        if now_lost == is_lost {
            broken.push(rule("connection_pairs", event));
        }
        is_lost = now_lost;
    }
    broken
}

fn end_fits(recording: &Recording<'_>) -> Vec<Broken> {
    let fits = |event: &&Value| match event["event"].as_str() {
        Some("finished") => event["session"]["status"] == "finished",
        Some("failed") => {
            event["session"]["status"] == "failed" && event["error"]["kind"] == "session_failed"
        }
        _ => true,
    };
    recording.events.iter().filter(|event| !fits(event)).map(|it| rule("end_fits", it)).collect()
}

fn late_callback(recording: &Recording<'_>) -> Vec<Broken> {
    let from = recording.closed_after.unwrap_or(recording.events.len());
    recording.events.iter().skip(from).map(|event| rule("late_callback", event)).collect()
}

/// Errors without words, anywhere in what was shown.
pub(crate) fn reason(shown: &Value) -> Vec<Broken> {
    let error = &shown["error"];
    let is_error = error.get("kind").is_some();
    let has_words = error["reason"].as_str().is_some_and(|words| !words.trim().is_empty());
    if is_error && !has_words { vec![rule("reason", error)] } else { Vec::new() }
}

/// Secrets, anywhere in what was shown.
pub(crate) fn secret(shown: &Value, secrets: &[String]) -> Vec<Broken> {
    let text = shown.to_string();
    let is_shown = |secret: &&String| text.contains(secret.as_str());
    secrets.iter().filter(is_shown).map(|_| rule("secret", &text)).collect()
}
