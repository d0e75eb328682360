//! Cuts a JSON array into its elements as its bytes arrive, so that a list of any length is read in
//! the memory of one element.
//!
//! It finds where elements begin and end, nothing more: whether an element is valid JSON is judged
//! by whoever decodes it.

use std::fmt;

/// Where in the array the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeArray,
    /// After `[`: an element or the end.
    FirstElement,
    /// After `,`: an element must follow.
    NextElement,
    /// Inside a text, number or word that stands at the top, or a text at the top.
    InScalar,
    /// Inside brackets, this deep.
    InBrackets {
        depth: usize,
    },
    AfterElement,
    AfterArray,
}

/// Takes the bytes of one JSON array and gives its elements one at a time.
#[derive(Debug)]
pub(crate) struct ArraySplitter {
    place: Place,
    in_string: bool,
    escaped: bool,
    element: Vec<u8>,
    /// The largest element taken, in bytes.
    limit: usize,
}

/// Why no further element can be cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SplitError {
    /// One element alone is over the limit.
    TooLarge,
    /// The bytes are not one JSON array, and why.
    NotAnArray(&'static str),
}

impl SplitError {
    pub(crate) fn is_too_large(self) -> bool {
        self == Self::TooLarge
    }
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "one element of the list is over the limit",
            Self::NotAnArray(why) => why,
        })
    }
}

