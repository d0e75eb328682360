//! JSON for a reader: texts as text, objects as a list of their members, in the order they came in.

use std::fmt;

use liveflow::Json;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text;

/// The value as lines of text, without a line break at the end.
pub(crate) fn readable(json: &Json) -> String {
    let mut lines = Vec::new();
    Value::read(json.as_str()).write("", "", &mut lines);
    lines.join("\n")
}

/// The value on one line, as JSON, whatever spacing it came with.
pub(crate) fn one_line(json: &Json) -> String {
    // The text form of a JSON string is what it says, of anything else compact JSON.
    if json.as_str().starts_with('"') { json.as_str().to_owned() } else { json.to_text() }
}

enum Value {
    /// Of any number of lines.
    Text(String),
    /// A number, a truth value or null.
    Word(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Reads text that is known to be JSON of a bearable depth, with numbers as they were written.
    fn read(json: &str) -> Self {
        let word = || Self::Word(json.to_owned());
        match json.as_bytes().first() {
            Some(b'"') => serde_json::from_str(json).map_or_else(|_| word(), Self::Text),
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(json).map_or_else(
                |_| word(),
                |items| Self::List(items.into_iter().map(|item| Self::read(item.get())).collect()),
            ),
            Some(b'{') => members(json).map_or_else(
                |_| word(),
                |members| {
                    let read = |(name, value): (String, &RawValue)| (name, Self::read(value.get()));
                    Self::Object(members.into_iter().map(read).collect())
                },
            ),
            _ => word(),
        }
    }

    /// Writes it, what comes first after `first`, everything below it after `rest`.
    fn write(&self, first: &str, rest: &str, lines: &mut Vec<String>) {
        match self {
            Self::Text(said) => {
                for (number, line) in text::block(said).split('\n').enumerate() {
                    let indent = if number == 0 { first } else { rest };
                    lines.push(format!("{indent}{line}").trim_end().to_owned());
                }
            }
            Self::Word(word) => lines.push(format!("{first}{word}")),
            Self::List(items) if items.is_empty() => lines.push(format!("{first}(none)")),
            Self::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    let indent = if number == 0 { first } else { rest };
                    item.write(&format!("{indent}- "), &format!("{rest}  "), lines);
                }
            }
            Self::Object(members) if members.is_empty() => lines.push(format!("{first}(nothing)")),
            Self::Object(members) => {
                for (number, (name, value)) in members.iter().enumerate() {
                    let indent = if number == 0 { first } else { rest };
                    let name = text::line(name);
                    if value.fits_beside_its_name() {
                        value.write(&format!("{indent}{name}: "), rest, lines);
                    } else {
                        lines.push(format!("{indent}{name}:"));
                        let below = format!("{rest}  ");
                        value.write(&below, &below, lines);
                    }
                }
            }
        }
    }

    fn fits_beside_its_name(&self) -> bool {
        match self {
            Self::Text(said) => !said.contains('\n'),
            Self::Word(_) => true,
            Self::List(items) => items.is_empty(),
            Self::Object(members) => members.is_empty(),
        }
    }
}

/// The members of an object in their order, which `serde_json`'s own tree forgets.
fn members(json: &str) -> serde_json::Result<Vec<(String, &RawValue)>> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(json).deserialize_map(InOrder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        readable(&Json::parse(json).unwrap())
    }

    #[test]
    fn a_text_is_shown_as_it_is() {
        assert_eq!(shown(r#""Dear ACME,\n\nhello""#), "Dear ACME,\n\nhello");
    }

    #[test]
    fn members_keep_their_order_and_numbers_their_digits() {
        let json = r#"{"z": 1.10, "a": [1, {"b": "x", "c": null}], "empty": [], "long": "1\n2"}"#;
        assert_eq!(
            shown(json),
            "z: 1.10\na:\n  - 1\n  - b: x\n    c: null\nempty: (none)\nlong:\n  1\n  2"
        );
    }

    #[test]
    fn escape_sequences_in_names_and_texts_are_harmless() {
        let shown = shown(r#"{"\u001b[31mred": "\u001b[2J"}"#);
        assert_eq!(shown, "␛[31mred: ␛[2J");
    }

    #[test]
    fn one_line_is_json_without_its_spacing() {
        let json = |text| one_line(&Json::parse(text).unwrap());
        assert_eq!(json("{\n  \"a\": [1,\n 2]}"), r#"{"a":[1,2]}"#);
        assert_eq!(json(r#""a  b""#), r#""a  b""#);
    }
}
