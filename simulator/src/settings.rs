//! What nobody has documented about the service: each as a setting with a default.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::file::{self, InvalidFile};
use crate::routes::table::RouteTable;

/// How the simulator answers where the real service's behaviour is not documented. The README has
/// a table of all members; [`Settings::check`] says what cannot be combined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Create session.
    pub create_session: CreateSession,
    /// Add user input.
    pub add_user_input: AddUserInput,
    /// Cancel session.
    pub cancel_session: CancelSession,
    /// The words for statuses, of sessions and of step runs.
    pub status_words: StatusWords,
    /// What an ended session shows as its `current_step`.
    pub current_step_after_end: CurrentStepAfterEnd,
    /// Whether get session sends an `ETag` and honours `If-None-Match`.
    pub etag: bool,
    /// Whether a repeated `Idempotency-Key` prevents a second effect.
    pub honour_idempotency_key: bool,
    /// What `Current-Org-Id` must be, if anything.
    pub required_org_id: Option<String>,
    /// What is kept of requests.
    pub journal: JournalSettings,
}

/// Create session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CreateSession {
    /// How the inputs are sent.
    pub body: CreateBody,
    /// Status of the answer.
    pub status: u16,
}

/// How the inputs of a new session are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreateBody {
    /// `{"inputs": {…}}`
    #[default]
    Wrapped,
    /// The body is the inputs.
    Bare,
}

/// Add user input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AddUserInput {
    /// `POST`, `PUT` or `PATCH`.
    pub method: Method,
    /// Template with `{live_flow_id}` and `{session_id}`.
    pub path: String,
    /// The answer's name in the body.
    pub member: String,
    /// Whether any JSON but null is an answer, or only text.
    pub json_answers: bool,
    /// What the answer's body is.
    pub answers_with: AnswersWith,
    /// Status of the answer.
    pub status: u16,
    /// Status when the session is not waiting.
    pub not_waiting_status: u16,
}

/// Cancel session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CancelSession {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: Method,
    /// Template with `{live_flow_id}` and `{session_id}`.
    pub path: String,
    /// What the answer's body is.
    pub answers_with: AnswersWith,
    /// Status of the answer.
    pub status: u16,
    /// Status when the session has ended; 200 answers as if it had not.
    pub ended_status: u16,
    /// Whether a cancelled session is gone.
    pub forgets: bool,
}

/// A method that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

/// The body of an answer to add user input and cancel session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswersWith {
    /// The session.
    #[default]
    Session,
    /// No body.
    Nothing,
}

/// The words for statuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub struct StatusWords {
    pub ready: String,
    pub running: String,
    pub waiting: String,
    pub finished: String,
    pub failed: String,
}

/// What an ended session shows as its `current_step`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurrentStepAfterEnd {
    /// The last step run.
    #[default]
    Last,
    /// Null.
    Null,
}

/// What is kept of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct JournalSettings {
    /// Whether requests are kept at all.
    pub requests: bool,
    /// How many.
    pub capacity: usize,
}

impl Default for CreateSession {
    fn default() -> Self {
        Self { body: CreateBody::Wrapped, status: 200 }
    }
}

impl Default for AddUserInput {
    fn default() -> Self {
        Self {
            method: Method::Post,
            path: "/live_flows/{live_flow_id}/sessions/{session_id}/user_input/".to_owned(),
            member: "user_input".to_owned(),
            json_answers: false,
            answers_with: AnswersWith::Session,
            status: 200,
            not_waiting_status: 409,
        }
    }
}

impl Default for CancelSession {
    fn default() -> Self {
        Self {
            method: Method::Post,
            path: "/live_flows/{live_flow_id}/sessions/{session_id}/cancel/".to_owned(),
            answers_with: AnswersWith::Session,
            status: 200,
            ended_status: 409,
            forgets: false,
        }
    }
}

impl Default for StatusWords {
    fn default() -> Self {
        Self {
            ready: "NEW".to_owned(),
            running: "RUNNING".to_owned(),
            waiting: "WAITING_FOR_USER_INPUT".to_owned(),
            finished: "FINISHED".to_owned(),
            failed: "FAILED".to_owned(),
        }
    }
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self { requests: true, capacity: 10_000 }
    }
}

/// Settings that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSettings(String);

impl InvalidSettings {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl Settings {
    /// As [`Self::merged`], from text, whose mistakes are reported with line and column.
    pub(crate) fn merged_with_text(&self, text: &str) -> Result<Self, InvalidFile> {
        // All members have defaults: read alone, a patch shows its own mistakes.
        file::parse::<Self>(text)?;
        let patch = file::parse(text)?;
        self.merged(&patch).map_err(|error| InvalidFile::at_offset(text, 0, error.to_string()))
    }

