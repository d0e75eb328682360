//! What the service itself says about a failure, made fit to be shown: its error bodies are
//! `FastAPI`'s, but a proxy on the way may answer with anything.

use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::error::FieldError;

/// The longest detail kept, in characters.
const LONGEST: usize = 500;
/// The most field errors kept.
const MOST_FIELDS: usize = 50;

/// Texts that must not be shown, even if a server repeats them. Each request has them with it.
#[derive(Clone, Default)]
pub(super) struct Hidden(Arc<Vec<Arc<zeroize::Zeroizing<String>>>>);

impl Hidden {
    pub(super) fn add(&mut self, text: &str) {
        // Hiding "a" or "1" would only make the rest unreadable; no real key is that short.
        if text.len() >= 4 {
            Arc::make_mut(&mut self.0).push(Arc::new(zeroize::Zeroizing::new(text.to_owned())));
        }
    }

    /// The text without control characters, without what must not be shown, and not too long.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text: String = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !c.is_control() && !reorders(*c))
            .collect();
        for hidden in self.0.iter() {
            text = without(&text, hidden);
        }
        let text = text.trim();
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", text[..end].trim_end()),
            None => text.to_owned(),
        }
    }
}

/// The text with a placeholder wherever it holds the secret.
fn without(text: &str, secret: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if let Some(length) = length_at(rest, secret) {
            clean.push_str("(hidden)");
            length
        } else {
            // What does not begin at the first of many backslashes begins at none of them; and a text
            // of nothing else must not cost the square of it.
            let length = backslashes_at(rest).max(c.len_utf8());
            clean.push_str(&rest[..length]);
            length
        };
        rest = &rest[length..];
    }
    clean
}

/// How much of the text's beginning is the secret, whether it stands there as it is, in JSON
/// (`\/`, `\"`, `\u002f`, and these within JSON again) or in an address (`%2f`, a host in small
/// letters).
fn length_at(text: &str, secret: &str) -> Option<usize> {
    let mut rest = text;
    for expected in secret.chars().filter(|c| *c != '\\') {
        // Each level of JSON doubles them.
        let backslashes = backslashes_at(rest);
        let plain = &rest[backslashes..];
        let is_it = |c: char| c.eq_ignore_ascii_case(&expected);
        rest = match escaped(plain, backslashes > 0) {
            Some((c, after)) if is_it(c) => after,
            _ => plain.strip_prefix(is_it)?,
        };
    }
    (rest.len() < text.len()).then(|| text.len() - rest.len())
}

/// How many of them the text begins with.
fn backslashes_at(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'\\').count()
}

/// The character that the text's beginning stands for, if it is written by its number.
fn escaped(text: &str, after_backslash: bool) -> Option<(char, &str)> {
    let (mark, digits) = if after_backslash { ('u', 4) } else { ('%', 2) };
    let (code, rest) = text.strip_prefix(mark)?.split_at_checked(digits)?;
    Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, rest))
}

/// Characters that change the direction of what surrounds them, and could make a log lie.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What an error body says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Detail {
    pub(super) text: Option<String>,
    /// Whether `text` is a `detail` string, the service's own words, not merely some body.
    pub(super) is_own_words: bool,
    pub(super) fields: Vec<FieldError>,
}

impl Detail {
    pub(super) fn read(headers: &HeaderMap, body: &[u8], hidden: &Hidden) -> Self {
        let body = String::from_utf8_lossy(body);
        let body = body.trim();
        if body.is_empty() {
            return Self::default();
        }
        if is_html(headers, body) {
            return Self { text: Some("an HTML page".to_owned()), ..Self::default() };
        }
        let (text, is_own_words, fields) = match serde_json::from_str::<Value>(body) {
            Ok(Value::Object(members)) => match members.get("detail") {
                Some(Value::String(words)) => (words.clone(), true, Vec::new()),
                Some(Value::Array(entries)) => {
                    let fields = fields(entries, hidden);
                    let text = if fields.is_empty() { body.to_owned() } else { summary(&fields) };
                    (text, false, fields)
                }
                Some(Value::Null) | None => {
                    (message(&members).unwrap_or(body).to_owned(), false, Vec::new())
                }
                Some(other) => (other.to_string(), false, Vec::new()),
            },
            Ok(Value::String(words)) => (words, false, Vec::new()),
            _ => (body.to_owned(), false, Vec::new()),
        };
        let text = Some(hidden.clean(&text)).filter(|text| !text.is_empty());
        Self { is_own_words: is_own_words && text.is_some(), text, fields }
    }
}

/// Whether the body is a page for a browser: of a proxy, a login, a gateway's error.
pub(super) fn is_html(headers: &HeaderMap, body: &str) -> bool {
    let declared = headers.get(CONTENT_TYPE).is_some_and(|value| {
        value.as_bytes().to_ascii_lowercase().windows(4).any(|w| w == b"html")
    });
    declared || body.trim_start().starts_with('<')
}

/// The members in which other frameworks put their words.
fn message(members: &serde_json::Map<String, Value>) -> Option<&str> {
    ["message", "error", "error_description", "title"]
        .iter()
        .find_map(|name| members.get(*name)?.as_str())
}

/// `FastAPI`'s validation errors: `{"loc": […], "msg": …, "type": …}`. Their `input` repeats what
/// the caller sent, and is left out.
fn fields(entries: &[Value], hidden: &Hidden) -> Vec<FieldError> {
    let text = |value: Option<&Value>| Some(hidden.clean(value?.as_str()?));
    entries
        .iter()
        .take(MOST_FIELDS)
        .filter_map(|entry| {
            Some(FieldError {
                location: hidden.clean(&location(entry.get("loc"))),
                problem: text(entry.get("msg"))?,
                kind: text(entry.get("type")),
            })
        })
        .collect()
}

