//! Checks of a request, as strict as the real service's.

use std::collections::BTreeMap;
use std::num::IntErrorKind;

use axum::extract::Query;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::reply::{FieldError, Reply};
use crate::service::Service;

impl Service {
    pub(crate) fn authorise(&self, headers: &HeaderMap, org: Option<&str>) -> Result<(), Reply> {
        if !self.key_is_right(headers) {
            return Err(Reply::unauthorized());
        }
        let sent = headers.get("current-org-id").map(axum::http::HeaderValue::as_bytes);
        match org {
            Some(org) if sent != Some(org.as_bytes()) => {
                Err(Reply::detail(StatusCode::FORBIDDEN, "Not a member of this organisation"))
            }
            _ => Ok(()),
        }
    }
}

/// An id in a path. Only the hyphenated form is one.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// Collects all that is wrong with a request, as `FastAPI` tells it all at once.
#[derive(Default)]
pub(crate) struct Problems(Vec<FieldError>);

impl Problems {
    pub(crate) fn add(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// Answers with the problems, if there are any.
    pub(crate) fn settle(&self) -> Result<(), Reply> {
        if self.0.is_empty() { Ok(()) } else { Err(self.refusal()) }
    }

    pub(crate) fn refusal(&self) -> Reply {
        Reply::invalid(&self.0)
    }

    /// The nil id stands in for one that is wrong: nothing is done with it.
    pub(crate) fn id(&mut self, name: &str, text: Option<&String>) -> Uuid {
        text.and_then(|text| uuid(text)).unwrap_or_else(|| {
            let msg = "Input should be a valid UUID";
            self.add(FieldError::new(&["path", name], msg, "uuid_parsing"));
            Uuid::nil()
        })
    }

    /// A whole number in the query.
    pub(crate) fn number(&mut self, uri: &Uri, name: &str, least: usize) -> Option<usize> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).unwrap_or_default();
        let (_, text) = pairs.into_iter().rev().find(|(given, _)| given == name)?;
        let number = text.trim().parse::<i64>().map_err(|error| *error.kind());
        let (msg, kind) = match number.map(usize::try_from) {
            Ok(Ok(number)) if number >= least => return Some(number),
            // As in Python, whole numbers have no end: so many sessions there are not.
            Err(IntErrorKind::PosOverflow) => return Some(usize::MAX),
            Ok(_) | Err(IntErrorKind::NegOverflow) => {
                (format!("Input should be a number from {least}"), "greater_than_equal")
            }
            Err(_) => ("Input should be a valid integer".to_owned(), "int_parsing"),
        };
        self.add(FieldError::new(&["query", name], msg, kind));
        None
    }

    /// A body that must be a JSON object, member by member.
    pub(crate) fn object(&mut self, headers: &HeaderMap, body: &[u8]) -> Option<Members> {
        let value = self.json(headers, body)?;
        if !value.is_object() {
            let msg = "Input should be a valid dictionary";
            self.add(FieldError::new(&["body"], msg, "dict_type"));
            return None;
        }
        let raw = serde_json::from_slice(body).ok()?;
        let by_name = serde_json::from_slice(body).ok()?;
        Some(Members { value, raw, by_name })
    }

    fn json(&mut self, headers: &HeaderMap, body: &[u8]) -> Option<Value> {
        if body.is_empty() {
            self.add(FieldError::missing(&["body"]));
            return None;
        }
        if !is_json(headers) {
            let msg = "Input should be JSON, sent as application/json";
            self.add(FieldError::new(&["body"], msg, "model_attributes_type"));
            return None;
        }
        match serde_json::from_slice(body) {
            Ok(value) => Some(value),
            Err(error) => {
                let msg = format!("JSON decode error: {error}");
                self.add(FieldError::new(&["body"], msg, "json_invalid"));
                None
            }
        }
    }
}

/// A JSON object as it arrived.
pub(crate) struct Members {
    pub(crate) value: Value,
    pub(crate) raw: Box<RawValue>,
    by_name: BTreeMap<String, Box<RawValue>>,
}

impl Members {
    /// The one member that it must have, and no other.
    pub(crate) fn only(&self, name: &str, problems: &mut Problems) -> Option<&RawValue> {
        for other in self.by_name.keys().filter(|other| *other != name) {
            let msg = "Extra inputs are not permitted";
            problems.add(FieldError::new(&["body", other], msg, "extra_forbidden"));
        }
        let member = self.by_name.get(name);
        if member.is_none() {
            problems.add(FieldError::missing(&["body", name]));
        }
        member.map(AsRef::as_ref)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hyphenated_ids_are_ids() {
        assert!(uuid("f6a0e47b-23ca-471a-83da-1ed29e2c1dbe").is_some());
        assert!(uuid("F6A0E47B-23CA-471A-83DA-1ED29E2C1DBE").is_some());
        assert!(uuid("f6a0e47b23ca471a83da1ed29e2c1dbe").is_none());
        assert!(uuid("{f6a0e47b-23ca-471a-83da-1ed29e2c1dbe}").is_none());
        assert!(uuid("f6a0e47b-23ca-471a-83da-1ed29e2c1dbx").is_none());
    }

    #[test]
    fn numbers_in_the_query_have_bounds() {
        let number = |query: &str| {
            let mut problems = Problems::default();
            let uri = format!("/x?{query}").parse().unwrap();
            let number = problems.number(&uri, "limit", 1);
            (number, problems.settle().is_ok())
        };
        assert_eq!(number("limit=3"), (Some(3), true));
        assert_eq!(number("offset=3"), (None, true));
        assert_eq!(number("limit=99999999999999999999999999"), (Some(usize::MAX), true));
        assert_eq!(number("limit=0"), (None, false));
        assert_eq!(number("limit=-99999999999999999999999999"), (None, false));
        assert_eq!(number("limit=-1"), (None, false));
        assert_eq!(number("limit="), (None, false));
        assert_eq!(number("limit=1.5"), (None, false));
    }

    #[test]
    fn json_must_be_declared_as_json() {
        let declared = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            is_json(&headers)
        };
        assert!(declared("application/json; charset=utf-8") && declared("application/x+json"));
        assert!(!declared("text/plain") && !is_json(&HeaderMap::new()));
    }
}
