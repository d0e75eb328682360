//! Conditions of a branch, and which answers an input step accepts.

use regex_lite::Regex;
use serde_json::Value;

use super::template::{Scope, Template};
use crate::json::as_text;

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) value: Template,
    pub(crate) test: Test,
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Equals(Value),
    Contains(String),
    OneOf(Vec<Value>),
    AtLeast(f64),
}

impl Condition {
    pub(crate) fn holds(&self, scope: &dyn Scope) -> bool {
        self.test.holds(&self.value.render(scope))
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Equals(expected) => same(value, expected),
            Self::Contains(text) => as_text(value).to_lowercase().contains(&text.to_lowercase()),
            Self::OneOf(expected) => expected.iter().any(|expected| same(value, expected)),
            Self::AtLeast(bound) => number_in(value).is_some_and(|number| number >= *bound),
        }
    }
}

/// Which answers an input step takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accept {
    pub(crate) one_of: Option<Vec<String>>,
    pub(crate) min_length: usize,
    pub(crate) pattern: Option<Regex>,
}

impl Accept {
    pub(crate) fn takes(&self, answer: &Value) -> bool {
        let text = as_text(answer);
        let listed = self
            .one_of
            .as_ref()
            .is_none_or(|words| words.iter().any(|word| same_text(word, &text)));
        let matches = self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(&text));
        listed && matches && text.trim().chars().count() >= self.min_length
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => same_text(left, right),
        (left, right) => left == right,
    }
}

fn same_text(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

/// People write amounts as "€ 12,000": everything around and between the digits is skipped.
fn number_in(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let from = text.find(|c: char| c.is_ascii_digit())?;
            let sign = if text[..from].ends_with('-') { "-" } else { "" };
            let digits: String = text[from..]
                .chars()
                .take_while(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
                .filter(|c| *c != ',')
                .collect();
            format!("{sign}{}", digits.trim_end_matches('.')).parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_equal_whatever_their_case_and_surroundings() {
        assert!(Test::Equals(json!("Yes")).holds(&json!(" yes ")));
        assert!(!Test::Equals(json!("Yes")).holds(&json!("yes please")));
        assert!(Test::Equals(json!({"a": 1})).holds(&json!({"a": 1})));
    }

    #[test]
    fn contains_looks_into_the_text_form() {
        assert!(Test::Contains("SPAM".into()).holds(&json!("buy spam")));
        assert!(Test::Contains("spam".into()).holds(&json!(["spam"])));
        assert!(!Test::Contains("spam".into()).holds(&json!(null)));
    }

    #[test]
    fn one_of_needs_one_equal() {
        let test = Test::OneOf(vec![json!("a"), json!(2)]);
        assert!(test.holds(&json!("A")) && test.holds(&json!(2)) && !test.holds(&json!("2")));
    }

    #[test]
    fn amounts_are_read_from_text() {
        assert!(Test::AtLeast(12000.0).holds(&json!("€ 12,000.")));
        assert!(Test::AtLeast(2.5).holds(&json!(2.5)));
        assert!(!Test::AtLeast(12000.0).holds(&json!("11,999.99 EUR")));
        assert!(!Test::AtLeast(0.0).holds(&json!("-5")));
        assert!(!Test::AtLeast(0.0).holds(&json!("none")));
    }

    #[test]
    fn every_part_of_accept_must_hold() {
        let accept = Accept {
            one_of: Some(vec!["yes".into(), "no".into()]),
            min_length: 3,
            pattern: Some(Regex::new("^[a-z]+$").unwrap()),
        };
        assert!(accept.takes(&json!("yes")));
        assert!(!accept.takes(&json!("no")), "too short");
        assert!(!accept.takes(&json!("YES")), "pattern");
        assert!(!accept.takes(&json!("maybe")), "not listed");
    }
}
