//! A release of k3s: what its files are called, where they come from, and whether they are what was published.

mod download;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use skyward_config::{K3s, Loaded};

use super::event::{Event, Reporter, Sink};
use super::token::hex;
use super::version::{Arch, Version};

/// A file on this machine whose content is known to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Where.
    pub path: PathBuf,
    /// The SHA-256 of its content.
    pub sum: String,
}

/// What a machine of one architecture gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    /// k3s.
    pub binary: Verified,
    /// The images for air-gapped use: file name and file.
    pub images: Option<(String, Verified)>,
}

/// Why the release cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file is not what it should be.
    #[error(
        "checking {file}: its SHA-256 is {found}, and {authority} says {wanted}; nothing was changed. Next step: find out which of the two \
         was changed; do not install it"
    )]
    Checksum {
        /// The file.
        file: String,
        /// What it has.
        found: String,
        /// What it should have.
        wanted: String,
        /// Who says so.
        authority: String,
    },
    /// The list of checksums does not name the file.
    #[error("checking {file}: {list} does not name it; nothing was changed. Next step: {next}")]
    Unlisted {
        /// The file.
        file: String,
        /// The list.
        list: String,
        /// What to do.
        next: &'static str,
    },
    /// It cannot be read or written here.
    #[error("{doing} {path}: {reason}; nothing was changed. Next step: {next}")]
    File {
        /// What was done.
        doing: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
        /// What to do.
        next: &'static str,
    },
    /// It does not come.
    #[error(
        "downloading {url}: {reason}; nothing was changed. Next step: run it again (it goes on where it was), name a mirror in k3s.download, \
         or a folder of files in k3s.airgap"
    )]
    Download {
        /// Its address.
        url: String,
        /// What went wrong.
        reason: String,
    },
}

/// Where releases are found.
#[derive(Debug, Clone)]
pub struct Source {
    version: Version,
    base: String,
    cache: PathBuf,
    folder: Option<PathBuf>,
    pinned: BTreeMap<String, String>,
}

impl Source {
    /// As the configuration says.
    pub fn new(loaded: &Loaded, version: &Version) -> Self {
        let k3s: &K3s = &loaded.config.k3s;
        Self {
            version: version.clone(),
            base: k3s.download.trim_end_matches('/').to_owned(),
            cache: cache(),
            folder: k3s.airgap.as_ref().map(|folder| loaded.root.join(folder)),
            pinned: k3s.sha256.clone(),
        }
    }

    /// The files for an architecture, there and verified; loaded where they are not there yet.
    ///
    /// # Errors
    /// A file does not come, or is not what was published.
    pub fn assets(&self, arch: Arch, sink: &mut dyn Sink) -> Result<Assets, ReleaseError> {
        if let Some(folder) = &self.folder {
            return self.in_folder(folder, arch);
        }
        Ok(Assets { binary: download::binary(self, arch, sink)?, images: None })
    }

    /// As [`Source::assets`], on a thread of its own: a download holds up neither the machines nor Ctrl-C.
    ///
    /// # Errors
    /// As [`Source::assets`].
    pub async fn assets_aside(self, arch: Arch, report: &Reporter) -> Result<Assets, ReleaseError> {
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let (done, mut ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut tell = |event: Event| drop(sender.send(event));
            let _ = done.send(self.assets(arch, &mut tell));
        });
        loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => report.emit(event),
                found = &mut ended => {
                    return found.unwrap_or_else(|_| Err(ReleaseError::Download {
                        url: arch.as_str().to_owned(),
                        reason: "the download has ended without a result".to_owned(),
                    }));
                }
            }
        }
    }

    fn in_folder(&self, folder: &Path, arch: Arch) -> Result<Assets, ReleaseError> {
        let name = arch.binary();
        let list = folder.join(format!("sha256sum-{}.txt", arch.as_str()));
        let listed = match std::fs::read_to_string(&list) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable(&list, &error)),
        };
        let shown = list.display().to_string();
        let published = |file: &str| listed.as_deref().and_then(|text| listed_sum(text, file));
        let binary = folder.join(name);
        let wanted = self.wanted(arch, published(name), &binary.display().to_string(), &shown)?;
        let binary = verified(&binary, &wanted, &shown)?;
        let mut images = None;
        for ending in ["tar.zst", "tar.gz", "tar"] {
            let name = format!("k3s-airgap-images-{}.{ending}", arch.as_str());
            let path = folder.join(&name);
            if path.is_file() {
                let sum = published(&name).ok_or_else(|| ReleaseError::Unlisted {
                    file: path.display().to_string(),
                    list: shown.clone(),
                    next: "put the release's own list beside it",
                })?;
                images = Some((name, verified(&path, &sum, &shown)?));
                break;
            }
        }
        Ok(Assets { binary, images })
    }

    /// The checksum that the binary must have: the pinned one, which the published one must not contradict.
    fn wanted(
        &self,
        arch: Arch,
        published: Option<String>,
        file: &str,
        list: &str,
    ) -> Result<String, ReleaseError> {
        match (self.pinned.get(arch.as_str()), published) {
            (Some(pinned), Some(published)) if *pinned != published => {
                Err(ReleaseError::Checksum {
                    file: file.to_owned(),
                    found: published,
                    wanted: pinned.clone(),
                    authority: "k3s.sha256".to_owned(),
                })
            }
            (Some(pinned), _) => Ok(pinned.clone()),
            (None, Some(published)) => Ok(published),
            (None, None) => Err(ReleaseError::Unlisted {
                file: file.to_owned(),
                list: list.to_owned(),
                next: "put the release's own list there, or its checksum into k3s.sha256",
            }),
        }
    }
}

/// The checksum of a file in a list as `sha256sum` prints it.
fn listed_sum(list: &str, file: &str) -> Option<String> {
    list.lines().find_map(|line| {
        let (sum, name) = line.split_once(char::is_whitespace)?;
        let is_sum = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_sum && name.trim_start().trim_start_matches('*') == file).then(|| sum.to_lowercase())
    })
}

/// The file, when its content is right.
fn verified(path: &Path, wanted: &str, authority: &str) -> Result<Verified, ReleaseError> {
    let found = sum(path).map_err(|error| unreadable(path, &error))?;
    if found != wanted {
        return Err(ReleaseError::Checksum {
            file: path.display().to_string(),
            found,
            wanted: wanted.to_owned(),
            authority: authority.to_owned(),
        });
    }
    Ok(Verified { path: path.to_owned(), sum: found })
}

fn unreadable(path: &Path, error: &std::io::Error) -> ReleaseError {
    ReleaseError::File {
        doing: "reading",
        path: path.display().to_string(),
        reason: error.to_string(),
        next: "put the release's files there, or leave k3s.airgap out",
    }
}

/// The SHA-256 of a file.
fn sum(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 18];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&chunk[..count]);
    }
}

/// Where downloads are kept (XDG Base Directory Specification).
fn cache() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("skyward/k3s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_checksums_is_read() {
        let sum = "0123456789ABCDEF".repeat(4);
        let list = format!("{sum}  k3s-arm64\n{sum} *k3s\nshort  k3s-armhf\n");
        assert_eq!(listed_sum(&list, "k3s"), Some(sum.to_lowercase()));
        assert_eq!(listed_sum(&list, "k3s-armhf"), None);
        assert_eq!(listed_sum(&list, "arm64"), None);
    }
}
