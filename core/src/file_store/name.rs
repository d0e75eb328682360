//! Which file holds which session: a name that is safe on every file system, whatever the id.

use std::fmt::Write;

const START: &str = "session-";
const END: &str = ".checkpoint";
const UNFINISHED: &str = ".new";

/// File systems take names of 255 bytes; this leaves room for what surrounds the id.
const LONGEST: usize = 180;

/// The name of the session's file; none for an id that is too long for one.
///
/// Small letters, digits, `-` and `_` stand for themselves, every other byte is `%` and two digits.
/// So no id names another folder, two ids share no file even where case does not count, and what
/// surrounds them keeps clear of names with a meaning of their own.
pub(super) fn of(session_id: &str) -> Option<String> {
    let mut name = START.to_owned();
    for byte in session_id.bytes() {
        if matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(name, "%{byte:02x}");
        }
    }
    (name.len() <= START.len() + LONGEST).then(|| name + END)
}

/// Whether a file of this name could be a checkpoint.
pub(super) fn is_one(name: &str) -> bool {
    name.starts_with(START) && name.ends_with(END)
}

/// The name of the file that is written before it takes the place of `name`. Used once, so that two
/// programs never write to the same one.
pub(super) fn unfinished(name: &str, unique: u64) -> String {
    format!(".{name}.{unique:016x}{UNFINISHED}")
}

/// Whether a file of this name was begun by a store.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|name| name.starts_with(START)) && name.ends_with(UNFINISHED)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_id_of_the_service_is_readable_in_its_name() {
        let name = of("11111111-2222-3333-4444-555555555555").unwrap();
        assert_eq!(name, "session-11111111-2222-3333-4444-555555555555.checkpoint");
    }

    #[test]
    fn no_id_leaves_the_folder_or_shares_a_file_with_another() {
        let ids =
            ["", ".", "..", "/", "../../x", "a", "A", "a%", "%61", "ä", "con", "a\0", "a\n", " "];
        let mut seen = HashSet::new();
        for id in ids {
            let name = of(id).unwrap();
            assert!(name.is_ascii() && !name.contains(['/', '\\', '\0']), "{name}");
            assert!(is_one(&name) && !is_unfinished(&name), "{name}");
            assert!(seen.insert(name.to_ascii_lowercase()), "{id:?} shares its file");
        }
    }

    #[test]
    fn an_id_that_no_file_system_takes_has_no_name() {
        assert!(of(&"x".repeat(LONGEST)).is_some_and(|name| name.len() < 200));
        assert_eq!(of(&"x".repeat(LONGEST + 1)), None);
    }

    #[test]
    fn what_is_being_written_is_no_checkpoint_yet() {
        let name = unfinished(&of("a").unwrap(), 7);
        assert!(is_unfinished(&name) && !is_one(&name), "{name}");
        assert!(!is_unfinished("notes.new") && !is_one("notes.txt"));
    }
}
