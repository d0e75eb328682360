//! What a server, or something on the way to it, can do to an exchange; one by one.

use std::io::Write;

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mischief {
    /// It ends in the middle of the head.
    HalfHead,
    /// It ends in the middle of the body, in good order.
    HalfBody,
    /// The connection is reset in the middle of the body.
    ResetInBody,
    /// The connection is reset and nothing was done.
    ResetBefore,
    /// The connection is reset and everything was done.
    ResetAfter,
    /// Everything was done, and nothing is said.
    Silence,
    /// The answer comes byte by byte, and takes far longer than a request may.
    SlowBytes,
    /// The answer comes in small pieces, in time.
    Pieces,
    /// More is announced than comes.
    LengthTooLong,
    /// Less is announced than comes.
    LengthTooShort,
    TwoLengths,
    LengthOfNoNumber,
    ChunksOfNoNumber,
    BodyWithoutEnd,
    HeadWithoutEnd,
    /// Many interim answers, then the answer.
    InterimNoise,
    /// Interim answers, and nothing else.
    InterimWithoutEnd,
    /// After the answer the connection is closed, which nobody had announced.
    CloseAfter,
    /// A connection that was kept is closed at its next request.
    CloseKept,
    /// A small body that is a huge one when it is unpacked.
    Bomb,
    /// To another origin, which is to get nothing.
    Elsewhere,
    /// Not HTTP.
    OtherProtocol,
    /// The answer, and then more that nobody asked for.
    MoreThanAsked,
}

impl Mischief {
    pub(crate) const ALL: [Self; 23] = [
        Self::HalfHead,
        Self::HalfBody,
        Self::ResetInBody,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::Silence,
        Self::SlowBytes,
        Self::Pieces,
        Self::LengthTooLong,
        Self::LengthTooShort,
        Self::TwoLengths,
        Self::LengthOfNoNumber,
        Self::ChunksOfNoNumber,
        Self::BodyWithoutEnd,
        Self::HeadWithoutEnd,
        Self::InterimNoise,
        Self::InterimWithoutEnd,
        Self::CloseAfter,
        Self::CloseKept,
        Self::Bomb,
        Self::Elsewhere,
        Self::OtherProtocol,
        Self::MoreThanAsked,
    ];

    /// Whether nothing of it harms a client that knows its HTTP.
    pub(crate) fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::Pieces
                | Self::InterimNoise
                | Self::CloseAfter
                | Self::CloseKept
                | Self::MoreThanAsked
        )
    }
}

/// An answer as the service gave it.
pub(crate) struct Honest {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Honest {
    pub(crate) fn whole(&self) -> Vec<u8> {
        [&*self.head, &*self.body].concat()
    }

    /// With other headers for the length of the body.
    pub(crate) fn with_length(&self, headers: &str) -> Vec<u8> {
        let head = String::from_utf8_lossy(&self.head);
        let others = head.lines().filter(|line| {
            !line.is_empty() && !line.to_ascii_lowercase().starts_with("content-length")
        });
        let others: Vec<&str> = others.collect();
        [format!("{}\r\n{headers}\r\n", others.join("\r\n")).as_bytes(), &self.body].concat()
    }
}

/// Sixty-four megabytes in sixty-four kilobytes.
pub(crate) fn bomb() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(br#"{"id":""#).unwrap();
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..64 {
        packed.write_all(&zeros).unwrap();
    }
    let packed = packed.finish().unwrap();
    let length = packed.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n");
    [head.as_bytes(), &packed].concat()
}
