//! Releases of k3s: the names of their files, where they come from, and whether they are what was published.

mod download;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use skyward_config::{K3s, Loaded};
use skyward_terminal::event::Finding;

use super::report::{Reporter, problem};
use super::token::hex;
use super::version::{Arch, Version};

/// The endings of the archive of images in a release, the smallest first.
const IMAGE_ENDINGS: [&str; 3] = ["tar.zst", "tar.gz", "tar"];

/// A file on this machine whose content was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The path.
    pub path: PathBuf,
    /// The SHA-256 of its content.
    pub sum: String,
}

/// The files of a release that a machine of one architecture gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    /// k3s.
    pub binary: Verified,
    /// The images for air-gapped use: file name and file.
    pub images: Option<(String, Verified)>,
}

/// The reason that a release is not available. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file has another content than it should have.
    #[error(
        "checking {file}: its SHA-256 is {found}, and {authority} says {wanted}; nothing was changed"
    )]
    Checksum {
        /// The file.
        file: String,
        /// Its checksum.
        found: String,
        /// The checksum that it should have.
        wanted: String,
        /// The list or key that says so.
        authority: String,
    },
    /// The list of checksums does not name the file.
    #[error("checking {file}: {list} does not name it; nothing was changed")]
    Unlisted {
        /// The file.
        file: String,
        /// The list.
        list: String,
        /// The advice.
        next: &'static str,
    },
    /// A file cannot be read or written here.
    #[error("{operation} {path}: {reason}; nothing was changed")]
    File {
        /// The operation.
        operation: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
        /// The advice.
        next: &'static str,
    },
    /// The download failed.
    #[error("downloading {url}: {reason}; nothing was changed")]
    Download {
        /// The address.
        url: String,
        /// The reason.
        reason: String,
    },
}

impl ReleaseError {
    /// The advice.
    pub fn next(&self) -> &'static str {
        match self {
            Self::Checksum { .. } => "do not install it; find out which of the two was changed",
            Self::Unlisted { next, .. } | Self::File { next, .. } => next,
            Self::Download { .. } => {
                "run the command again, which resumes the download; or name a mirror in k3s.download, or a folder of files in k3s.airgap"
            }
        }
    }

    /// The error as a finding about a release.
    pub fn finding(&self, version: &Version) -> Finding {
        problem(format!("k3s {version}"), self.to_string(), self.next())
    }
}

/// The source of a release.
#[derive(Debug, Clone)]
pub struct Source {
    /// The version.
    pub version: Version,
    /// The address before `/VERSION/FILE`.
    pub base: String,
    /// The folder that keeps downloads.
    pub cache: PathBuf,
    /// The folder of files that replaces the network.
    pub folder: Option<PathBuf>,
    /// The pinned checksums, by architecture.
    pub pinned: BTreeMap<String, String>,
}

impl Source {
    /// The source that the configuration names.
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

    /// Returns the verified files for an architecture; they are downloaded where they are missing.
    ///
    /// # Errors
    /// A file is not available, or not what was published.
    pub fn assets(&self, arch: Arch, report: &Reporter) -> Result<Assets, ReleaseError> {
        if let Some(folder) = &self.folder {
            return self.in_folder(folder, arch);
        }
        Ok(Assets { binary: download::binary(self, arch, report)?, images: None })
    }

    /// Returns [`Source::assets`] from a thread of its own: a download delays neither machines nor Ctrl-C.
    ///
    /// # Errors
    /// As [`Source::assets`].
    pub async fn fetch(&self, arch: Arch, report: &Reporter) -> Result<Assets, ReleaseError> {
        let (source, report) = (self.clone(), report.clone());
        let (done, ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || drop(done.send(source.assets(arch, &report))));
        ended.await.unwrap_or_else(|_| {
            Err(ReleaseError::Download {
                url: arch.as_str().to_owned(),
                reason: "the download ended without a result".to_owned(),
            })
        })
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
        for ending in IMAGE_ENDINGS {
            let name = format!("k3s-airgap-images-{}.{ending}", arch.as_str());
            let path = folder.join(&name);
            if path.is_file() {
                let sum = published(&name).ok_or_else(|| ReleaseError::Unlisted {
                    file: path.display().to_string(),
                    list: shown.clone(),
                    next: "put the list of the release beside it",
                })?;
                images = Some((name, verified(&path, &sum, &shown)?));
                break;
            }
        }
        Ok(Assets { binary, images })
    }

    /// The checksum that the binary must have: the pinned one, which the published one must not contradict; without a pin, the published one.
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
                next: "put the list of the release there, or the checksum into k3s.sha256",
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

/// Verifies the content of a file.
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
        operation: "reading",
        path: path.display().to_string(),
        reason: error.to_string(),
        next: "put the files of the release there, or remove k3s.airgap",
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

/// The folder that keeps downloads (XDG Base Directory Specification).
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
