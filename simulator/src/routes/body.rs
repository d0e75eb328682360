//! Bodies that are not simply sent: huge ones, and ones that stop in the middle.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

use crate::connection::{Connection, Cut};

pub(crate) const HUGE_HEAD: &[u8] = b"{\"filler\":\"";
pub(crate) const HUGE_TAIL: &[u8] = b"\"}";

/// The client should have read the half before the connection ends: a reset overtakes data.
const BEFORE_CUT: Duration = Duration::from_millis(30);

const PIECE: usize = 64 * 1024;

/// What is between head and tail of a huge body of this many bytes in all.
pub(crate) fn filler(bytes: u64) -> impl Iterator<Item = Bytes> + Send {
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let mut left = bytes.saturating_sub((HUGE_HEAD.len() + HUGE_TAIL.len()) as u64);
    std::iter::from_fn(move || {
        let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        left -= length as u64;
        (length > 0).then(|| piece.slice(..length))
    })
}

pub(crate) struct Streamed {
    pieces: Box<dyn Iterator<Item = Bytes> + Send>,
    length: Option<u64>,
    end: Option<(Pin<Box<Sleep>>, Arc<Connection>, Cut)>,
}

impl Streamed {
    /// With its length declared, or in chunks.
    pub(crate) fn huge(bytes: u64, chunked: bool) -> Self {
        let pieces = std::iter::once(Bytes::from_static(HUGE_HEAD))
            .chain(filler(bytes))
            .chain(std::iter::once(Bytes::from_static(HUGE_TAIL)));
        Self { pieces: Box::new(pieces), length: (!chunked).then_some(bytes), end: None }
    }

    /// Declares the whole, sends half, and cuts the connection.
    pub(crate) fn half(whole: &Bytes, connection: Arc<Connection>, how: Cut) -> Self {
        let half = whole.slice(..whole.len() / 2);
        Self {
            pieces: Box::new(std::iter::once(half)),
            length: Some(whole.len() as u64),
            end: Some((Box::pin(tokio::time::sleep(BEFORE_CUT)), connection, how)),
        }
    }
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(piece) = self.pieces.next() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let Some((pause, connection, how)) = &mut self.end else { return Poll::Ready(None) };
        if pause.as_mut().poll(context).is_ready() {
            connection.cut(*how);
        }
        // Nothing more ever comes: the connection ends instead.
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
