//! When a fault strikes.

use std::fmt;

use axum::http::{HeaderName, HeaderValue};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::fault::{Fault, name_or_members};
use crate::file::{self, InvalidFile, offset_of};
use crate::routes::table::Call;
use crate::session::Status;

/// A fault and when it strikes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which call; none for any.
    #[serde(serialize_with = "call_or_any", deserialize_with = "read_call_or_any")]
    pub on: Option<Call>,
    /// Only requests for this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// Only requests for this flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Uuid>,
    /// Only while the request's session has this status.
    #[serde(default, rename = "while", skip_serializing_if = "Option::is_none")]
    pub while_status: Option<Status>,
    /// These requests, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<Nth>,
    /// From this request on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// So often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// With this chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What goes wrong.
    #[serde(deserialize_with = "name_or_members")]
    pub fault: Fault,
}

/// Numbers of requests; written as one number or a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Nth(pub Vec<u64>);

impl FaultRule {
    /// Strikes at each such call.
    pub fn new(on: Call, fault: Fault) -> Self {
        Self { on: Some(on), ..Self::any(fault) }
    }

    /// Strikes at each call.
    pub fn any(fault: Fault) -> Self {
        Self {
            on: None,
            session: None,
            flow: None,
            while_status: None,
            nth: None,
            from: None,
            times: None,
            probability: None,
            fault,
        }
    }

    /// Strikes so often and then never again.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Strikes from this request on, counted from 1.
    #[must_use]
    pub fn from(self, from: u64) -> Self {
        Self { from: Some(from), ..self }
    }

    /// Strikes at these requests, counted from 1.
    #[must_use]
    pub fn nth(self, nth: impl IntoIterator<Item = u64>) -> Self {
        Self { nth: Some(Nth(nth.into_iter().collect())), ..self }
    }

    /// Strikes with this chance.
    #[must_use]
    pub fn probability(self, probability: f64) -> Self {
        Self { probability: Some(probability), ..self }
    }

    /// Strikes only at requests for this session.
    #[must_use]
    pub fn session(self, session: Uuid) -> Self {
        Self { session: Some(session), ..self }
    }

    /// Strikes only at requests for this flow.
    #[must_use]
    pub fn flow(self, flow: Uuid) -> Self {
        Self { flow: Some(flow), ..self }
    }

    /// Strikes only while the request's session has this status.
    #[must_use]
    pub fn during(self, status: Status) -> Self {
        Self { while_status: Some(status), ..self }
    }

    pub(crate) fn check(&self) -> Result<(), InvalidFault> {
        self.problem().map_or(Ok(()), |problem| {
            Err(InvalidFault(format!("`{}`: {problem}", self.fault.name())))
        })
    }

    fn problem(&self) -> Option<String> {
        if let Some(Nth(numbers)) = &self.nth {
            if numbers.is_empty() || numbers.contains(&0) {
                return Some("`nth` holds numbers from 1".to_owned());
            }
            if self.from.is_some() || self.times.is_some() || self.probability.is_some() {
                return Some("`nth` excludes `from`, `times` and `probability`".to_owned());
            }
        }
        if self.from == Some(0) {
            return Some("`from` counts from 1".to_owned());
        }
        if self.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Some("`probability` is from 0 to 1".to_owned());
        }
        match &self.fault {
            Fault::Status { status, .. } | Fault::HtmlError { status, .. }
                if !(200..=599).contains(status) =>
            {
                Some(format!("`status` {status} is not from 200 to 599"))
            }
            Fault::Status { content_type, headers, .. } => {
                let mut values = headers.values().chain(content_type);
                if let Some(name) = headers.keys().find(|it| it.parse::<HeaderName>().is_err()) {
                    return Some(format!("{name:?} is not the name of a header"));
                }
                values
                    .find(|value| value.parse::<HeaderValue>().is_err())
                    .map(|value| format!("{value:?} is not the value of a header"))
            }
            Fault::Redirect { status, .. } if !(300..=399).contains(status) => {
                Some(format!("`status` {status} is not from 300 to 399"))
            }
            Fault::Redirect { to, .. } if to.parse::<HeaderValue>().is_err() => {
                Some(format!("`to` {to:?} is not the value of a header"))
            }
            Fault::HugeBody { bytes, .. } if *bytes < 14 => {
                Some("`bytes` is at least 14".to_owned())
            }
            Fault::AnsweredElsewhere { answer } if answer.is_null() => {
                Some("`answer` is null".to_owned())
            }
            _ => None,
        }
    }
}

