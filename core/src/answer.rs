//! What an end user answers.

use crate::json::Json;

/// An answer to a prompt: text, or JSON where the flow expects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(Json);

impl Answer {
    /// The JSON that is sent: text as a JSON string.
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// The text to hand back to a person.
    pub fn text(&self) -> String {
        self.0.to_text()
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Self(Json::string(text))
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Json> for Answer {
    fn from(json: Json) -> Self {
        Self(json)
    }
}
