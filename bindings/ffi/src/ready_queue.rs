//! Readiness for a language whose own thread collects it: one blocking call tells which of many
//! calls and streams are ready.
//!
//! It is for languages in which a foreign continuation is a burden: Python's runs under the
//! interpreter's lock, and fails when its event loop has been closed meanwhile. A thread that comes
//! and asks has neither trouble.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::process::Here;

/// Tells one thread of the host's what is ready.
#[derive(uniffi::Object)]
pub struct ReadyQueue(Here<Arc<Queue>>);

#[derive(Default)]
struct Queue {
    tokens: Mutex<Vec<u64>>,
    arrived: Condvar,
}

#[uniffi::export]
impl ReadyQueue {
    /// An empty queue.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Here::new(Arc::default())))
    }

    /// Blocks until something is ready, at most this long. Gives the tokens of all that is.
    pub fn next(&self, milliseconds: u64) -> Vec<u64> {
        let Some(queue) = self.0.get() else { return Vec::new() };
        let tokens = queue.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut tokens, _) = queue
            .arrived
            .wait_timeout_while(tokens, Duration::from_millis(milliseconds), |t| t.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *tokens)
    }
}

impl ReadyQueue {
    /// A ticket that brings this token to the queue, or none in a forked child.
    pub(crate) fn ticket(&self, token: u64) -> Option<Ticket> {
        self.0.get().map(|queue| Ticket { queue: Arc::clone(queue), token })
    }
}

/// Brings its token to the queue when it is dropped: so it comes once, whatever happens.
pub(crate) struct Ticket {
    queue: Arc<Queue>,
    token: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut tokens = self.queue.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.push(self.token);
        drop(tokens);
        self.queue.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_ticket_brings_its_token_once() {
        let queue = ReadyQueue::new();
        let ticket = queue.ticket(7).unwrap();
        assert!(queue.next(1).is_empty());
        drop(ticket);
        assert_eq!(queue.next(1), [7]);
        assert!(queue.next(1).is_empty());
    }

    #[test]
    fn a_thread_that_waits_is_woken() {
        let queue = ReadyQueue::new();
        let tickets = [queue.ticket(1), queue.ticket(2)];
        let waiting = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                let mut seen = Vec::new();
                while seen.len() < 2 {
                    seen.extend(queue.next(60_000));
                }
                seen
            }
        });
        drop(tickets);
        assert_eq!(waiting.join().unwrap(), [1, 2]);
    }
}
