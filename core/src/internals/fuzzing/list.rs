use serde_json::value::RawValue;

use crate::session::{ArraySplitter, StatusAliases, decode_session};

use super::session::{asked, check};

/// How many bytes say what an element's limit is, and where the pieces end.
const HEAD: usize = 4;

/// Decoding a list as it arrives. The first byte is the limit for an element, the next three are the
/// lengths of the pieces, over and over; what follows is the body.
pub fn list(data: &[u8]) {
    let Some((head, body)) = data.split_at_checked(HEAD) else { return };
    let limit = usize::from(head[0]) * 64;
    let in_pieces = split(pieces(body, &head[1..]), limit);
    let in_one = split(std::iter::once(body), limit);
    assert_eq!(in_pieces, in_one, "where the pieces end makes a difference");
    let (elements, end) = in_one;
    assert!(elements.iter().all(|element| element.len() <= limit));
    // The splitter judges commas and brackets, the decoder the elements: together they are a parser.
    let whole: Option<Vec<&RawValue>> = serde_json::from_slice(body).ok();
    let all_json =
        elements.iter().all(|element| serde_json::from_slice::<&RawValue>(element).is_ok());
    match whole {
        Some(whole) if whole.iter().all(|element| element.get().len() <= limit) => {
            assert_eq!(end, Ok(()));
            assert!(
                whole
                    .iter()
                    .map(|element| element.get().as_bytes())
                    .eq(elements.iter().map(Vec::as_slice))
            );
        }
        Some(_) => assert_eq!(end.unwrap_err(), "one element of the list is over the limit"),
        None => assert!(end.is_err() || !all_json, "not an array, and nobody noticed"),
    }
    for element in &elements {
        if let Ok(session) = decode_session(element, &asked().0, None, &StatusAliases::default()) {
            check(&session, element);
        }
    }
}

/// The elements, and how it ended.
type Split = (Vec<Vec<u8>>, Result<(), String>);

fn split<'a>(pieces: impl Iterator<Item = &'a [u8]>, limit: usize) -> Split {
    let mut splitter = ArraySplitter::new(limit);
    let mut elements = Vec::new();
    for mut piece in pieces {
        loop {
            match splitter.next(&mut piece) {
                Ok(Some(element)) => elements.push(element),
                Ok(None) => break,
                Err(error) => return (elements, Err(error.to_string())),
            }
        }
        assert!(piece.is_empty(), "a piece is used up before the next is asked for");
    }
    (elements, splitter.finish().map_err(|error| error.to_string()))
}

fn pieces<'a>(mut body: &'a [u8], lengths: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        let length = usize::from(*lengths.next()?) + 1;
        let (piece, rest) = body.split_at(length.min(body.len()));
        body = rest;
        (!piece.is_empty()).then_some(piece)
    })
}
