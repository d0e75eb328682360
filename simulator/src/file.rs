//! Files that people write: where something in them is wrong.

use std::path::Path;

use serde::de::DeserializeOwned;

/// A flow, fault or settings file that cannot be used, with the place to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFile {
    /// The file, when it came from one.
    pub file: Option<String>,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl InvalidFile {
    pub(crate) fn at_offset(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Self { file: None, line, column, message: message.into() }
    }

    #[must_use]
    pub(crate) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }
}

impl From<serde_json::Error> for InvalidFile {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line().max(1), error.column().max(1));
        let full = error.to_string();
        // The place is told once, in front, as compilers do.
        let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
        Self { file: None, line, column, message: message.to_owned() }
    }
}

impl std::fmt::Display for InvalidFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for InvalidFile {}

/// Reads JSON whose mistakes are reported with line and column.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, InvalidFile> {
    serde_json::from_str(text).map_err(InvalidFile::from)
}

/// Where in a text a part of it begins.
///
/// The part must have been borrowed from the text, as serde does with `&RawValue`.
pub(crate) fn offset_of(part: &str, text: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

/// Reads a whole file, as text.
pub(crate) fn read(path: &Path) -> Result<String, InvalidFile> {
    std::fs::read_to_string(path).map_err(|error| InvalidFile {
        file: Some(path.display().to_string()),
        line: 1,
        column: 1,
        message: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_tells_its_place_once() {
        let error = parse::<serde_json::Value>("{\n  \"a\": nope}").unwrap_err();
        assert_eq!((error.line, error.column), (2, 9));
        assert_eq!(error.in_file("flow.json").to_string(), "flow.json:2:9: expected ident");
    }

    #[test]
    fn an_offset_becomes_line_and_column() {
        let error = InvalidFile::at_offset("ab\ncdé f", 8, "here");
        assert_eq!((error.line, error.column), (2, 5));
    }
}
