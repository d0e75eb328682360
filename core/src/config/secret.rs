//! Text that must never be shown.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// An API key. It has no `Display`, its `Debug` form is a placeholder, and its memory is wiped when
/// the last copy is dropped. The string it was made from is not, and neither are the buffers of the HTTP
/// client: `SECURITY.md` names every copy.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// The text itself, for the one place that sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// It as a header's value, if it can be one. That is no copy: it stands in the memory that will
    /// be wiped.
    pub(crate) fn as_header(&self) -> Option<HeaderValue> {
        let is_visible = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
        if !self.0.bytes().all(is_visible) {
            return None;
        }
        let mut value =
            HeaderValue::from_maybe_shared(Bytes::from_owner(Shared(self.clone()))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

struct Shared(Secret);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(none)" } else { "(hidden)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_copies_and_headers_are_one_piece_of_memory() {
        let text = String::from("marked-key");
        let place = text.as_ptr();
        let secret = Secret::from(text);
        let header = secret.clone().as_header().unwrap();
        assert_eq!(secret.expose().as_ptr(), place);
        assert_eq!(header.clone().as_bytes().as_ptr(), place);
        drop(secret);
        assert_eq!(header.as_bytes(), b"marked-key");
        assert!(header.is_sensitive());
    }

    #[test]
    fn what_no_header_can_hold_is_refused() {
        for text in ["two\nlines", "é", "\u{7f}"] {
            assert_eq!(Secret::from(text).as_header(), None);
        }
    }
}
