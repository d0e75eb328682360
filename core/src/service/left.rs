//! Whether a request has begun to leave: what decides between "send it again" and "find out".
//!
//! hyper (1.x, HTTP/1) takes the first frame of a request's body after it has encoded the head into
//! its buffer and before it flushes that buffer (`proto/h1/dispatch.rs`: `poll_write`, then
//! `poll_flush`). So a body that was never asked for its frame belongs to a request of which no byte
//! has reached the connection, and a body that refuses its frame keeps the head from leaving.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

const HERE: u8 = 0;
const GONE: u8 = 1;
const WITHDRAWN: u8 = 2;
const KEPT_BACK: u8 = 3;

/// Where requests leave; whoever owns it can shut it.
pub(crate) trait Exit: fmt::Debug + Send + Sync {
    /// Takes the step and gives its result, unless the exit is shut. It cannot be shut amid the step.
    fn pass(&self, step: &dyn Fn() -> bool) -> Option<bool>;
}

/// Shared between a request and whoever waits for it: has its first byte been handed to the
/// connection? One for each attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Left {
    state: Arc<AtomicU8>,
    exit: Option<Arc<dyn Exit>>,
}

impl Left {
    /// For a request that may leave only while this exit is open.
    pub(crate) fn by(exit: Arc<dyn Exit>) -> Self {
        Self { state: Arc::default(), exit: Some(exit) }
    }

    /// Whether it has left by now. It may leave the next moment: to give it up, [`Left::withdraw`].
    pub(crate) fn has_left(&self) -> bool {
        self.is(GONE)
    }

    /// Whether it came to a shut exit. Then no byte of it has left.
    pub(crate) fn was_kept_back(&self) -> bool {
        self.is(KEPT_BACK)
    }

    /// Gives the request up. True when no byte of it has left, and then none ever will, even if the
    /// connection's own task is just about to write it.
    pub(crate) fn withdraw(&self) -> bool {
        self.change(HERE, WITHDRAWN) || self.is(WITHDRAWN) || self.was_kept_back()
    }

    /// Lets it go; false when it has been withdrawn, or the exit is shut.
    pub(super) fn leave(&self) -> bool {
        let leave = || self.change(HERE, GONE) || self.has_left();
        let Some(exit) = &self.exit else { return leave() };
        exit.pass(&leave).unwrap_or_else(|| {
            self.change(HERE, KEPT_BACK);
            false
        })
    }

    /// The service has said that it did nothing with it (a redirect that is followed): as if it had
    /// not left.
    pub(super) fn came_back(&self) {
        self.change(GONE, HERE);
    }

    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::SeqCst) == state
    }

    fn change(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

/// The body of a write: all its bytes in one frame, and a mark when that frame is taken.
pub(super) struct MarkedBody {
    bytes: Option<Bytes>,
    left: Left,
}

impl MarkedBody {
    pub(super) fn new(bytes: Bytes, left: Left) -> Self {
        Self { bytes: Some(bytes), left }
    }
}

impl Body for MarkedBody {
    type Data = Bytes;
    type Error = Withdrawn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Withdrawn>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        Poll::Ready(Some(if self.left.leave() { Ok(Frame::data(bytes)) } else { Err(Withdrawn) }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    /// Exact, so that the request has a `Content-Length` and is not chunked.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// The request was given up before its first byte left.
#[derive(Debug)]
pub(super) struct Withdrawn;

impl fmt::Display for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was given up before it left")
    }
}

impl std::error::Error for Withdrawn {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_withdrawn_in_time_never_leaves() {
        let left = Left::default();
        assert!(!left.has_left());
        assert!(left.withdraw());
        assert!(!left.leave());
        assert!(!left.has_left());
        assert!(left.withdraw(), "withdrawing twice is the same as once");
    }

    #[tokio::test]
    async fn a_body_is_at_its_end_when_its_bytes_have_been_taken() {
        let mut body = MarkedBody::new(Bytes::from_static(b"{}"), Left::default());
        assert!(!body.is_end_stream());
        let mut next = async || std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        assert_eq!(next().await.unwrap().unwrap().into_data().unwrap(), "{}");
        assert!(next().await.is_none());
        assert!(body.is_end_stream());
    }

    #[tokio::test]
    async fn the_body_of_what_was_withdrawn_fails_and_says_why() {
        let left = Left::default();
        assert!(left.withdraw());
        let mut body = MarkedBody::new(Bytes::from_static(b"{}"), left);
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let error = frame.unwrap().unwrap_err().to_string();
        assert!(error.contains("given up"), "{error}");
    }

    #[test]
    fn what_has_left_cannot_be_withdrawn() {
        let left = Left::default();
        assert!(left.leave());
        assert!(left.clone().has_left());
        assert!(!left.withdraw());
    }

    #[derive(Debug, Default)]
    struct Door(std::sync::atomic::AtomicBool);

    impl Exit for Door {
        fn pass(&self, step: &dyn Fn() -> bool) -> Option<bool> {
            (!self.0.load(Ordering::SeqCst)).then(step)
        }
    }

    #[test]
    fn what_comes_to_a_shut_exit_never_leaves() {
        let door = Arc::new(Door::default());
        let (early, late) = (Left::by(door.clone()), Left::by(door.clone()));
        assert!(early.leave());
        door.0.store(true, Ordering::SeqCst);
        assert!(!late.leave());
        assert!(late.was_kept_back() && !early.was_kept_back());
        assert!(late.withdraw());
    }

    #[test]
    fn what_came_back_can_be_withdrawn_again() {
        let left = Left::default();
        left.leave();
        left.came_back();
        assert!(left.withdraw());
        left.came_back();
        assert!(!left.leave(), "coming back does not undo a withdrawal");
    }
}
