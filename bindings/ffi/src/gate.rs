//! The one door to foreign code, and how it is shut for good.
//!
//! An interpreter that is being torn down ends any thread that asks for its lock, and when such a
//! thread has Rust frames below it, the process aborts. So every entry into foreign code that does
//! not begin on a thread of the foreign language's own passes this gate, and the language shuts it
//! before it goes down.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::process;

/// Process id (32 bits), shut (1 bit), how many are inside (31 bits): one word, so that a fork
/// finds no lock held, and a child starts with an open and empty gate.
static GATE: AtomicU64 = AtomicU64::new(0);

const SHUT: u64 = 1 << 31;
const COUNT: u64 = SHUT - 1;

/// Somebody is inside as long as this lives.
pub(crate) struct Inside(());

/// Goes in, unless the gate is shut.
pub(crate) fn enter() -> Option<Inside> {
    change(|state| (state & SHUT == 0).then_some(state + 1)).ok().map(|_| Inside(()))
}

/// Whether the language has said that it goes down.
pub(crate) fn is_shut() -> bool {
    of_this_process(GATE.load(Ordering::Acquire)) & SHUT != 0
}

/// Lets nobody in any more, and waits until all are out, at most `patience`.
pub(crate) fn shut(patience: Duration) -> bool {
    let _ = change(|state| Some(state | SHUT));
    let deadline = Instant::now() + patience;
    while of_this_process(GATE.load(Ordering::Acquire)) & COUNT != 0 {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}

impl Drop for Inside {
    fn drop(&mut self) {
        // After a fork the count is another process's, and what was inside there is not here.
        let _ = change(|state| (state & COUNT != 0).then(|| state - 1));
    }
}

fn change(next: impl Fn(u64) -> Option<u64>) -> Result<u64, u64> {
    GATE.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| next(of_this_process(state)))
}

fn of_this_process(state: u64) -> u64 {
    let own = u64::from(process::id()) << 32;
    if state & !(SHUT | COUNT) == own { state } else { own }
}
