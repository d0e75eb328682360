//! Text that somebody else wrote, made fit for a terminal.
//!
//! A session's texts come from the service, and may have come to the service from anywhere: written
//! to a terminal as they are, they could move the cursor, change the title, forge lines of ours or
//! turn their direction round. So whatever is not plain text is shown as a sign for itself.

use std::fmt::Write as _;

use console::measure_text_width;

/// Several lines: line breaks stay, all else that acts on a terminal becomes a sign.
pub(crate) fn block(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\u{2028}' | '\u{2029}' => shown.push('\n'),
            '\t' => shown.push_str("    "),
            _ => shown.push(harmless(character)),
        }
    }
    shown
}

/// One line: runs of spaces and line breaks become one space.
pub(crate) fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.extend(word.chars().map(harmless));
    }
    shown
}

/// One line of at most this many columns, cut with an ellipsis.
pub(crate) fn short(text: &str, columns: usize) -> String {
    let whole = line(text);
    if measure_text_width(&whole) <= columns {
        return whole;
    }
    console::truncate_str(&whole, columns, "…").into_owned()
}

/// JSON text with the same meaning, that can be printed: what acts on a terminal is escaped.
pub(crate) fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        // Outside of strings JSON has no such character but white space, which is not hostile.
        if harmless(character) == character {
            shown.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    shown
}

fn harmless(character: char) -> char {
    match character {
        // The signs for the control characters, in their order.
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        // The second set of control characters: some terminals obey them too.
        '\u{80}'..='\u{9f}'
        // What turns the direction of text round, or hides.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\x1b[2J\x1b]0;title\x07\u{9b}31m\u{202e}b\x7f\r\x08";

    #[test]
    fn nothing_that_acts_on_a_terminal_remains() {
        for shown in [block(HOSTILE), line(HOSTILE), short(HOSTILE, 12), json(HOSTILE)] {
            assert!(
                !shown.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
                "{shown:?}"
            );
        }
        assert_eq!(line("a\x1b[2Jb"), "a␛[2Jb");
    }

    #[test]
    fn a_block_keeps_its_lines_and_a_line_has_none() {
        assert_eq!(block("one\r\n\ttwo\u{2028}three"), "one\n    two\nthree");
        assert_eq!(line(" one\r\n\ttwo  three "), "one two three");
    }

    #[test]
    fn other_languages_and_signs_stay_as_they_are() {
        for text in ["Größe — 12 €", "日本語", "👩‍👩‍👧", "שלום"] {
            assert_eq!((block(text).as_str(), line(text).as_str()), (text, text));
        }
    }

    #[test]
    fn a_short_text_is_cut_by_columns() {
        assert_eq!(short("日本語日本語", 5), "日本…");
        assert_eq!(short("fits", 4), "fits");
    }

    #[test]
    fn json_means_the_same_after_escaping() {
        let text = serde_json::to_string(&format!("{HOSTILE}\u{e0041}")).unwrap();
        let shown = json(&text);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), format!("{HOSTILE}\u{e0041}"));
    }
}
