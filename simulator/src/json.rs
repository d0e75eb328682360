//! JSON kept as the text that arrived, so that every digit and the order of members survive.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A JSON value as text; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Json(Arc<RawValue>);

impl Json {
    /// Keeps the order of the members as they are serialised.
    pub(crate) fn new(value: &impl Serialize) -> Self {
        Self(Arc::from(to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())))
    }

    pub(crate) fn from_raw(raw: &RawValue) -> Self {
        Self(Arc::from(raw.to_owned()))
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(self.0.get()).unwrap_or(Value::Null)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// How a value reads inside a text: a text is itself, null is nothing, the rest is compact JSON.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn digits_and_order_survive() {
        let text = r#"{"z":12345678901234567890123,"a":1.10}"#;
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap();
        let kept = Json::from_raw(&raw);
        assert_eq!(serde_json::to_string(&kept).unwrap(), text);
        assert_eq!(kept.value()["z"].to_string(), "12345678901234567890123");
        assert_eq!(kept.value()["a"].to_string(), "1.10");
    }

    #[test]
    fn values_read_as_text() {
        assert_eq!(as_text(&json!("a b")), "a b");
        assert_eq!(as_text(&json!(null)), "");
        assert_eq!(as_text(&json!({"a": [1, true]})), r#"{"a":[1,true]}"#);
    }
}