    /// These settings with the members of `patch` in place of theirs, nested members too.
    pub fn merged(&self, patch: &Value) -> Result<Self, InvalidSettings> {
        let invalid = |error: serde_json::Error| InvalidSettings(error.to_string());
        if !patch.is_object() {
            return Err(InvalidSettings("settings are an object".to_owned()));
        }
        let mut merged = serde_json::to_value(self).map_err(invalid)?;
        merge(&mut merged, patch);
        let merged: Self = serde_json::from_value(merged).map_err(invalid)?;
        merged.check()?;
        Ok(merged)
    }

    /// Whether these settings can be used together.
    pub fn check(&self) -> Result<(), InvalidSettings> {
        self.problem().map_or(Ok(()), |problem| Err(InvalidSettings(problem)))
    }

    fn problem(&self) -> Option<String> {
        let (add, cancel) = (&self.add_user_input, &self.cancel_session);
        let create_status = self.create_session.status;
        if !has_body(create_status) {
            return Some(format!(
                "`create_session.status` {create_status}: 200 to 299, with a body"
            ));
        }
        for (call, status, with) in [
            ("add_user_input", add.status, add.answers_with),
            ("cancel_session", cancel.status, cancel.answers_with),
        ] {
            if !(200..300).contains(&status) {
                return Some(format!("`{call}.status` {status}: it is 200 to 299"));
            }
            if with == AnswersWith::Session && !has_body(status) {
                return Some(format!(
                    "`{call}.status` {status} has no body: set `answers_with` to \"nothing\""
                ));
            }
        }
        if ![400, 409, 422].contains(&add.not_waiting_status) {
            return Some("`add_user_input.not_waiting_status` is 400, 409 or 422".to_owned());
        }
        if ![200, 400, 404, 409, 422].contains(&cancel.ended_status) {
            return Some("`cancel_session.ended_status` is 200, 400, 404, 409 or 422".to_owned());
        }
        if add.method == Method::Delete {
            return Some("`add_user_input.method` is POST, PUT or PATCH".to_owned());
        }
        if add.member.is_empty() {
            return Some("`add_user_input.member` is empty".to_owned());
        }
        RouteTable::new(self).err()
    }
}

fn has_body(status: u16) -> bool {
    (200..300).contains(&status) && status != 204 && status != 205
}

fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problem(patch: &Value) -> String {
        Settings::default().merged(patch).unwrap_err().to_string()
    }

    #[test]
    fn the_readme_shows_the_defaults() {
        let readme = include_str!("../README.md");
        let (_, after) = readme.split_once("These are the defaults:\n\n```json\n").unwrap();
        let (shown, _) = after.split_once("```").unwrap();
        let shown: Value = serde_json::from_str(shown).unwrap();
        assert_eq!(shown, serde_json::to_value(Settings::default()).unwrap());
    }

    #[test]
    fn what_a_patch_leaves_out_stays() {
        let once = Settings::default().merged(&json!({"etag": true})).unwrap();
        let twice = once.merged(&json!({"add_user_input": {"member": "answer"}})).unwrap();
        assert!(twice.etag);
        assert_eq!(twice.add_user_input.member, "answer");
        assert_eq!(twice.add_user_input.status, 200);
    }

    #[test]
    fn unknown_members_are_refused() {
        assert!(problem(&json!({"add_user_input": {"membre": "x"}})).contains("membre"));
        assert!(problem(&json!([])).contains("object"));
    }

    #[test]
    fn impossible_combinations_are_refused() {
        assert!(problem(&json!({"cancel_session": {"status": 204}})).contains("nothing"));
        assert!(problem(&json!({"create_session": {"status": 204}})).contains("with a body"));
        assert!(problem(&json!({"add_user_input": {"status": 302}})).contains("200 to 299"));
        assert!(problem(&json!({"add_user_input": {"method": "DELETE"}})).contains("POST"));
        assert!(problem(&json!({"add_user_input": {"not_waiting_status": 500}})).contains("409"));
        assert!(problem(&json!({"cancel_session": {"ended_status": 500}})).contains("409"));
    }

    #[test]
    fn an_empty_answer_may_be_a_204() {
        let patch = json!({"cancel_session": {"status": 204, "answers_with": "nothing"}});
        assert_eq!(Settings::default().merged(&patch).unwrap().cancel_session.status, 204);
    }
}
