//! A tar archive, read in place through an index of where each entry begins.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, ImageIndex};
use tar::EntryType;

use super::docker::{self, Synthesized};
use super::{blob_path, parse_index};
use crate::source::Source;

/// More entries than any image archive has: one per blob.
const MOST_ENTRIES: usize = 100_000;
/// More hops than any chain of links in an archive needs.
const MOST_LINKS: usize = 16;

/// A tar archive: OCI, Docker's, or both in one.
pub struct Archive {
    name: String,
    file: File,
    entries: Entries,
    /// OCI documents made up for an archive that has only Docker's `manifest.json`.
    docker: Option<Synthesized>,
}

/// The place of a file within the archive.
#[derive(Clone, Debug)]
enum Place {
    File { offset: u64, size: u64 },
    Link(String),
}

/// The entries of an archive by their path.
#[derive(Debug, Default)]
pub(super) struct Entries(BTreeMap<String, Place>);

impl Entries {
    /// Offset and size of the file `name`, through links within the archive.
    pub(super) fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = name.to_owned();
        for _ in 0..MOST_LINKS {
            match self.0.get(&name)? {
                Place::File { offset, size } => return Some((*offset, *size)),
                Place::Link(target) => name.clone_from(target),
            }
        }
        None
    }
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot open image archive {name}"))?;
        refuse_compressed(&file, &name)?;
        let entries = scan(&file).with_context(|| format!("cannot read image archive {name}"))?;
        let mut archive = Self { name, file, entries, docker: None };
        if archive.entries.find("index.json").is_none() {
            if archive.entries.find("manifest.json").is_none() {
                bail!(
                    "{} is not an image archive: it holds neither index.json (OCI) nor manifest.json (Docker)",
                    archive.name
                );
            }
            let synthesized = docker::synthesize(&archive)
                .with_context(|| format!("cannot read the Docker archive {}", archive.name))?;
            archive.docker = Some(synthesized);
        }
        Ok(archive)
    }

    /// Opens the archive's file `name`.
    pub(super) fn file(&self, name: &str) -> Result<Section<'_>> {
        let (offset, size) =
            self.entries.find(name).with_context(|| format!("{} holds no {name}", self.name))?;
        Ok(Section::new(&self.file, offset, size))
    }

    /// The size of the archive's file `name`, in bytes.
    pub(super) fn size(&self, name: &str) -> Result<u64> {
        let (_, size) =
            self.entries.find(name).with_context(|| format!("{} holds no {name}", self.name))?;
        Ok(size)
    }
}

impl Source for Archive {
    fn index(&self) -> Result<ImageIndex> {
        match &self.docker {
            Some(docker) => Ok(docker.index.clone()),
            None => parse_index(self.file("index.json")?, &format!("index.json of {}", self.name)),
        }
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        if let Some(docker) = &self.docker {
            let digest = descriptor.digest().to_string();
            if let Some(bytes) = docker.documents.get(&digest) {
                return Ok(Box::new(bytes.as_slice()));
            }
            let name = docker
                .files
                .get(&digest)
                .with_context(|| format!("{} holds no blob {digest}", self.name))?;
            return Ok(Box::new(self.file(name)?));
        }
        Ok(Box::new(self.file(&blob_path(descriptor))?))
    }
}

fn refuse_compressed(file: &File, name: &str) -> Result<()> {
    let mut magic = [0; 4];
    let mut start = Section::new(file, 0, 4);
    if start.read_exact(&mut magic).is_err() {
        bail!("{name} is not an image archive: it has fewer than 4 bytes");
    }
    match magic {
        [0x1f, 0x8b, ..] => {
            bail!("{name} is compressed as a whole; decompress it first: gunzip {name}")
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            bail!("{name} is compressed as a whole; decompress it first: unzstd {name}")
        }
        _ => Ok(()),
    }
}

fn scan(file: &File) -> Result<Entries> {
    let length = file.metadata()?.len();
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut places = BTreeMap::new();
    // Seeks over the contents: opening a large archive reads its headers only.
    let mut last = None;
    for entry in archive.entries_with_seek()? {
        // The library's own words quote the bytes, which may be anything.
        let Ok(entry) = entry else {
            match last {
                None => bail!("it is not a tar archive, or cut short within its first entry"),
                Some(path) => bail!("it is damaged or cut short behind the entry {path:?}"),
            }
        };
        let path = clean(&String::from_utf8_lossy(&entry.path_bytes()));
        last = Some(path.clone());
        let place = match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let (offset, size) = (entry.raw_file_position(), entry.size());
                if offset.checked_add(size).is_none_or(|end| end > length) {
                    bail!(
                        "it is cut short: {path:?} should end at byte {}, the file has {length}",
                        offset.saturating_add(size)
                    );
                }
                Place::File { offset, size }
            }
            EntryType::Link | EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = String::from_utf8_lossy(&target).into_owned();
                Place::Link(if entry.header().entry_type() == EntryType::Link {
                    clean(&target)
                } else {
                    resolve(&path, &target)
                })
            }
            _ => continue,
        };
        places.insert(path, place);
        if places.len() > MOST_ENTRIES {
            bail!("it has more than {MOST_ENTRIES} entries");
        }
    }
    Ok(Entries(places))
}

/// `a/./b/../c` as `a/c`; nothing leads above the archive's root.
fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Resolves the symbolic link `path` with the text `target`.
fn resolve(path: &str, target: &str) -> String {
    if target.starts_with('/') {
        return clean(target);
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    clean(&format!("{folder}/{target}"))
}

/// Reads `left` bytes of `file` from `offset`; several sections of one file can be read at once.
pub(super) struct Section<'a> {
    file: &'a File,
    offset: u64,
    left: u64,
}

impl<'a> Section<'a> {
    pub(super) fn new(file: &'a File, offset: u64, size: u64) -> Self {
        Self { file, offset, left: size }
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..wanted], self.offset)?;
        if read == 0 && wanted > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the archive ends in the middle of this blob",
            ));
        }
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}
