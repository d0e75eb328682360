//! Identifiers, and the forms in which people paste them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{LiveFlowError, Result};

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>); // cloned for every request

        impl $name {
            /// The id as the service writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                String::from(&*id.0)
            }
        }
    };
}

id_type! {
    /// A Live Flow: the UUID that ends its page's address on the platform.
    LiveFlowId
}
id_type! {
    /// One session, that is one run of a Live Flow.
    SessionId
}
id_type! {
    /// One execution of one step in one session. It is what identifies a prompt.
    StepRunId
}

impl LiveFlowId {
    /// Takes a UUID, or the address of the flow's page
    /// (`https://platform.truestate.io/live-flows/<uuid>`; documented by the integration guide).
    pub fn parse(text: &str) -> Result<Self> {
        parse(text, "live_flow_id", &["live-flows", "live_flows"]).map(|uuid| Self(uuid.into()))
    }
}

impl SessionId {
    /// Takes a UUID, or an address in which a UUID follows `sessions`.
    pub fn parse(text: &str) -> Result<Self> {
        parse(text, "session_id", &["sessions"]).map(|uuid| Self(uuid.into()))
    }
}

impl StepRunId {
    /// Takes the id as the service gave it; nothing is asked of its form.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into().into())
    }
}

impl FromStr for LiveFlowId {
    type Err = LiveFlowError;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl FromStr for SessionId {
    type Err = LiveFlowError;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// Anything that can stand for a flow's id in a call: the id, or text to be parsed.
pub trait IntoLiveFlowId {
    /// The id, or `InvalidRequest` naming the argument.
    fn into_live_flow_id(self) -> Result<LiveFlowId>;
}

/// Anything that can stand for a session's id in a call: the id, or text to be parsed.
pub trait IntoSessionId {
    /// The id, or `InvalidRequest` naming the argument.
    fn into_session_id(self) -> Result<SessionId>;
}

macro_rules! into_id {
    ($trait:ident, $method:ident, $id:ident) => {
        impl $trait for $id {
            fn $method(self) -> Result<$id> {
                Ok(self)
            }
        }
        impl $trait for &$id {
            fn $method(self) -> Result<$id> {
                Ok(self.clone())
            }
        }
        impl $trait for &str {
            fn $method(self) -> Result<$id> {
                $id::parse(self)
            }
        }
        impl $trait for String {
            fn $method(self) -> Result<$id> {
                $id::parse(&self)
            }
        }
        impl $trait for &String {
            fn $method(self) -> Result<$id> {
                $id::parse(self)
            }
        }
    };
}
into_id!(IntoLiveFlowId, into_live_flow_id, LiveFlowId);
into_id!(IntoSessionId, into_session_id, SessionId);

#[cfg(feature = "uniffi")]
mod boundary {
    use super::{LiveFlowId, SessionId, StepRunId};

    uniffi::custom_type!(LiveFlowId, String, {
        lower: |id| id.into(),
        try_lift: |text| Ok(LiveFlowId::parse(&text)?),
    });
    uniffi::custom_type!(SessionId, String, {
        lower: |id| id.into(),
        try_lift: |text| Ok(SessionId::parse(&text)?),
    });
    uniffi::custom_type!(StepRunId, String, {
        lower: |id| id.into(),
        try_lift: |text| Ok(StepRunId::new(text)),
    });
}

fn parse(text: &str, argument: &str, segments_before: &[&str]) -> Result<String> {
    let given = text.trim();
    if let Some(uuid) = canonical_uuid(given) {
        return Ok(uuid);
    }
    if let Some(uuid) = uuid_in_address(given, segments_before) {
        return Ok(uuid);
    }
    let shown: String = given.chars().take(60).collect();
    Err(LiveFlowError::invalid_argument(
        argument,
        format!(
            "{argument} must be a UUID or the address of its page on the platform, not {shown:?}"
        ),
    ))
}

fn uuid_in_address(text: &str, segments_before: &[&str]) -> Option<String> {
    let address = url::Url::parse(text).ok()?;
    if !matches!(address.scheme(), "http" | "https") {
        return None;
    }
    let segments: Vec<&str> = address.path_segments()?.collect();
    segments
        .windows(2)
        .rev()
        .find(|pair| segments_before.contains(&pair[0]))
        .and_then(|pair| canonical_uuid(pair[1]))
}

fn canonical_uuid(text: &str) -> Option<String> {
    let is_uuid = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    is_uuid.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";

    #[test]
    fn a_uuid_is_taken_in_any_case_and_with_space_around_it() {
        let id = LiveFlowId::parse(&format!("  {} \n", UUID.to_uppercase())).unwrap();
        assert_eq!(id.as_str(), UUID);
    }

    #[test]
    fn the_address_of_a_flow_page_is_taken_with_query_fragment_and_slash() {
        for end in ["", "/", "?tab=runs", "#top", "/edit"] {
            let address = format!("https://platform.truestate.io/live-flows/{UUID}{end}");
            assert_eq!(LiveFlowId::parse(&address).unwrap().as_str(), UUID, "{address}");
        }
    }

    #[test]
    fn a_session_address_gives_the_session_and_not_the_flow() {
        let session = "11111111-2222-3333-4444-555555555555";
        let address = format!("https://x.example/live-flows/{UUID}/sessions/{session}");
        assert_eq!(SessionId::parse(&address).unwrap().as_str(), session);
        assert_eq!(LiveFlowId::parse(&address).unwrap().as_str(), UUID);
    }

    #[test]
    fn anything_else_is_refused_with_the_name_of_the_argument() {
        for bad in ["", "abc", "../../x", "https://x.example/other/1", "ftp://a/live-flows/x"] {
            let error = LiveFlowId::parse(bad).unwrap_err();
            let LiveFlowError::InvalidRequest { argument, .. } = &error else {
                panic!("{bad}: {error:?}")
            };
            assert_eq!(argument.as_deref(), Some("live_flow_id"));
        }
        assert!(SessionId::parse("nope").unwrap_err().to_string().contains("session_id"));
    }
}
