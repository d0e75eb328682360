//! How a callback that returned at once gives its answer later: once, or never.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use liveflow::HostError;
use tokio::sync::oneshot;

type Given<T> = Result<T, HostError>;

/// The host's end: the first word counts. Dropped without a word, it has said nothing.
pub(crate) struct OneShot<T>(Mutex<Option<oneshot::Sender<Given<T>>>>);

impl<T: Send + 'static> OneShot<T> {
    /// The host's end, and the future of what it says: `None` when it was dropped without a word.
    pub(crate) fn new() -> (Self, impl Future<Output = Option<Given<T>>> + Send + 'static) {
        let (sender, receiver) = oneshot::channel();
        (Self(Mutex::new(Some(sender))), async move { receiver.await.ok() })
    }

    /// Tells whether it was the first word, and somebody still listens.
    pub(crate) fn give(&self, given: Given<T>) -> bool {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        sender.is_some_and(|sender| sender.send(given).is_ok())
    }
}

/// What a callback gave that must say something.
pub(crate) async fn required<T>(
    what: &str,
    called: impl Future<Output = Result<(), HostError>>,
    given: impl Future<Output = Option<Given<T>>>,
) -> Given<T> {
    called.await?;
    given.await.unwrap_or_else(|| Err(HostError(format!("{what} dropped its reply unanswered"))))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_first_word_counts() {
        let (reply, given) = OneShot::new();
        assert!(reply.give(Ok(1)));
        assert!(!reply.give(Ok(2)));
        assert_eq!(given.now_or_never(), Some(Some(Ok(1))));
    }

    #[test]
    fn dropped_without_a_word_is_no_answer() {
        let (reply, given) = OneShot::<u8>::new();
        drop(reply);
        assert_eq!(given.now_or_never(), Some(None));
    }

    #[test]
    fn nobody_listening_is_told() {
        let (reply, given) = OneShot::new();
        drop(given);
        assert!(!reply.give(Ok(1)));
    }
}
