//! JSON as the service wrote it: kept as text, decoded when somebody looks.
//!
//! Text keeps every digit of a number and the order of members, crosses the language boundary for
//! the price of a string, and each language decodes it to its own JSON.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::{LiveFlowError, Result};

/// The deepest nesting that is taken. It is below what any of the languages' decoders can bear.
pub(crate) const MAX_DEPTH: usize = 100;

/// One JSON value, as text that is known to be valid.
///
/// The values of one answer of the service share its text: each is a place in it, and neither
/// decoding nor cloning copies anything.
#[derive(Clone)]
pub struct Json {
    text: Arc<str>,
    /// Where it stands in `text`. Four bytes each, since every step of every session has several.
    from: u32,
    /// [`TO_THE_END`] for a value that is all of its text.
    to: u32,
}

const TO_THE_END: u32 = u32::MAX;

impl Json {
    /// Takes JSON text; anything else is `InvalidRequest` with the place of the mistake.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_argument(text, "json")
    }

    /// As [`Json::parse`], naming the argument that the text came in.
    pub fn parse_argument(text: &str, argument: &str) -> Result<Self> {
        if exceeds_depth(text.as_bytes(), MAX_DEPTH) {
            return Err(LiveFlowError::invalid_argument(
                argument,
                format!("{argument} is nested more than {MAX_DEPTH} levels deep"),
            ));
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            LiveFlowError::invalid_argument(argument, format!("{argument} is not JSON: {error}"))
        })?;
        Ok(Self::whole(raw.get()))
    }

    /// Any serialisable value. What JSON cannot say (a map whose keys are not text) is
    /// `InvalidRequest`; a NaN becomes `null`, as everywhere in `serde_json`.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let text = serde_json::to_string(value).map_err(|error| {
            LiveFlowError::invalid_argument("json", format!("this value is not JSON: {error}"))
        })?;
        Ok(Self::whole(&text))
    }

    /// The JSON string that says `text`.
    pub fn string(text: &str) -> Self {
        Self::whole(&serde_json::Value::from(text).to_string())
    }

    pub(crate) fn null() -> Self {
        Self::whole("null")
    }

    /// A value whose text is known to be valid.
    pub(crate) fn whole(text: &str) -> Self {
        Self { text: Arc::from(text), from: 0, to: TO_THE_END }
    }

    /// A value that stands in this one's text, whose place it is given.
    pub(crate) fn part(&self, raw: &RawValue) -> Self {
        let part = raw.get();
        let from = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let to = from.wrapping_add(part.len());
        let is_here = self.text.get(from..to).is_some_and(|here| std::ptr::eq(here, part));
        match (u32::try_from(from), u32::try_from(to)) {
            (Ok(from), Ok(to)) if is_here && to != TO_THE_END => {
                Self { text: Arc::clone(&self.text), from, to }
            }
            // Beyond four gigabytes.
            _ => Self::whole(part),
        }
    }

    /// The same with a text of its own, for what outlives the answer that it came in.
    pub(crate) fn detached(&self) -> Self {
        Self::whole(self.as_str())
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        match (self.from, self.to) {
            (0, TO_THE_END) => &self.text,
            (from, to) => &self.text[from as usize..to as usize],
        }
    }

    /// Decodes it to a type of the caller's.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.as_str()).map_err(|error| {
            LiveFlowError::invalid_argument("json", format!("this JSON does not fit: {error}"))
        })
    }

    /// Decodes it to `serde_json`'s own tree.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(self.as_str()).unwrap_or(serde_json::Value::Null)
    }

    /// The text for a person: a JSON string without its quotes, anything else as compact JSON.
    pub fn to_text(&self) -> String {
        match serde_json::from_str::<String>(self.as_str()) {
            Ok(text) => text,
            Err(_) => self.compact(),
        }
    }

    /// The same text without the spaces between its parts.
    fn compact(&self) -> String {
        let mut in_string = false;
        let mut escaped = false;
        let keep = |c: &char| {
            match *c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = !in_string,
                _ => {}
            }
            in_string || !c.is_ascii_whitespace()
        };
        self.as_str().chars().filter(keep).collect()
    }

    /// Whether both say the same, whatever their spacing and the order of members.
    pub fn means_the_same(&self, other: &Self) -> bool {
        let value = |json: &Self| serde_json::from_str::<serde_json::Value>(json.as_str()).ok();
        // Half a surrogate pair can be written in JSON, but no text says what it means.
        self == other || value(self).is_some_and(|own| value(other) == Some(own))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        let is_one =
            Arc::ptr_eq(&self.text, &other.text) && (self.from, self.to) == (other.from, other.to);
        is_one || self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl Hash for Json {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let raw: &RawValue = serde_json::from_str(self.as_str()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self::whole(raw.get()))
    }
}

#[cfg(feature = "uniffi")]
mod boundary {
    use super::Json;

    uniffi::custom_type!(Json, String, {
        lower: |json| json.as_str().to_owned(),
        try_lift: |text| Ok(Json::parse(&text)?),
    });
}

/// Whether brackets in `json` nest deeper than `limit`. Strings are skipped; nothing is validated.
pub(crate) fn exceeds_depth(json: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for &byte in json {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let text = r#"{"big":123456789012345678901234567890,"exact":0.10000000000000000001}"#;
        assert_eq!(Json::parse(text).unwrap().as_str(), text);
        assert_eq!(Json::parse(text).unwrap().to_value().to_string(), text);
    }

    #[test]
    fn a_part_shares_the_text_it_stands_in_and_equals_its_own_copy() {
        let whole = Json::parse(r#"{"a":[1,2],"b":"x"}"#).unwrap();
        let members: std::collections::BTreeMap<&str, &RawValue> =
            serde_json::from_str(whole.as_str()).unwrap();
        let part = whole.part(members["a"]);
        assert_eq!(part.as_str(), "[1,2]");
        assert!(Arc::ptr_eq(&part.text, &whole.text));
        let copy = part.detached();
        assert!(!Arc::ptr_eq(&copy.text, &whole.text));
        assert_eq!(copy, part);
        assert_eq!(std::collections::HashSet::from([copy, part]).len(), 1);
        let elsewhere: Box<RawValue> = serde_json::from_str("[3]").unwrap();
        assert_eq!(whole.part(&elsewhere).as_str(), "[3]", "what stands elsewhere is copied");
    }

    #[test]
    fn spacing_and_order_do_not_change_the_meaning() {
        let one = Json::parse(r#"{"a":1,"b":[2,3]}"#).unwrap();
        let two = Json::parse(r#" { "b" : [2, 3], "a" : 1 } "#).unwrap();
        assert!(one.means_the_same(&two));
        assert!(!one.means_the_same(&Json::parse("{}").unwrap()));
    }

    #[test]
    fn half_a_surrogate_pair_means_nothing_but_itself() {
        let [one, two] = [r#""\ud800""#, r#""\ud801""#].map(|text| Json::parse(text).unwrap());
        assert!(one.means_the_same(&one) && !one.means_the_same(&two));
        assert!(!one.means_the_same(&Json::null()));
    }

    #[test]
    fn a_mistake_is_placed() {
        let error = Json::parse("{\"a\": tru}").unwrap_err();
        assert!(error.to_string().contains("line 1 column"), "{error}");
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused_and_brackets_in_strings_do_not_count() {
        let deep = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
        assert!(Json::parse(&deep).is_err());
        let fine = format!("\"{}\"", "[".repeat(1000));
        assert!(Json::parse(&fine).is_ok());
        let nearly = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(Json::parse(&nearly).is_ok());
    }
}
