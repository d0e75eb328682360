//! The body of an answer, as it arrives: decompressed in small steps, and never more than allowed.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use flate2::bufread::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// How much is decompressed at once. A compressed byte can stand for a thousand plain ones, so the
/// limits are checked after each step.
const STEP: usize = 16 * 1024;

/// Why a body could not be read.
#[derive(Debug)]
pub(super) enum BodyError {
    /// It is over the limit, before or after decompression.
    TooLarge,
    /// The connection broke before its end.
    Broken(reqwest::Error),
    /// Its compression is damaged, or one that was not asked for; and what is wrong.
    Compression(String),
}

/// Gives a body piece by piece. A piece is never larger than what hyper read at once, or [`STEP`].
#[derive(Debug)]
pub(super) struct BodyReader {
    response: reqwest::Response,
    gunzip: Option<Gunzip>,
}

impl BodyReader {
    pub(super) fn new(response: reqwest::Response) -> Result<Self, BodyError> {
        let encoding = response
            .headers()
            .get(CONTENT_ENCODING)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase());
        let gunzip = match encoding.as_deref() {
            None | Some("" | "identity") => None,
            Some("gzip" | "x-gzip") => Some(Gunzip::default()),
            Some(_) => {
                return Err(BodyError::Compression(
                    "it is compressed in a way that was not asked for".to_owned(),
                ));
            }
        };
        Ok(Self { response, gunzip })
    }

    /// The answer's headers, which nothing here needs any more.
    pub(super) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(self.response.headers_mut())
    }

    /// The next piece, or `None` at the end. May be dropped and called again: nothing is lost.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            if let Some(gunzip) = &mut self.gunzip {
                match gunzip.next()? {
                    Step::Piece(piece) => return Ok(Some(piece)),
                    Step::End => return Ok(None),
                    Step::NeedsMore => {}
                }
            }
            let chunk = self.response.chunk().await.map_err(BodyError::Broken)?;
            match (&mut self.gunzip, chunk) {
                (None, chunk) => return Ok(chunk),
                (Some(gunzip), Some(chunk)) => gunzip.feed(chunk),
                (Some(gunzip), None) => gunzip.end(),
            }
        }
    }

    /// The whole body, of at most `limit` bytes both on the wire and decompressed; `None` if it is
    /// `expected` to the byte, and then nothing was copied.
    pub(super) async fn whole(
        mut self,
        limit: usize,
        expected: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>, BodyError> {
        let announced = self.response.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(BodyError::TooLarge);
        }
        if let Some(gunzip) = &mut self.gunzip {
            gunzip.limit = Some(limit);
        }
        // What is not as expected begins with what was, so far.
        let (mut body, mut rest) = (None, expected.unwrap_or_default());
        let expected = rest;
        let mut length = 0;
        while let Some(piece) = self.next().await? {
            if piece.len() > limit - length {
                return Err(BodyError::TooLarge);
            }
            length += piece.len();
            if let Some(after) = rest.strip_prefix(&*piece).filter(|_| body.is_none()) {
                rest = after;
                continue;
            }
            let body = body.get_or_insert_with(|| {
                // What a server announces is not always what it sends.
                let mut body = Vec::with_capacity(announced.min(1 << 20));
                body.extend_from_slice(&expected[..expected.len() - rest.len()]);
                body
            });
            body.extend_from_slice(&piece);
        }
        if body.is_none() && rest.is_empty() && !expected.is_empty() {
            return Ok(None);
        }
        Ok(Some(body.unwrap_or_else(|| expected[..expected.len() - rest.len()].to_vec())))
    }

    /// As much of the body as can be had, up to `limit`; for error answers, of which any part helps.
    pub(super) async fn beginning(&mut self, body: &mut Vec<u8>, limit: usize) {
        while body.len() < limit {
            let Ok(Some(piece)) = self.next().await else { return };
            body.extend_from_slice(&piece[..piece.len().min(limit - body.len())]);
        }
    }
}

/// A gzip decoder that is fed as bytes arrive.
#[derive(Debug)]
struct Gunzip {
    decoder: MultiGzDecoder<Feed>,
    /// How many compressed bytes there may be, where that is limited.
    limit: Option<usize>,
    fed: usize,
}

enum Step {
    Piece(Bytes),
    NeedsMore,
    End,
}

impl Default for Gunzip {
    fn default() -> Self {
        // Without any bytes the decoder's constructor meets `WouldBlock` and waits for the header.
        Self { decoder: MultiGzDecoder::new(Feed::default()), limit: None, fed: 0 }
    }
}

impl Gunzip {
    fn feed(&mut self, chunk: Bytes) {
        self.fed = self.fed.saturating_add(chunk.len());
        self.decoder.get_mut().bytes = chunk;
    }

