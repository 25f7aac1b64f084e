//! Paths of an image within a folder that is its root.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Linux's limit for links within one path.
const MOST_LINKS: usize = 40;

/// A folder that is the root of an image's paths.
#[derive(Clone, Debug)]
pub struct Rooted {
    root: PathBuf,
}

impl Rooted {
    /// The folder must be there.
    pub fn new(folder: &Path) -> Result<Self> {
        let root = folder
            .canonicalize()
            .with_context(|| format!("cannot open folder {}", folder.display()))?;
        Ok(Self { root })
    }

    /// Resolves the image's path `path`, through links as if the folder were the root.
    pub fn resolve(&self, path: &[u8]) -> Result<PathBuf> {
        let (inner, _) = self.walk(path, false)?;
        Ok(inner)
    }

    /// The folder `path`, made where it is missing.
    pub(super) fn folder(&self, path: &[u8]) -> Result<PathBuf> {
        let (inner, _) = self.walk(path, true)?;
        Ok(inner)
    }

    /// The folder `path`, if there is one.
    pub(super) fn existing_folder(&self, path: &[u8]) -> Result<Option<PathBuf>> {
        let (inner, missing) = self.walk(path, false)?;
        Ok((!missing && inner.is_dir()).then_some(inner))
    }

    /// The regular file `path`, itself no link.
    pub(super) fn file(&self, path: &[u8]) -> Result<PathBuf> {
        let shown = String::from_utf8_lossy(path).into_owned();
        let (parent, name) =
            split(path)?.with_context(|| format!("the link's target {shown:?} is not a file"))?;
        let inner = self.resolve(&parent)?.join(os(&name));
        let metadata = fs::symlink_metadata(&inner)
            .with_context(|| format!("the link's target {shown:?} is not there"))?;
        if !metadata.is_file() {
            bail!("the link's target {shown:?} is not a regular file");
        }
        Ok(inner)
    }

    /// Walks `path` from the root. `..` ends at the root, an absolute link starts from it.
    fn walk(&self, path: &[u8], make: bool) -> Result<(PathBuf, bool)> {
        let mut pending: Vec<Vec<u8>> = parts(path).rev().map(<[u8]>::to_vec).collect();
        let (mut inner, mut missing, mut links) = (self.root.clone(), false, 0);
        while let Some(part) = pending.pop() {
            if part == b".." {
                if inner != self.root {
                    inner.pop();
                }
                continue;
            }
            let next = inner.join(os(&part));
            match fs::symlink_metadata(&next) {
                Ok(metadata) if metadata.is_symlink() => {
                    links += 1;
                    if links > MOST_LINKS {
                        bail!("too many symbolic links in {:?}", String::from_utf8_lossy(path));
                    }
                    let target = fs::read_link(&next)?;
                    let target = target.as_os_str().as_bytes();
                    if target.first() == Some(&b'/') {
                        inner.clone_from(&self.root);
                    }
                    pending.extend(parts(target).rev().map(<[u8]>::to_vec));
                    continue;
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    missing = true;
                    if make {
                        fs::create_dir(&next)?;
                    }
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot enter {}", next.display()));
                }
            }
            inner = next;
        }
        Ok((inner, missing))
    }
}

fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

/// Parent and name of an entry's path; `None` for the root itself. A path with `..` is refused: no engine writes one.
pub(super) fn split(path: &[u8]) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    if parts(path).any(|part| part == b"..") {
        bail!(
            "the layer has the path {:?}, which leads out of the image",
            String::from_utf8_lossy(path)
        );
    }
    let mut all: Vec<&[u8]> = parts(path).collect();
    let name = all.pop().map(<[u8]>::to_vec);
    Ok(name.map(|name| (all.join(&b'/'), name)))
}

/// Removes whatever is at `path`, itself and not what it links to.
pub(super) fn remove(path: &Path) -> Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    result.with_context(|| format!("cannot remove {}", path.display()))
}

pub(super) fn os(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}