/// Reads rules whose mistakes are reported with line and column.
pub(crate) fn parse_rules(text: &str) -> Result<Vec<FaultRule>, InvalidFile> {
    let rules: Vec<FaultRule> = file::parse(text)?;
    for (index, rule) in rules.iter().enumerate() {
        rule.check().map_err(|error| {
            let written: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            let offset = written.get(index).map_or(0, |rule| offset_of(rule.get(), text));
            InvalidFile::at_offset(text, offset, error.to_string())
        })?;
    }
    Ok(rules)
}

/// A fault rule that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault {0}")]
pub struct InvalidFault(String);

impl InvalidFault {
    pub(super) fn new(problem: String) -> Self {
        Self(problem)
    }
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands it in like that"
)]
fn call_or_any<S: Serializer>(call: &Option<Call>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(call.map_or("any", Call::name))
}

fn read_call_or_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Call>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum On {
        Any,
        GetLiveFlows,
        GetLiveFlow,
        CreateSession,
        GetSessions,
        GetSession,
        AddUserInput,
        CancelSession,
    }
    Ok(match On::deserialize(deserializer)? {
        On::Any => None,
        On::GetLiveFlows => Some(Call::GetLiveFlows),
        On::GetLiveFlow => Some(Call::GetLiveFlow),
        On::CreateSession => Some(Call::CreateSession),
        On::GetSessions => Some(Call::GetSessions),
        On::GetSession => Some(Call::GetSession),
        On::AddUserInput => Some(Call::AddUserInput),
        On::CancelSession => Some(Call::CancelSession),
    })
}

impl<'de> Deserialize<'de> for Nth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Nth;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 1 or a list of such numbers")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Nth, E> {
                Ok(Nth(vec![number]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Nth, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = items.next_element()? {
                    numbers.push(number);
                }
                Ok(Nth(numbers))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Effect, LatencyWhen};

    fn read(text: &str) -> Result<FaultRule, String> {
        let rule: FaultRule = serde_json::from_str(text).map_err(|error| error.to_string())?;
        rule.check().map_err(|error| error.to_string())?;
        Ok(rule)
    }

    #[test]
    fn a_fault_without_members_may_be_written_as_its_name() {
        let rule = read(r#"{"on": "any", "nth": 2, "fault": "hold"}"#).unwrap();
        assert_eq!(rule, FaultRule::any(Fault::Hold { effect: Effect::None }).nth([2]));
        let rule = read(r#"{"on": "get_session", "times": 1, "fault": {"latency": {"ms": 5}}}"#);
        let fault = Fault::Latency { ms: 5, when: LatencyWhen::BeforeEffect };
        assert_eq!(rule.unwrap(), FaultRule::new(Call::GetSession, fault).times(1));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let rule = FaultRule::new(Call::CancelSession, Fault::ResetMidBody {})
            .nth([1, 4])
            .during(Status::Waiting);
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(read(&text).unwrap(), rule);
    }

    #[test]
    fn mistakes_are_explained() {
        let problem = |text: &str| read(text).unwrap_err();
        assert!(problem(r#"{"on": "get", "fault": "hold"}"#).contains("get_session"));
        assert!(problem(r#"{"on": "any", "fault": "hodl"}"#).contains("unknown variant `hodl`"));
        assert!(problem(r#"{"on": "any", "fault": "latency"}"#).contains("missing field `ms`"));
        assert!(
            problem(r#"{"on": "any", "fault": {"hold": {"efect": "none"}}}"#).contains("efect")
        );
        assert!(
            problem(r#"{"on": "any", "nth": 1, "times": 2, "fault": "hold"}"#).contains("excludes")
        );
        assert!(problem(r#"{"on": "any", "nth": 0, "fault": "hold"}"#).contains("from 1"));
        assert!(problem(r#"{"on": "any", "probability": 2, "fault": "hold"}"#).contains("0 to 1"));
        assert!(
            problem(r#"{"on": "any", "fault": {"status": {"status": 100}}}"#).contains("200 to")
        );
        assert!(
            problem(r#"{"on": "any", "fault": {"redirect": {"to": "/a\nb"}}}"#).contains("header")
        );
    }

    #[test]
    fn the_readmes_rules_are_valid() {
        let readme = include_str!("../../README.md");
        let (_, after) = readme.split_once("## Faults\n").unwrap();
        let (_, after) = after.split_once("```json\n").unwrap();
        let (rules, _) = after.split_once("```").unwrap();
        assert_eq!(parse_rules(rules).unwrap().len(), 3);
    }

    #[test]
    fn a_wrong_rule_is_told_with_its_place() {
        let error = parse_rules("[\n  {\"on\": \"any\", \"from\": 0, \"fault\": \"hold\"}]");
        assert_eq!(error.unwrap_err().to_string(), "2:3: fault `hold`: `from` counts from 1");
    }
}
