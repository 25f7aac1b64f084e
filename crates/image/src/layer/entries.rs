//! The entries of a layer's tar archive. Nothing in it is trusted: names, sizes and numbers are bounded.

use std::io::{self, Read};

use anyhow::{Context, Result, bail};
use tar::EntryType;

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
pub fn walk(
    layer: impl Read,
    limits: Limits,
    mut visit: impl FnMut(Entry, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let mut bounded = Bounded { inner: layer, left: limits.bytes, limit: limits.bytes };
    let mut count = 0;
    {
        let mut archive = tar::Archive::new(&mut bounded);
        let mut extension = Extension::default();
        // Raw: the crate would read extended headers of any size into memory.
        for item in archive.entries().context("cannot read the layer's archive")?.raw(true) {
            let mut item = item.context("cannot read the layer's archive")?;
            count += 1;
            if count > limits.entries {
                bail!("the layer has more than {} entries", limits.entries);
            }
            if extension.take_in(&mut item)? {
                continue;
            }
            if let Some(entry) = std::mem::take(&mut extension).complete(&item)? {
                visit(entry, &mut item)?;
            }
        }
    }
    // What follows the archive's end belongs to the blob's digest.
    io::copy(&mut bounded, &mut io::sink()).context("cannot read the layer to its end")?;
    Ok(())
}

/// The fields that extended headers give the entry after them.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Extension {
    /// Reads `item` when it is an extended header; says whether it was.
    fn take_in(&mut self, item: &mut tar::Entry<'_, impl Read>) -> Result<bool> {
        let kind = item.header().entry_type();
        match kind {
            EntryType::GNULongName => self.path = Some(name(contents(item)?)),
            EntryType::GNULongLink => self.link = Some(name(contents(item)?)),
            EntryType::XHeader => self.read_pax(&contents(item)?)?,
            // `git archive` writes one with its commit; containerd and podman pass over it.
            EntryType::XGlobalHeader => drop(contents(item)?),
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
                key if key.starts_with(b"GNU.sparse.") => {
                    bail!("the layer has a sparse file, which no engine writes")
                }
                _ => {}
            }
            records = &records[length..];
        }
        Ok(())
    }

    /// The entry that `item` and what was said before it make; `None` for kinds that are no files.
    fn complete(self, item: &tar::Entry<'_, impl Read>) -> Result<Option<Entry>> {
        let header = item.header();
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
        let size = header.entry_size().with_context(|| format!("{shown} has no valid size"))?;
        if self.size.is_some_and(|stated| stated != size) {
            bail!(
                "{shown} has a size that only an extended header states ({} bytes): too large",
                self.size.unwrap_or(0)
            );
        }
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous if path.ends_with(b"/") => Kind::Directory,
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Symlink,
            EntryType::Link => Kind::Hardlink,
            EntryType::Char | EntryType::Block | EntryType::Fifo => Kind::Special,
            EntryType::GNUSparse => bail!("{shown} is a sparse file, which no engine writes"),
            _ => return Ok(None),
        };
        let mode = header.mode().with_context(|| format!("{shown} has no valid mode"))? & 0o7777;
        // Times before 1970 are written as negative numbers by some: no reason to refuse the file.
        Ok(Some(Entry { path, link, kind, size, mode, modified: header.mtime().unwrap_or(0) }))
    }
}

fn contents(item: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>> {
    let size = item.header().entry_size()?;
    if size > LARGEST_EXTENSION {
        bail!("the layer has an extended header of {size} bytes, more than {LARGEST_EXTENSION}");
    }
    let mut bytes = Vec::new();
    item.read_to_end(&mut bytes).context("cannot read an extended header")?;
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
