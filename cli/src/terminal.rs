//! What is typed: lines of standard input, read only when somebody is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::mpsc as blocking;

use tokio::sync::{Mutex, mpsc};

pub(crate) use modes::Changed;

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
        #[cfg(unix)]
        let _unseen = modes::without(rustix::termios::LocalModes::ECHO);
        let line = self.next().await;
        eprintln!();
        line
    }
}

/// Throws away what has been typed and not yet entered: it was meant for a question that is over.
pub(crate) fn forget_typed() {
    #[cfg(unix)]
    if io::stdin().is_terminal() && !modes::are_others() {
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

/// Has Ctrl-C leave no sign on the screen: it would stand below a line that moves, and break it.
pub(crate) fn without_signs() -> Option<Changed> {
    #[cfg(unix)]
    {
        modes::without(rustix::termios::LocalModes::ECHOCTL)
    }
    #[cfg(not(unix))]
    {
        None
    }
}

mod modes {
    //! Changes how the terminal takes what is typed, and changes it back however that ends.

    /// Whether the terminal is somebody else's at the moment: whoever changes it from the background
    /// is stopped.
    #[cfg(unix)]
    pub(super) fn are_others() -> bool {
        rustix::termios::tcgetpgrp(std::io::stdin())
            .is_ok_and(|group| group != rustix::process::getpgrp())
    }

    #[cfg(unix)]
    pub(super) fn without(unwanted: rustix::termios::LocalModes) -> Option<Changed> {
        use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
        let stdin = std::io::stdin();
        if are_others() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut changed = before.clone();
        changed.local_modes.remove(unwanted);
        tcsetattr(&stdin, OptionalActions::Now, &changed).ok()?;
        Some(Changed(before))
    }

    #[cfg(unix)]
    pub(crate) struct Changed(rustix::termios::Termios);

    #[cfg(unix)]
    impl Drop for Changed {
        fn drop(&mut self) {
            use rustix::termios::{OptionalActions, tcsetattr};
            // Nothing more can be done here than to try.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
        }
    }

    #[cfg(not(unix))]
    pub(crate) struct Changed;
}
