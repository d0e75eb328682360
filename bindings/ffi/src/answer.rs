//! An end user's answer as it crosses the boundary.

use liveflow::{Answer, Json, Result};

/// Text, or JSON where the flow expects it.
#[derive(uniffi::Enum)]
pub enum CoreAnswer {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// JSON.
    Json {
        /// The JSON text.
        json: String,
    },
}

impl CoreAnswer {
    /// The core's answer; `argument` is what the caller knows it as.
    pub(crate) fn parse(self, argument: &str) -> Result<Answer> {
        match self {
            Self::Text { text } => Ok(Answer::from(text)),
            Self::Json { json } => parse_json_answer(argument, &json).map(Answer::from),
        }
    }
}

pub(crate) fn parse_json_answer(argument: &str, json: &str) -> Result<Json> {
    Json::parse_argument(json, argument)
}
