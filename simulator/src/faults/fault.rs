//! The things that can go wrong.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One thing that goes wrong. The README describes each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the members are those of the README's tables")]
pub enum Fault {
    /// Takes long.
    Latency {
        ms: u64,
        #[serde(default)]
        when: LatencyWhen,
    },
    /// Another client answers first.
    AnsweredElsewhere { answer: Value },
    /// Shows another status.
    UnknownStatus { word: String },
    /// Shows an earlier state.
    StaleRead {
        #[serde(default = "one_change")]
        changes: usize,
    },
    /// Answers with this instead.
    Status {
        status: u16,
        #[serde(default)]
        body: Option<Value>,
        #[serde(default)]
        content_type: Option<String>,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default)]
        effect: Effect,
    },
    /// 429.
    RateLimited {
        #[serde(default = "one_second")]
        retry_after: u64,
        #[serde(default)]
        as_date: bool,
        #[serde(default)]
        effect: Effect,
    },
    /// A gateway's page.
    HtmlError {
        #[serde(default = "bad_gateway")]
        status: u16,
        #[serde(default)]
        effect: Effect,
    },
    /// 401.
    Unauthorized {
        #[serde(default)]
        effect: Effect,
    },
    /// 404.
    NotFound {
        #[serde(default)]
        effect: Effect,
    },
    /// Sends the client elsewhere.
    Redirect {
        to: String,
        #[serde(default = "temporary_redirect")]
        status: u16,
        #[serde(default)]
        effect: Effect,
    },
    /// Never answers.
    Hold {
        #[serde(default)]
        effect: Effect,
    },
    /// Resets, and nothing was done.
    ResetBeforeEffect {},
    /// Resets, and it was done.
    ResetAfterEffect {},
    /// Done long after the client was told that it failed.
    LateEffect {
        ms: u64,
        #[serde(default)]
        answer: LateAnswer,
    },
    /// Resets in the middle of the answer.
    ResetMidBody {},
    /// Ends in the middle of the answer.
    TruncatedBody {},
    /// Half of the JSON.
    MalformedBody {},
    /// Not UTF-8.
    InvalidUtf8Body {},
    /// No body.
    EmptyBody {},
    /// A body of this size.
    HugeBody {
        bytes: u64,
        #[serde(default)]
        chunked: bool,
        #[serde(default)]
        gzip: bool,
    },
    /// Arrays in arrays.
    DeeplyNestedBody {
        #[serde(default = "deep")]
        depth: usize,
    },
}

fn one_change() -> usize {
    1
}

fn one_second() -> u64 {
    1
}

fn bad_gateway() -> u16 {
    502
}

fn temporary_redirect() -> u16 {
    307
}

fn deep() -> usize {
    100_000
}

/// When a latency passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatencyWhen {
    /// Before the request takes effect.
    #[default]
    BeforeEffect,
    /// Between the effect and the answer.
    AfterEffect,
}

/// Whether a request that gets a false answer is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It is not.
    #[default]
    None,
    /// It is.
    Applied,
}

/// What the client is told before a late effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateAnswer {
    /// 504.
    #[default]
    GatewayTimeout,
    /// A TCP reset.
    Reset,
}

impl Fault {
    /// As it is written in rules and in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::AnsweredElsewhere { .. } => "answered_elsewhere",
            Self::UnknownStatus { .. } => "unknown_status",
            Self::StaleRead { .. } => "stale_read",
            Self::Status { .. } => "status",
            Self::RateLimited { .. } => "rate_limited",
            Self::HtmlError { .. } => "html_error",
            Self::Unauthorized { .. } => "unauthorized",
            Self::NotFound { .. } => "not_found",
            Self::Redirect { .. } => "redirect",
            Self::Hold { .. } => "hold",
            Self::ResetBeforeEffect {} => "reset_before_effect",
            Self::ResetAfterEffect {} => "reset_after_effect",
            Self::LateEffect { .. } => "late_effect",
            Self::ResetMidBody {} => "reset_mid_body",
            Self::TruncatedBody {} => "truncated_body",
            Self::MalformedBody {} => "malformed_body",
            Self::InvalidUtf8Body {} => "invalid_utf8_body",
            Self::EmptyBody {} => "empty_body",
            Self::HugeBody { .. } => "huge_body",
            Self::DeeplyNestedBody { .. } => "deeply_nested_body",
        }
    }

    /// Whether the request is carried out before the client is answered.
    pub(crate) fn effect(&self) -> Effect {
        match self {
            Self::Status { effect, .. }
            | Self::RateLimited { effect, .. }
            | Self::HtmlError { effect, .. }
            | Self::Unauthorized { effect }
            | Self::NotFound { effect }
            | Self::Redirect { effect, .. }
            | Self::Hold { effect } => *effect,
            Self::ResetBeforeEffect {} | Self::LateEffect { .. } => Effect::None,
            _ => Effect::Applied,
        }
    }
}

/// A fault that needs no members may be written as its name alone.
pub(super) fn name_or_members<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Fault, D::Error> {
    struct NameOrMembers;

    impl<'de> Visitor<'de> for NameOrMembers {
        type Value = Fault;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a fault or {NAME: {members}}")
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Fault, E> {
            let members = Value::Object(Map::new());
            let written = Value::Object(Map::from_iter([(name.to_owned(), members)]));
            Fault::deserialize(written).map_err(E::custom)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fault, A::Error> {
            Fault::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(NameOrMembers)
}
