//! The boundaries of messages for the fuzz targets, which read bytes without a connection.

use std::ops::Range;
use std::sync::Arc;

use crate::connection::framing::{Framing, Step};
use crate::endpoint::HeadLimits;

/// A part of what a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A head that is passed on.
    Head(Range<usize>),
    /// All of a body that is passed on, or of as much as there is.
    Body(Range<usize>),
    /// The message that begins here is refused, in its head or in its body.
    Refused(usize),
    /// The input ends before the head that begins here does.
    Open(usize),
}

/// Reads `input`, of which `size` more bytes are there each time, until it ends or is refused.
#[must_use]
pub fn read(input: &[u8], size: usize) -> Vec<Part> {
    let limits =
        HeadLimits { max_header_bytes: 1_024, max_body_bytes: 4_096, allowed_hosts: Vec::new() };
    let mut framing = Framing::new(Arc::new(limits));
    let (mut start, mut end, mut message) = (0, 0, 0);
    let mut parts = Vec::new();
    loop {
        let step = if start < end { framing.advance(&input[start..end]) } else { Step::More };
        match step {
            Step::PassHead { length, .. } => {
                parts.push(Part::Head(start..start + length));
                message = start;
                start += length;
            }
            Step::PassBody(length) => {
                let next = start..start + length;
                match parts.last_mut() {
                    Some(Part::Body(range)) => range.end = next.end,
                    _ => parts.push(Part::Body(next)),
                }
                start += length;
            }
            Step::More if end == input.len() => {
                if start < end {
                    parts.push(Part::Open(start));
                }
                return parts;
            }
            Step::More => end = end.saturating_add(size).min(input.len()),
            Step::RefuseHead(_) => {
                parts.push(Part::Refused(start));
                return parts;
            }
            Step::RefuseBody(_) => {
                // A body arrives in pieces: what of it was passed on before depends on their size.
                parts.retain(|part| !matches!(part, Part::Body(range) if range.start > message));
                parts.push(Part::Refused(message));
                return parts;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_make_the_same_parts() {
        let input =
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n";
        let expected = [Part::Head(0..47), Part::Body(47..50), Part::Refused(50)];
        for size in [1, 2, 7, 50, usize::MAX] {
            assert_eq!(read(input, size), expected, "{size}");
        }
        assert_eq!(read(b"GET", 1), [Part::Open(0)]);
        assert_eq!(read(b"", 1), []);
    }

    #[test]
    fn a_refused_body_is_the_same_in_pieces() {
        let input = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n";
        for size in [1, 3, usize::MAX] {
            assert_eq!(read(input, size), [Part::Head(0..56), Part::Refused(0)], "{size}");
        }
    }
}
