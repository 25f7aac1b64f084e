//! The entries of a layer's tar archive. Nothing in it is trusted: names, sizes and numbers are bounded.

use std::io::{self, Read};

use anyhow::{Context, Result, bail};
use tar::EntryType;

use super::sparse;

/// The most that a layer may hold, so that a hostile one is refused before it fills memory or disk.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the uncompressed archive.
    pub bytes: u64,
    /// Entries of the archive.
    pub entries: u64,
}

impl Default for Limits {
    /// 64 GiB and 4 million entries: several times the largest images in use.
    fn default() -> Self {
        Self { bytes: 64 << 30, entries: 4_000_000 }
    }
}

/// Linux's `PATH_MAX`.
const LONGEST_PATH: usize = 4096;
/// Extended headers hold names and attributes, of which the kernel's limit is 64 KiB each.
const LARGEST_EXTENSION: u64 = 1 << 20;

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name for an entry before it.
    Hardlink,
    /// A device or a named pipe.
    Special,
}

/// An entry of a layer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The path as the archive has it; nothing about it is safe.
    pub path: Vec<u8>,
    /// The target of a link, as the archive has it.
    pub link: Vec<u8>,
    /// The kind.
    pub kind: Kind,
    /// Bytes of the file.
    pub size: u64,
    /// Permission bits, with those for setuid, setgid and sticky.
    pub mode: u32,
    /// Seconds since 1970.
    pub modified: u64,
}

/// Calls `visit` with each entry of the uncompressed archive `layer`, and with the entry's contents.
///
/// The archive is read block by block: the crate `tar` keeps extended headers of any size in memory, and knows the sparse files of
/// old headers alone.
pub fn walk(
    layer: impl Read,
    limits: Limits,
    mut visit: impl FnMut(Entry, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let mut archive = Bounded { inner: layer, left: limits.bytes, limit: limits.bytes };
    let mut extension = Extension::default();
    let mut count = 0;
    let mut holes = 0;
    while let Some(header) = next_header(&mut archive).context(UNREADABLE)? {
        count += 1;
        if count > limits.entries {
            bail!("the layer has more than {} entries", limits.entries);
        }
        let stored = header.entry_size().context(UNREADABLE)?;
        if extension.take_in(&header, stored, &mut archive)? {
            skip(&mut archive, padding(stored))?;
            continue;
        }
        let mut entry = std::mem::take(&mut extension);
        let stored = entry.stored_size(&header, stored)?;
        let map = match header.as_gnu() {
            Some(gnu) if header.entry_type() == EntryType::GNUSparse => {
                Some(sparse::of_header(gnu, &mut archive)?)
            }
            _ => None,
        };
        let mut data = (&mut archive).take(stored);
        let map = match (map, entry.sparse.take()) {
            (None, Some(mut records)) => {
                entry.path = records.name.take().or(entry.path);
                Some(records.map(&mut data, stored)?)
            }
            (map, _) => map,
        };
        if let Some(entry) = entry.complete(&header, map.as_ref().map_or(stored, |map| map.size))? {
            // A hole of any size takes a few bytes of the archive.
            holes += entry.size.saturating_sub(stored);
            if holes > limits.bytes {
                bail!("the layer's files have holes of more than {} bytes", limits.bytes);
            }
            match map {
                Some(map) => visit(entry, &mut map.expand(&mut data))?,
                None => visit(entry, &mut data)?,
            }
        }
        let unread = data.limit();
        skip(&mut archive, unread + padding(stored))?;
    }
    // What follows the archive's end belongs to the blob's digest.
    io::copy(&mut archive, &mut io::sink()).context("cannot read the layer to its end")?;
    Ok(())
}

const UNREADABLE: &str = "cannot read the layer's archive";
/// The bytes of a block, which all of a tar archive is made of.
pub(super) const BLOCK: usize = 512;

/// The next header of the archive; `None` at its end, which is a block of zeros or the stream's end.
fn next_header(archive: &mut impl Read) -> io::Result<Option<tar::Header>> {
    let mut block = Vec::with_capacity(BLOCK);
    archive.take(BLOCK as u64).read_to_end(&mut block)?;
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    if block.len() < BLOCK {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ends inside a header"));
    }
    let header = tar::Header::from_byte_slice(&block).clone();
    // The field of the checksum itself counts as eight spaces.
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    if sum(&block[..148]) + sum(&block[156..]) + 8 * u32::from(b' ') != header.cksum()? {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a header has a wrong checksum"));
    }
    Ok(Some(header))
}

/// The bytes from the end of `size` bytes to the end of their last block.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn skip(archive: &mut impl Read, bytes: u64) -> Result<()> {
    let skipped = io::copy(&mut archive.take(bytes), &mut io::sink()).context(UNREADABLE)?;
    if skipped != bytes {
        bail!("{UNREADABLE}: it ends inside a file");
    }
    Ok(())
}