impl ArraySplitter {
    /// For an array whose elements have at most `limit` bytes each.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            place: Place::BeforeArray,
            in_string: false,
            escaped: false,
            element: Vec::new(),
            limit,
        }
    }

    /// Reads on in `input` up to the end of the next element, and takes what it read off its front.
    ///
    /// `None` when `input` is used up first: go on with the bytes that follow.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, SplitError> {
        while let Some(&byte) = input.first() {
            match self.place {
                Place::InScalar | Place::InBrackets { .. } => {
                    let (length, ended) = self.scan(input);
                    self.keep(&input[..length])?;
                    *input = &input[length..];
                    if ended {
                        self.place = Place::AfterElement;
                        return Ok(Some(std::mem::take(&mut self.element)));
                    }
                }
                _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => *input = &input[1..],
                Place::BeforeArray if byte == b'[' => {
                    *input = &input[1..];
                    self.place = Place::FirstElement;
                }
                Place::FirstElement | Place::AfterElement if byte == b']' => {
                    *input = &input[1..];
                    self.place = Place::AfterArray;
                }
                Place::AfterElement if byte == b',' => {
                    *input = &input[1..];
                    self.place = Place::NextElement;
                }
                Place::FirstElement | Place::NextElement if !matches!(byte, b',' | b']' | b'}') => {
                    self.place = match byte {
                        b'[' | b'{' => Place::InBrackets { depth: 0 },
                        _ => Place::InScalar,
                    };
                }
                Place::BeforeArray => {
                    return Err(SplitError::NotAnArray("the answer is not a JSON array"));
                }
                Place::FirstElement | Place::NextElement => {
                    return Err(SplitError::NotAnArray("an element of the list is missing"));
                }
                Place::AfterElement => {
                    return Err(SplitError::NotAnArray(
                        "two elements of the list have no comma in between",
                    ));
                }
                Place::AfterArray => {
                    return Err(SplitError::NotAnArray("something follows the list"));
                }
            }
        }
        Ok(None)
    }

    /// Says that no more bytes come; an error if the array was not complete.
    pub(crate) fn finish(&self) -> Result<(), SplitError> {
        match self.place {
            Place::AfterArray => Ok(()),
            Place::BeforeArray => Err(SplitError::NotAnArray("the answer is empty")),
            _ => Err(SplitError::NotAnArray("the list breaks off before its end")),
        }
    }

    /// How many of these bytes belong to the element under way, and whether it ends with them.
    fn scan(&mut self, input: &[u8]) -> (usize, bool) {
        for (at, &byte) in input.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match (byte, &mut self.place) {
                (b'"', _) => self.in_string = true,
                (b'[' | b'{', Place::InBrackets { depth }) => *depth += 1,
                (b']' | b'}', Place::InBrackets { depth }) => {
                    *depth -= 1;
                    if *depth == 0 {
                        return (at + 1, true);
                    }
                }
                (b',' | b']' | b' ' | b'\n' | b'\r' | b'\t', Place::InScalar) => return (at, true),
                _ => {}
            }
        }
        (input.len(), false)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        if bytes.len() > self.limit.saturating_sub(self.element.len()) {
            self.element = Vec::new();
            return Err(SplitError::TooLarge);
        }
        self.element.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds `text` in pieces of `piece` bytes.
    fn split(text: &str, piece: usize, limit: usize) -> Result<Vec<String>, SplitError> {
        let mut splitter = ArraySplitter::new(limit);
        let mut elements = Vec::new();
        for mut bytes in text.as_bytes().chunks(piece) {
            while let Some(element) = splitter.next(&mut bytes)? {
                elements.push(String::from_utf8(element).unwrap());
            }
            assert!(bytes.is_empty(), "a piece is used up before the next is asked for");
        }
        splitter.finish()?;
        Ok(elements)
    }

    fn why(text: &str) -> String {
        let error = split(text, 3, 1000).unwrap_err();
        assert!(!error.is_too_large(), "{text}");
        error.to_string()
    }

    #[test]
    fn elements_are_cut_wherever_the_pieces_are() {
        let text = " [ {\"a\":[1,{\"b\":\"]},\\\"\"}]} , 12,null ,\"x,]\\\\\",[] ,{}\n]\n";
        let expected = [r#"{"a":[1,{"b":"]},\""}]}"#, "12", "null", r#""x,]\\""#, "[]", "{}"]
            .map(String::from);
        for piece in 1..text.len() {
            assert_eq!(split(text, piece, 1000).unwrap(), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn an_empty_list_has_no_elements() {
        assert_eq!(split("[]", 1, 10).unwrap(), Vec::<String>::new());
        assert_eq!(split(" [ \n ] ", 1, 10).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_one_array_is_refused_and_said() {
        for (text, part) in [
            ("", "empty"),
            ("  ", "empty"),
            ("{}", "not a JSON array"),
            ("<html>", "not a JSON array"),
            ("\u{c}[]", "not a JSON array"),
            ("null", "not a JSON array"),
            ("[{}", "breaks off"),
            ("[{}, {\"a\":", "breaks off"),
            ("[{},", "breaks off"),
            ("[{},]", "missing"),
            ("[,{}]", "missing"),
            ("[}", "missing"),
            ("[{} {}]", "no comma"),
            ("[{}] x", "follows"),
            ("[][]", "follows"),
        ] {
            assert!(why(text).contains(part), "{text:?}: {}", why(text));
        }
    }

    #[test]
    fn the_limit_holds_for_each_element_and_not_for_the_list() {
        let text = format!("[{}]", vec!["\"12345678\""; 100].join(","));
        assert_eq!(split(&text, 7, 10).unwrap().len(), 100);
        assert_eq!(split(&text, 7, 9), Err(SplitError::TooLarge));
    }

    #[test]
    fn no_more_is_kept_than_the_limit() {
        let mut splitter = ArraySplitter::new(1 << 10);
        let mut input: &[u8] = b"[\"";
        assert_eq!(splitter.next(&mut input), Ok(None));
        for _ in 0..4 {
            let mut filler: &[u8] = &[b'x'; 200];
            assert_eq!(splitter.next(&mut filler), Ok(None));
        }
        let mut filler: &[u8] = &[b'x'; 300];
        assert_eq!(splitter.next(&mut filler), Err(SplitError::TooLarge));
        assert_eq!(splitter.element.capacity(), 0);
    }

    proptest! {
        #[test]
        fn any_array_comes_back_element_by_element(
            values in prop::collection::vec(any::<(String, i32, Option<bool>)>(), 0..8),
            piece in 1_usize..40,
        ) {
            let expected: Vec<String> =
                values.iter().map(|value| serde_json::to_string(value).unwrap()).collect();
            let text = serde_json::to_string(&values).unwrap();
            prop_assert_eq!(split(&text, piece, 100_000).unwrap(), expected);
        }

        #[test]
        fn no_bytes_whatever_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut splitter = ArraySplitter::new(50);
            let mut input: &[u8] = &bytes;
            while let Ok(Some(_)) = splitter.next(&mut input) {}
            let _ = splitter.finish();
        }
    }
}
