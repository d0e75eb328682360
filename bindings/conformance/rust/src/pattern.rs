//! Whether a value fits a pattern.

use std::collections::HashMap;

use serde_json::{Number, Value};

/// What patterns can refer to beside the value itself.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    /// Session names and their ids.
    pub(crate) sessions: HashMap<String, String>,
    pub(crate) flow: String,
}

/// The values noted by `$bind` so far.
pub(crate) type Bound = HashMap<String, Value>;

/// Whether `value` fits; notes what `$bind` notes. After a misfit, `bound` may hold too much: use
/// a copy where another try follows.
pub(crate) fn fits(pattern: &Value, value: &Value, names: &Names, bound: &mut Bound) -> bool {
    match pattern {
        Value::Array(patterns) => value.as_array().is_some_and(|items| {
            items.len() == patterns.len()
                && patterns.iter().zip(items).all(|(p, item)| fits(p, item, names, bound))
        }),
        Value::Object(members) => match members.iter().next() {
            Some((name, inner)) if name.starts_with('$') => {
                matcher(name, inner, value, names, bound)
            }
            _ => {
                value.is_object()
                    && members
                        .iter()
                        .all(|(name, inner)| fits(inner, &value[name.as_str()], names, bound))
            }
        },
        literal => same(literal, value),
    }
}

fn matcher(name: &str, inner: &Value, value: &Value, names: &Names, bound: &mut Bound) -> bool {
    let patterns = || inner.as_array().map(Vec::as_slice).unwrap_or_default();
    match name {
        "$any" => !value.is_null(),
        "$exactly" => same(inner, value),
        "$one_of" => patterns().iter().any(|pattern| {
            let mut tried = bound.clone();
            let does_fit = fits(pattern, value, names, &mut tried);
            if does_fit {
                *bound = tried;
            }
            does_fit
        }),
        "$all" => patterns().iter().all(|pattern| fits(pattern, value, names, bound)),
        "$not" => !fits(inner, value, names, &mut bound.clone()),
        "$contains" => match (inner.as_str(), value.as_str()) {
            (Some(part), Some(text)) => text.contains(part),
            _ => false,
        },
        "$has" => value.as_array().is_some_and(|items| {
            items.iter().any(|item| {
                let mut tried = bound.clone();
                let does_fit = fits(inner, item, names, &mut tried);
                if does_fit {
                    *bound = tried;
                }
                does_fit
            })
        }),
        "$each" => value
            .as_array()
            .is_some_and(|items| items.iter().all(|item| fits(inner, item, names, bound))),
        "$length" => {
            length(value).is_some_and(|length| fits(inner, &Value::from(length), names, bound))
        }
        "$at_least" => both_numbers(inner, value).is_some_and(|(least, value)| value >= least),
        "$at_most" => both_numbers(inner, value).is_some_and(|(most, value)| value <= most),
        "$bind" => {
            let name = inner.as_str().unwrap_or_default();
            match bound.get(name) {
                Some(noted) => same(noted, value),
                None if value.is_null() => false,
                None => {
                    bound.insert(name.to_owned(), value.clone());
                    true
                }
            }
        }
        "$session" => inner
            .as_str()
            .and_then(|name| names.sessions.get(name))
            .is_some_and(|id| value.as_str() == Some(id)),
        "$flow" => value.as_str() == Some(&names.flow),
        // Patterns are checked before anything is played.
        _ => false,
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        Value::String(text) => Some(text.chars().count()),
        _ => None,
    }
}

fn both_numbers(one: &Value, two: &Value) -> Option<(f64, f64)> {
    Some((one.as_f64()?, two.as_f64()?))
}

/// Whether two values are the same JSON: numbers by value, integers with all their digits.
pub(crate) fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => same_number(one, two),
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Value::Object(one), Value::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(name, one)| two.get(name).is_some_and(|two| same(one, two)))
        }
        (one, two) => one == two,
    }
}

fn same_number(one: &Number, two: &Number) -> bool {
    let (one_text, two_text) = (one.to_string(), two.to_string());
    let is_integer = |text: &str| !text.contains(['.', 'e', 'E']);
    if one_text == two_text {
        return true;
    }
    if is_integer(&one_text) && is_integer(&two_text) {
        return false;
    }
    one.as_f64() == two.as_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn does_fit(pattern: &Value, value: &Value) -> bool {
        let names = Names {
            sessions: HashMap::from([("main".to_owned(), "id-1".to_owned())]),
            flow: "flow-1".to_owned(),
        };
        fits(pattern, value, &names, &mut Bound::new())
    }

    #[test]
    fn each_pattern_fits_what_it_should_and_nothing_else() {
        for (pattern, good, bad) in [
            (json!("a"), json!("a"), json!("b")),
            (json!(1), json!(1.0), json!(2)),
            (json!(null), json!(null), json!(0)),
            (json!([1, {"$any": true}]), json!([1, 2]), json!([1])),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"b": 2})),
            (json!({"a": null}), json!({}), json!({"a": 1})),
            (json!({}), json!({"a": 1}), json!([])),
            (json!({"$exactly": {"a": 1}}), json!({"a": 1}), json!({"a": 1, "b": 2})),
            (json!({"$one_of": [1, "x"]}), json!("x"), json!(2)),
            (json!({"$all": [{"$at_least": 2}, {"$at_most": 4}]}), json!(3), json!(5)),
            (json!({"$not": "a"}), json!("b"), json!("a")),
            (json!({"$contains": "bc"}), json!("abcd"), json!("acbd")),
            (json!({"$has": {"a": 1}}), json!([{}, {"a": 1}]), json!([{"a": 2}])),
            (json!({"$each": 1}), json!([1, 1]), json!([1, 2])),
            (json!({"$length": 2}), json!("äö"), json!("äöü")),
            (json!({"$length": {"$at_least": 1}}), json!([0]), json!([])),
            (json!({"$session": "main"}), json!("id-1"), json!("id-2")),
            (json!({"$flow": true}), json!("flow-1"), json!("flow-2")),
            (
                json!([{"$bind": "x"}, {"$bind": "y"}, {"$bind": "x"}]),
                json!([1, 2, 1]),
                json!([1, 2, 2]),
            ),
        ] {
            assert!(does_fit(&pattern, &good), "{pattern} {good}");
            assert!(!does_fit(&pattern, &bad), "{pattern} {bad}");
        }
    }

    #[test]
    fn digits_count() {
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let big = number("123456789012345678901234567890");
        assert!(does_fit(&big, &big));
        assert!(!does_fit(&big, &number("123456789012345678901234567891")));
    }
}
