//! The core's own ways to make text of JSON, so that no language has to repeat them.

use liveflow::{Json, LiveFlowError};

/// The best text of a prompt's JSON.
#[uniffi::export]
pub fn prompt_text(json: String) -> Result<String, LiveFlowError> {
    Ok(liveflow::prompt_text(&Json::parse(&json)?))
}

/// The text of JSON for a person: a string without its quotes, anything else as compact JSON.
#[uniffi::export]
pub fn plain_text(json: String) -> Result<String, LiveFlowError> {
    Ok(Json::parse(&json)?.to_text())
}