/// The fields that extended headers give the entry after them.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: Option<sparse::Records>,
}

impl Extension {
    /// Reads the `size` bytes of an extended header; false for a header of another kind.
    fn take_in(
        &mut self,
        header: &tar::Header,
        size: u64,
        archive: &mut impl Read,
    ) -> Result<bool> {
        match header.entry_type() {
            EntryType::GNULongName => self.path = Some(name(contents(archive, size)?)),
            EntryType::GNULongLink => self.link = Some(name(contents(archive, size)?)),
            EntryType::XHeader => self.read_pax(&contents(archive, size)?)?,
            // `git archive` writes one with its commit; containerd and podman pass over it.
            EntryType::XGlobalHeader => drop(contents(archive, size)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Records of the form `LENGTH KEY=VALUE\n` (POSIX, pax).
    fn read_pax(&mut self, mut records: &[u8]) -> Result<()> {
        const BROKEN: &str = "the layer has an extended header that is not a list of records";
        while !records.is_empty() {
            let space = records.iter().position(|byte| *byte == b' ').context(BROKEN)?;
            let length: usize = std::str::from_utf8(&records[..space])?.parse().context(BROKEN)?;
            let record = records
                .get(space + 1..length)
                .and_then(|record| record.strip_suffix(b"\n"))
                .context(BROKEN)?;
            let equals = record.iter().position(|byte| *byte == b'=').context(BROKEN)?;
            let value = record[equals + 1..].to_vec();
            match &record[..equals] {
                b"path" => self.path = Some(value),
                b"linkpath" => self.link = Some(value),
                b"size" => self.size = Some(String::from_utf8(value)?.parse().context(BROKEN)?),
                key => {
                    if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                        self.sparse.get_or_insert_default().take_in(key, value)?;
                    }
                }
            }
            records = &records[length..];
        }
        Ok(())
    }

    /// The bytes that the entry has in the archive. Where its header has room for the number, both must say the same: readers that
    /// disagree see different archives.
    fn stored_size(&self, header: &tar::Header, size: u64) -> Result<u64> {
        /// The largest number of eleven octal digits, all that the header's field has room for.
        const LARGEST: u64 = (8 << 30) - 1;
        match self.size {
            Some(stated) if stated != size && (size != 0 || stated <= LARGEST) => {
                let shown = String::from_utf8_lossy(&header.path_bytes()).into_owned();
                bail!("{shown} has {size} bytes by its header, and {stated} by an extended one")
            }
            Some(stated) => Ok(stated),
            None => Ok(size),
        }
    }

    /// The entry of `size` bytes that `header` and what was said before it make; `None` for kinds that are no files.
    fn complete(self, header: &tar::Header, size: u64) -> Result<Option<Entry>> {
        let path = self.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let link = self
            .link
            .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned))
            .unwrap_or_default();
        let shown = String::from_utf8_lossy(&path[..path.len().min(80)]).into_owned();
        if path.len() > LONGEST_PATH || link.len() > LONGEST_PATH {
            bail!("the layer has a path of more than {LONGEST_PATH} bytes: {shown}…");
        }
        if path.contains(&0) || link.contains(&0) {
            bail!("the layer has a path with a NUL byte: {shown}");
        }
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous if path.ends_with(b"/") => Kind::Directory,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File,
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Symlink,
            EntryType::Link => Kind::Hardlink,
            EntryType::Char | EntryType::Block | EntryType::Fifo => Kind::Special,
            _ => return Ok(None),
        };
        let mode = header.mode().with_context(|| format!("{shown} has no valid mode"))? & 0o7777;
        // Times before 1970 are written as negative numbers by some: no reason to refuse the file.
        Ok(Some(Entry { path, link, kind, size, mode, modified: header.mtime().unwrap_or(0) }))
    }
}

/// The `size` bytes of an extended header, which come next in the archive.
fn contents(archive: &mut impl Read, size: u64) -> Result<Vec<u8>> {
    if size > LARGEST_EXTENSION {
        bail!("the layer has an extended header of {size} bytes, more than {LARGEST_EXTENSION}");
    }
    let mut bytes = Vec::new();
    archive.take(size).read_to_end(&mut bytes).context("cannot read an extended header")?;
    if bytes.len() as u64 != size {
        bail!("{UNREADABLE}: it ends inside an extended header");
    }
    Ok(bytes)
}

/// GNU's long names end with a NUL byte.
fn name(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
}

/// A reader that fails once more than `limit` bytes came through: a decompression bomb.
struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the layer has more than {} bytes uncompressed", self.limit),
            )
        })?;
        Ok(read)
    }
}
