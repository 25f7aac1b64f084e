//! Files with holes, as GNU tar writes them: an old header of its own (type `S`) and three forms in pax records.
//!
//! Source of the forms: "Storing Sparse Files" in the manual of GNU tar, and Go's `archive/tar`, by which podman and containerd read
//! layers.

use std::io::{self, Read};

use anyhow::{Context, Result, bail};

use super::entries::BLOCK;

/// The most that the map of one file may take, as written.
const LARGEST_MAP: usize = 1 << 20;
const BROKEN: &str = "the layer has a sparse file whose map of holes cannot be read";
const TOO_LONG: &str = "the layer has a sparse file whose map of holes has more than 1 MiB";

/// The map of a file with holes.
pub(super) struct Map {
    /// Bytes of the file with its holes.
    pub size: u64,
    /// The pieces that are not holes, in order: offset and length, in bytes.
    pieces: Vec<(u64, u64)>,
}

impl Map {
    /// `pieces`, where they are in order, do not overlap and lie inside a file of `size` bytes.
    fn checked(size: u64, pieces: Vec<(u64, u64)>) -> Result<Self> {
        let mut end = 0;
        for (offset, length) in &pieces {
            let next = offset.checked_add(*length).context(BROKEN)?;
            if *offset < end || next > size {
                bail!(BROKEN);
            }
            end = next;
        }
        Ok(Self { size, pieces })
    }

    /// The file with its holes: `stored` has its pieces, one after the other.
    pub(super) fn expand<R: Read>(self, stored: R) -> Expanded<R> {
        let mut pieces = self.pieces.into_iter();
        let piece = pieces.next();
        Expanded { stored, pieces, piece, at: 0, size: self.size }
    }
}

/// The pax records of a sparse file.
#[derive(Default)]
pub(super) struct Records {
    major: Option<Vec<u8>>,
    minor: Option<Vec<u8>>,
    /// The name of the file; that of the entry has a folder more, for readers that know no map.
    pub name: Option<Vec<u8>>,
    /// Bytes of the file with its holes.
    size: Option<u64>,
    /// The numbers of the forms 0.0 and 0.1.
    map: Option<Vec<u64>>,
}

impl Records {
    /// Takes in the record `GNU.sparse.{key}`.
    pub(super) fn take_in(&mut self, key: &[u8], value: Vec<u8>) -> Result<()> {
        match key {
            b"major" => self.major = Some(value),
            b"minor" => self.minor = Some(value),
            b"name" => self.name = Some(value),
            b"size" | b"realsize" => self.size = Some(number(&value)?),
            b"map" => {
                self.map =
                    Some(value.split(|byte| *byte == b',').map(number).collect::<Result<_>>()?);
            }
            // In the form 0.0 the two take turns.
            b"offset" | b"numbytes" => self.map.get_or_insert_default().push(number(&value)?),
            _ => {}
        }
        Ok(())
    }

    /// The map of a file with `stored` bytes of `data`. In the form 1.0 these begin with it.
    pub(super) fn map(self, data: &mut impl Read, stored: u64) -> Result<Map> {
        let map = match (self.major.as_deref(), self.minor.as_deref()) {
            (Some(b"1"), Some(b"0")) => leading_map(data)?,
            (Some(b"0"), Some(b"0" | b"1")) | (None, None) => self.map.context(BROKEN)?,
            _ => bail!("the layer has a sparse file of a form that is not known"),
        };
        if map.len() % 2 != 0 {
            bail!(BROKEN);
        }
        let pieces = map.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        Map::checked(self.size.unwrap_or(stored), pieces)
    }
}

/// The map of a file whose header is GNU's own; blocks that continue the map follow the header in `archive`.
pub(super) fn of_header(header: &tar::GnuHeader, archive: &mut impl Read) -> Result<Map> {
    let mut pieces = Vec::new();
    let mut add = |sparse: &[tar::GnuSparseHeader]| -> Result<()> {
        for piece in sparse.iter().take_while(|piece| !piece.is_empty()) {
            pieces.push((piece.offset().context(BROKEN)?, piece.length().context(BROKEN)?));
        }
        if pieces.len() * size_of::<tar::GnuSparseHeader>() > LARGEST_MAP {
            bail!(TOO_LONG);
        }
        Ok(())
    };
    add(&header.sparse)?;
    let mut more = header.is_extended();
    while more {
        let mut block = tar::GnuExtSparseHeader::new();
        archive.read_exact(block.as_mut_bytes()).context(BROKEN)?;
        add(block.sparse())?;
        more = block.is_extended();
    }
    Map::checked(header.real_size().context(BROKEN)?, pieces)
}

/// The numbers of the form 1.0: how many pieces, then offset and length of each, a line a number, to the end of a block.
fn leading_map(data: &mut impl Read) -> Result<Vec<u64>> {
    let mut text = Vec::new();
    let mut ends = 0;
    loop {
        if text.len() >= LARGEST_MAP {
            bail!(TOO_LONG);
        }
        let start = text.len();
        text.resize(start + BLOCK, 0);
        data.read_exact(&mut text[start..]).context(BROKEN)?;
        // A text with n ends of lines has n + 1 pieces between them.
        ends += text[start..].split(|byte| *byte == b'\n').skip(1).count() as u64;
        let mut lines = text.split(|byte| *byte == b'\n');
        let wanted = number(lines.next().unwrap_or_default())?.checked_mul(2).context(BROKEN)?;
        if ends > wanted {
            return lines.take(usize::try_from(wanted)?).map(number).collect();
        }
    }
}

fn number(digits: &[u8]) -> Result<u64> {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).context(BROKEN)
}

/// Reads a sparse file with its holes.
pub(super) struct Expanded<R> {
    stored: R,
    pieces: std::vec::IntoIter<(u64, u64)>,
    /// The piece that comes next or is being read.
    piece: Option<(u64, u64)>,
    at: u64,
    size: u64,
}

impl<R: Read> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_some_and(|(offset, length)| offset + length <= self.at) {
            self.piece = self.pieces.next();
        }
        let (hole, end) = match self.piece {
            Some((offset, _)) if self.at < offset => (true, offset),
            Some((offset, length)) => (false, offset + length),
            None => (true, self.size),
        };
        let most = usize::try_from(end - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let read = if hole {
            buffer[..most].fill(0);
            most
        } else {
            self.stored.read(&mut buffer[..most])?
        };
        if read == 0 && most > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "a sparse file ends in the middle",
            ));
        }
        self.at += read as u64;
        Ok(read)
    }
}
