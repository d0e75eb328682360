//! What is typed: lines of standard input, read only when somebody is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::mpsc as blocking;

use tokio::sync::{Mutex, mpsc};

/// Reads lines on a thread of its own, one for each request: a read cannot be cancelled, and what
/// nobody has asked for yet stays where it is.
pub(crate) struct Lines {
    reader: Mutex<Option<Reader>>,
}

struct Reader {
    wanted: blocking::Sender<()>,
    lines: mpsc::UnboundedReceiver<io::Result<Option<String>>>,
    /// A line was asked for, and its asker has gone.
    is_outstanding: bool,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self { reader: Mutex::new(None) }
    }

    /// Whether somebody sits there, who can read a question and type an answer.
    pub(crate) fn are_typed() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// The next line without its end; none when there are no more. Dropping the future loses no
    /// line of a pipe.
    pub(crate) async fn next(&self) -> io::Result<Option<String>> {
        let mut reader = self.reader.lock().await;
        let reader = reader.get_or_insert_with(Reader::start);
        if io::stdin().is_terminal() {
            // What was typed for an earlier question, or before there was one, answers nothing.
            while reader.lines.try_recv().is_ok() {
                reader.is_outstanding = false;
            }
        }
        if !reader.is_outstanding {
            // It cannot fail: the thread ends only after this sender has gone.
            let _ = reader.wanted.send(());
            reader.is_outstanding = true;
        }
        let line = reader.lines.recv().await.unwrap_or(Ok(None));
        reader.is_outstanding = false;
        line
    }

    /// A line that is typed unseen.
    pub(crate) async fn secret(&self, label: &str) -> io::Result<Option<String>> {
        eprint!("{label}");
        io::stderr().flush()?;
        let hidden = echo::hide();
        let line = self.next().await;
        drop(hidden);
        eprintln!();
        line
    }
}

/// Throws away what has been typed and not yet entered: it was meant for a question that is over.
pub(crate) fn forget_typed() {
    #[cfg(unix)]
    if io::stdin().is_terminal() {
        use rustix::termios::{QueueSelector, tcflush};
        // At worst the text stays, and the user sees it.
        let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    }
}

impl Reader {
    fn start() -> Self {
        let (wanted, requests) = blocking::channel();
        let (send, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            while requests.recv().is_ok() {
                let mut line = String::new();
                let read = io::stdin().lock().read_line(&mut line).map(|length| {
                    let text = line.strip_suffix('\n').unwrap_or(&line);
                    let text = text.strip_suffix('\r').unwrap_or(text);
                    (length > 0).then(|| text.to_owned())
                });
                if send.send(read).is_err() {
                    return;
                }
            }
        });
        Self { wanted, lines, is_outstanding: false }
    }
}

mod echo {
    //! Keeps what is typed off the screen, and brings it back however the typing ends.

    #[cfg(unix)]
    pub(super) fn hide() -> Option<Hidden> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &hidden).ok()?;
        Some(Hidden(before))
    }

    #[cfg(unix)]
    pub(super) struct Hidden(rustix::termios::Termios);

    #[cfg(unix)]
    impl Drop for Hidden {
        fn drop(&mut self) {
            use rustix::termios::{OptionalActions, tcsetattr};
            // Nothing more can be done here than to try.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
        }
    }

    #[cfg(not(unix))]
    pub(super) fn hide() -> Option<()> {
        None
    }
}
