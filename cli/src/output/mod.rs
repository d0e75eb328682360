//! What is printed: for people on standard error as it happens, the result on standard output; for
//! programs one JSON object a line.

pub(crate) mod board;
pub(crate) mod events;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod steps;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod value;

use std::io::{self, Write as _};

use console::Term;

/// Writes to standard output. A reader that has gone, as `head` does, is no error of ours.
pub(crate) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    if let Err(error) = writeln!(stdout, "{text}").and_then(|()| stdout.flush())
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        std::process::exit(0);
    }
}

/// The width of the terminal that standard output is, if it is one.
pub(crate) fn width() -> Option<usize> {
    let term = Term::stdout();
    term.is_term().then(|| usize::from(term.size().1))
}