    fn end(&mut self) {
        self.decoder.get_mut().ended = true;
    }

    fn next(&mut self) -> Result<Step, BodyError> {
        if self.limit.is_some_and(|limit| self.fed > limit) {
            return Err(BodyError::TooLarge);
        }
        if self.fed == 0 && self.decoder.get_ref().ended {
            // A 204, or any empty body, with a needless `Content-Encoding`.
            return Ok(Step::End);
        }
        let mut piece = vec![0; STEP];
        match self.decoder.read(&mut piece) {
            Ok(0) => Ok(Step::End),
            Ok(length) => {
                piece.truncate(length);
                Ok(Step::Piece(Bytes::from(piece)))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Step::NeedsMore),
            Err(error) => Err(BodyError::Compression(format!("its gzip is damaged: {error}"))),
        }
    }
}

/// What has arrived and is not decompressed yet. Between arrivals it "would block", which the
/// decoder passes on and bears.
#[derive(Debug, Default)]
struct Feed {
    bytes: Bytes,
    ended: bool,
}

impl Read for Feed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.len().min(into.len());
        self.bytes.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(&self.bytes)
    }

    fn consume(&mut self, length: usize) {
        self.bytes.advance(length);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// Decompresses what arrives in chunks of `chunk` bytes.
    fn gunzip(compressed: &[u8], chunk: usize) -> Result<Vec<u8>, BodyError> {
        let mut gunzip = Gunzip::default();
        let mut arriving = compressed.chunks(chunk);
        let mut plain = Vec::new();
        loop {
            match gunzip.next()? {
                Step::Piece(piece) => {
                    assert!(piece.len() <= STEP);
                    plain.extend_from_slice(&piece);
                }
                Step::End => return Ok(plain),
                Step::NeedsMore => match arriving.next() {
                    Some(bytes) => gunzip.feed(Bytes::copy_from_slice(bytes)),
                    None => gunzip.end(),
                },
            }
        }
    }

    #[test]
    fn gzip_is_read_wherever_it_is_cut() {
        let plain: Vec<u8> = (0..40_000_u32).flat_map(|n| (n * 7919).to_le_bytes()).collect();
        let compressed = gzip(&plain);
        for chunk in [1, 2, 9, 1000, compressed.len()] {
            assert!(gunzip(&compressed, chunk).unwrap() == plain, "chunks of {chunk}");
        }
    }

    #[test]
    fn several_members_are_one_body_and_no_bytes_are_an_empty_one() {
        let both = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(gunzip(&both, 3).unwrap(), b"one two");
        assert_eq!(gunzip(&[], 1).unwrap(), b"");
    }

    #[test]
    fn damage_is_noticed() {
        let fine = gzip(&b"some text that is long enough to be cut in two ".repeat(9));
        let mut wrong_sum = fine.clone();
        let at = wrong_sum.len() - 6;
        wrong_sum[at] ^= 1;
        for damaged in [&fine[..fine.len() - 9], &fine[..5], &wrong_sum, b"plain text".as_slice()] {
            let result = gunzip(damaged, 4);
            assert!(matches!(result, Err(BodyError::Compression(_))), "{result:?}");
        }
    }

    #[test]
    fn a_bomb_is_defused_step_by_step() {
        let bomb = gzip(&vec![b' '; 50 << 20]);
        assert!(bomb.len() < 60_000, "one chunk off the wire");
        let mut gunzip = Gunzip::default();
        gunzip.feed(Bytes::from(bomb));
        for _ in 0..100 {
            let Ok(Step::Piece(piece)) = gunzip.next() else { panic!("there is more") };
            assert!(piece.len() <= STEP);
        }
    }

    #[tokio::test]
    async fn of_an_error_body_no_more_is_kept_than_was_asked_for() {
        let response = reqwest::Response::from(http::Response::new("cdefghijkl"));
        let mut body = b"ab".to_vec();
        BodyReader::new(response).unwrap().beginning(&mut body, 5).await;
        assert_eq!(body, b"abcde");
    }

    #[tokio::test]
    async fn a_body_of_just_the_limit_is_read_and_one_byte_more_is_not() {
        let compressed = gzip(b"short");
        for (encoding, said, plain) in [
            ("identity", b"just this".as_slice(), b"just this".as_slice()),
            ("gzip", &compressed, b"short"),
        ] {
            let limit = said.len();
            for (limit, is_read) in [(limit, true), (limit - 1, false)] {
                let response = http::Response::builder()
                    .header(CONTENT_ENCODING, encoding)
                    .body(said.to_vec())
                    .unwrap();
                let reader = BodyReader::new(response.into()).unwrap();
                let whole = reader.whole(limit, None).await.ok().flatten();
                assert_eq!(whole.as_deref(), is_read.then_some(plain), "{encoding}");
            }
        }
    }
}