fn location(loc: Option<&Value>) -> String {
    let part = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match loc {
        Some(Value::Array(parts)) => parts.iter().map(part).collect::<Vec<_>>().join("."),
        Some(other) => part(other),
        None => String::new(),
    }
}

fn summary(fields: &[FieldError]) -> String {
    let one = |field: &FieldError| match field.location.as_str() {
        "" => field.problem.clone(),
        location => format!("{location}: {}", field.problem),
    };
    fields.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(body: &str) -> Detail {
        let mut hidden = Hidden::default();
        hidden.add("marked-key");
        Detail::read(&HeaderMap::new(), body.as_bytes(), &hidden)
    }

    fn text(body: &str) -> String {
        read(body).text.unwrap_or_default()
    }

    #[test]
    fn a_detail_string_is_the_services_own_words() {
        let detail = read(r#"{"detail":"Session is not waiting"}"#);
        assert_eq!(detail.text.as_deref(), Some("Session is not waiting"));
        assert!(detail.is_own_words);
        assert_eq!(detail.fields, []);
    }

    #[test]
    fn validation_errors_are_read_one_by_one() {
        let detail = read(
            r#"{"detail":[
                {"loc":["body","inputs","company"],"msg":"Field required","type":"missing","input":{}},
                {"loc":["body","items",0],"msg":"Not a number"},
                {"msg":"Bad"}, 7]}"#,
        );
        let field = |location: &str, problem: &str, kind: Option<&str>| FieldError {
            location: location.to_owned(),
            problem: problem.to_owned(),
            kind: kind.map(ToOwned::to_owned),
        };
        assert_eq!(
            detail.fields,
            [
                field("body.inputs.company", "Field required", Some("missing")),
                field("body.items.0", "Not a number", None),
                field("", "Bad", None),
            ]
        );
        let summary = "body.inputs.company: Field required; body.items.0: Not a number; Bad";
        assert_eq!(detail.text.as_deref(), Some(summary));
        assert!(!detail.is_own_words);
    }

    #[test]
    fn other_shapes_give_the_best_text_there_is() {
        assert_eq!(text(r#"{"message":"no"}"#), "no");
        assert_eq!(text(r#"{"detail":null,"error":"no"}"#), "no");
        assert_eq!(text(r#"{"detail":{"code":7}}"#), r#"{"code":7}"#);
        assert_eq!(text(r#""no""#), "no");
        assert_eq!(text("upstream connect error"), "upstream connect error");
        assert_eq!(text(r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(read("  "), Detail::default());
        assert_eq!(text(&"[".repeat(100_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_page_is_named_and_not_quoted() {
        for page in ["<!DOCTYPE html><p>marked", "  <html>", "<?xml version='1.0'?>"] {
            assert_eq!(text(page), "an HTML page");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("Text/HTML; charset=utf-8"));
        let detail = Detail::read(&headers, b"oops", &Hidden::default());
        assert_eq!(detail.text.as_deref(), Some("an HTML page"));
    }

    #[test]
    fn a_repeated_key_is_hidden_even_where_the_text_is_cut() {
        assert_eq!(text(r#"{"detail":"bad key marked-key!"}"#), "bad key (hidden)!");
        let at_the_cut = format!("{}marked-key", "x".repeat(LONGEST - 5));
        assert!(!text(&at_the_cut).contains("marked"), "{}", text(&at_the_cut));
        let split = text("marked\u{0}-\u{202e}key");
        assert_eq!(split, "(hidden)");
        let detail = read(r#"{"detail":[{"loc":["header","marked-key"],"msg":"marked-key"}]}"#);
        assert!(!format!("{detail:?}").contains("marked"), "{detail:?}");
    }

    #[test]
    fn a_repeated_key_is_hidden_however_it_is_written() {
        let mut hidden = Hidden::default();
        hidden.add(r#"Mark/ed"7%41k"#);
        for written in [
            r#"Mark/ed"7%41k"#,
            r#"mark/ed"7%41k"#,
            r#"Mark\/ed\"7%41k"#,
            r"M\u0061rk\u002Fed\u00227%41\u006b",
            r#"Mark\\\/ed\\\"7\\u002541k"#,
            "Mark%2fed%227%2541%6B",
        ] {
            let shown = hidden.clean(&format!("the key {written} is wrong"));
            assert_eq!(shown, "the key (hidden) is wrong");
        }
        // Within JSON within JSON within JSON within JSON.
        let deep = r#"Mark/ed"7%41k"#.replace('/', &format!("{}/", "\\".repeat(15)));
        assert_eq!(hidden.clean(&deep), "(hidden)");
        assert_eq!(
            hidden.clean("Mark/ed and % and \\u00 and %4"),
            "Mark/ed and % and \\u00 and %4"
        );
    }

    #[test]
    fn a_text_of_nothing_but_backslashes_is_soon_read() {
        assert_eq!(text(&"\\".repeat(4_000_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn the_text_has_no_control_characters_and_is_not_too_long() {
        assert_eq!(text("a\u{1b}[31mb\r\nc\u{202e}d"), "a[31mb  cd");
        let long = text(&"é".repeat(2000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
        assert_eq!(String::from_utf8_lossy(b"\xff"), text(&String::from_utf8_lossy(b"\xff")));
    }

    #[test]
    fn a_secret_of_nothing_that_could_be_looked_for_hides_nothing() {
        let mut hidden = Hidden::default();
        hidden.add(r"\\\\\\\\");
        assert_eq!(length_at("some text", r"\\\\\\\\"), None);
        assert_eq!(hidden.clean("some text"), "some text");
    }
}
