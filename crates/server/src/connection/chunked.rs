//! The chunked coding (RFC 9112 §7.1), followed byte by byte to find where a body ends. Strict: what another
//! reader could take for something else (a bare line feed, a space after the size, a missing CRLF) is an
//! error.

use crate::problem::{self, Refusal};

/// Bytes of chunk extensions and of trailers that one body may have.
const MAX_EXTRA: usize = 8 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Size { digits: u8 },
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    Trailer { empty: bool },
    TrailerEnd { empty: bool },
}

/// A chunked body that is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunked {
    part: Part,
    /// The size of the chunk; what is left of it while in its data.
    size: u64,
    total: u64,
    extra: usize,
    max: u64,
}

impl Chunked {
    /// A body of at most `max` bytes.
    pub(crate) fn new(max: u64) -> Self {
        Self { part: Part::Size { digits: 0 }, size: 0, total: 0, extra: 0, max }
    }

    /// Reads on: how many bytes of `input` belong to the body, and whether it ended with them.
    ///
    /// # Errors
    /// The refusal, for a malformed body or one that is too large.
    pub(crate) fn advance(&mut self, input: &[u8]) -> Result<(usize, bool), Refusal> {
        let mut at = 0;
        while at < input.len() {
            if self.part == Part::Data {
                let available = u64::try_from(input.len() - at).unwrap_or(u64::MAX);
                let taken = self.size.min(available);
                self.size -= taken;
                at += usize::try_from(taken).unwrap_or(usize::MAX);
                if self.size == 0 {
                    self.part = Part::DataReturn;
                }
                continue;
            }
            let byte = input[at];
            at += 1;
            if self.part == (Part::TrailerEnd { empty: true }) && byte == b'\n' {
                return Ok((at, true));
            }
            self.part = self.next(byte)?;
        }
        Ok((at, false))
    }

    fn next(&mut self, byte: u8) -> Result<Part, Refusal> {
        match (self.part, byte) {
            (Part::Size { digits: 0..15 }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.digit(byte)
            }
            (Part::Size { digits: 1.. } | Part::Extension, b'\r') => Ok(Part::SizeEnd),
            (Part::Size { digits: 1.. }, b';') => Ok(Part::Extension),
            (Part::Extension, b'\t' | b' '..=b'~' | 0x80..) => self.extra(Part::Extension),
            (Part::SizeEnd, b'\n') if self.size == 0 => Ok(Part::Trailer { empty: true }),
            (Part::SizeEnd, b'\n') => self.data(),
            (Part::DataReturn, b'\r') => Ok(Part::DataEnd),
            (Part::DataEnd, b'\n') => Ok(Part::Size { digits: 0 }),
            (Part::Trailer { empty }, b'\r') => Ok(Part::TrailerEnd { empty }),
            (Part::Trailer { .. }, b'\t' | b' '..=b'~' | 0x80..) => {
                self.extra(Part::Trailer { empty: false })
            }
            (Part::TrailerEnd { empty: false }, b'\n') => Ok(Part::Trailer { empty: true }),
            _ => Err(problem::BAD_CHUNK),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<Part, Refusal> {
        let Part::Size { digits } = self.part else { return Err(problem::BAD_CHUNK) };
        if digits == 0 {
            self.size = 0;
        }
        let value = char::from(byte).to_digit(16).ok_or(problem::BAD_CHUNK)?;
        self.size = self.size * 16 + u64::from(value);
        Ok(Part::Size { digits: digits + 1 })
    }

    fn data(&mut self) -> Result<Part, Refusal> {
        self.total = self.total.saturating_add(self.size);
        if self.total > self.max { Err(problem::LARGE_BODY) } else { Ok(Part::Data) }
    }

    fn extra(&mut self, part: Part) -> Result<Part, Refusal> {
        self.extra += 1;
        if self.extra > MAX_EXTRA { Err(problem::BAD_CHUNK) } else { Ok(part) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(input: &[u8]) -> Result<(usize, bool), Refusal> {
        Chunked::new(1_000).advance(input)
    }

    #[test]
    fn bodies_end_where_they_end() {
        for (input, length) in [
            (&b"0\r\n\r\n"[..], 5),
            (b"5\r\nhello\r\n0\r\n\r\nGET", 15),
            (b"A;name=\"v\"\r\n0123456789\r\n000\r\nTrailer: x\r\n\r\n", 43),
        ] {
            assert_eq!(whole(input), Ok((length, true)), "{}", input.escape_ascii());
        }
        assert_eq!(whole(b"5\r\nhel"), Ok((6, false)));
    }

    #[test]
    fn what_could_be_read_otherwise_is_refused() {
        for input in [
            &b"\r\n"[..],
            b"5\nhello\r\n",
            b"5 \r\nhello\r\n",
            b" 5\r\nhello\r\n",
            b"+5\r\nhello\r\n",
            b"-1\r\n",
            b"0x5\r\nhello\r\n",
            b"5\r\nhello0\r\n\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"5;a\nb\r\nhello\r\n",
            b"5\r\rhello",
            b"0\r\nTrailer: x\n\r\n",
            b"0\r\n\n",
            b"0000000000000005\r\nhello\r\n",
            b"G\r\n",
        ] {
            assert_eq!(whole(input), Err(problem::BAD_CHUNK), "{}", input.escape_ascii());
        }
        assert_eq!(whole(&[b"1;", &[b'x'; MAX_EXTRA + 1][..]].concat()), Err(problem::BAD_CHUNK));
    }

    #[test]
    fn the_limit_is_on_the_sum() {
        assert_eq!(whole(b"3E9\r\n"), Err(problem::LARGE_BODY));
        assert_eq!(whole(b"3E8\r\n"), Ok((5, false)));
        let chunk = [b"1F4\r\n", &[b'x'; 500][..], b"\r\n"].concat();
        assert!(whole(&[&chunk[..], &chunk].concat()).is_ok());
        assert_eq!(whole(&[&chunk[..], &chunk, b"1\r\n"].concat()), Err(problem::LARGE_BODY));
        assert_eq!(whole(b"fffffffffffffff\r\n"), Err(problem::LARGE_BODY));
    }

    proptest! {
        /// However the bytes arrive, the body ends at the same place.
        #[test]
        fn pieces_make_no_difference(chunks in prop::collection::vec(1_usize..40, 0..8), cuts in prop::collection::vec(1_usize..30, 1..40)) {
            let mut input: Vec<u8> = chunks.iter().flat_map(|size| format!("{size:x}\r\n{}\r\n", "x".repeat(*size)).into_bytes()).collect();
            input.extend_from_slice(b"0\r\n\r\n");
            let length = input.len();
            input.extend_from_slice(b"GET / HTTP/1.1\r\n");
            let (mut chunked, mut at, mut sizes) = (Chunked::new(1_000), 0, cuts.iter().cycle());
            loop {
                let end = (at + sizes.next().unwrap()).min(input.len());
                let (taken, done) = chunked.advance(&input[at..end]).unwrap();
                at += taken;
                if done { break }
                prop_assert_eq!(at, end);
            }
            prop_assert_eq!(at, length);
        }
    }
}
