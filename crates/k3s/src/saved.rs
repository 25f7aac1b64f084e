//! The file of a snapshot: a tar of its description, its tokens and its data, which only its owner can read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::token::{Token, hex};

/// The largest entry beside the data.
const LARGEST_TEXT: u64 = 1 << 20;
/// The bytes of SHA-256 that etcd puts after a snapshot (etcd, `clientv3/snapshot`).
const SUM_BYTES: usize = 32;
/// The size of a sector, of which a database has whole ones.
const SECTOR: usize = 512;

/// The store that holds a cluster's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// etcd, of several servers.
    Etcd,
    /// `SQLite`, of one.
    Sqlite,
}

impl Store {
    /// Its word in scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Sqlite => "sqlite",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Etcd, Self::Sqlite].into_iter().find(|store| store.as_str() == word)
    }
}

/// The description of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The cluster's name.
    pub cluster: String,
    /// Its ID.
    pub id: String,
    /// The release that it ran.
    pub version: String,
    /// The store.
    pub store: Store,
    /// The SHA-256 of the data.
    pub sum: String,
}

/// The secrets without which the data cannot be read, and the nodes not joined.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Secrets {
    token: String,
    agent_token: String,
    passwords: BTreeMap<String, String>,
}

/// A snapshot.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its description.
    pub description: Description,
    /// The token of servers.
    pub token: Token,
    /// The token of agents.
    pub agent_token: Token,
    /// The passwords of the nodes, by name.
    pub passwords: BTreeMap<String, Token>,
    /// The data.
    pub data: Vec<u8>,
}

/// The reason that a snapshot is none.
#[derive(Debug, thiserror::Error)]
#[error("{operation} the snapshot {}: {reason}", path.display())]
pub struct SnapshotError {
    operation: &'static str,
    path: PathBuf,
    reason: String,
}

impl Snapshot {
    /// Writes it whole, readable by its owner alone.
    ///
    /// # Errors
    /// It is not whole itself, or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), SnapshotError> {
        let failed = |reason: String| failed("writing", path, reason);
        self.check().map_err(failed)?;
        let bytes = self.archive().map_err(|error| failed(error.to_string()))?;
        let new = path.with_extension("new");
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            let mut options = fs::OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&new, path)
        });
        written.map_err(|error| {
            let _ = fs::remove_file(&new);
            failed(error.to_string())
        })
    }

    fn archive(&self) -> io::Result<Vec<u8>> {
        let text = |token: &Token| String::from_utf8_lossy(&token.file()).trim().to_owned();
        let secrets = Secrets {
            token: text(&self.token),
            agent_token: text(&self.agent_token),
            passwords: self.passwords.iter().map(|(node, it)| (node.clone(), text(it))).collect(),
        };
        let mut archive = tar::Builder::new(Vec::new());
        for (name, bytes) in [
            ("snapshot.json", &serde_json::to_vec_pretty(&self.description)?),
            ("secrets.json", &serde_json::to_vec_pretty(&secrets)?),
            ("data", &self.data),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            archive.append_data(&mut header, name, bytes.as_slice())?;
        }
        archive.into_inner()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or it is not whole.
    pub fn read(path: &Path) -> Result<Self, SnapshotError> {
        let failed = |reason: String| failed("reading", path, reason);
        let parts = parts(path).map_err(|error| failed(error.to_string()))?;
        let part = |name: &str| parts.get(name).ok_or_else(|| failed(format!("it has no {name}")));
        let wrong = |error: serde_json::Error| failed(error.to_string());
        let secrets: Secrets = serde_json::from_slice(part("secrets.json")?)
            .map_err(|_| failed("its secrets cannot be read".to_owned()))?;
        let snapshot = Self {
            description: serde_json::from_slice(part("snapshot.json")?).map_err(wrong)?,
            token: Token::new(&secrets.token),
            agent_token: Token::new(&secrets.agent_token),
            passwords: secrets
                .passwords
                .iter()
                .map(|(node, it)| (node.clone(), Token::new(it)))
                .collect(),
            data: part("data")?.clone(),
        };
        snapshot.check().map_err(failed)?;
        Ok(snapshot)
    }

    /// Checks that the data is whole: as it was sent, and as its store writes it.
    fn check(&self) -> Result<(), String> {
        let Description { store, sum, .. } = &self.description;
        let found = hex(&Sha256::digest(&self.data));
        if found != *sum {
            return Err(format!("the SHA-256 of its data is {found} and should be {sum}"));
        }
        match store {
            Store::Etcd => {
                let end = self.data.len().checked_sub(SUM_BYTES).filter(|end| end % SECTOR == 0);
                let (data, own) = end.map(|end| self.data.split_at(end)).unwrap_or_default();
                if data.is_empty() || Sha256::digest(data).as_slice() != own {
                    return Err("its data does not have the sum that etcd puts after it".to_owned());
                }
            }
            Store::Sqlite => {
                let mut entries = tar::Archive::new(self.data.as_slice());
                let entries = entries.entries().map_err(|error| error.to_string())?;
                let mut database = entries
                    .filter_map(Result::ok)
                    .find(|entry| entry.path().is_ok_and(|path| path.ends_with("db/state.db")));
                let mut head = [0; 16];
                let read = database.as_mut().map(|entry| entry.read_exact(&mut head));
                if !matches!(read, Some(Ok(()))) || &head != b"SQLite format 3\0" {
                    return Err("its data has no database of SQLite".to_owned());
                }
            }
        }
        Ok(())
    }
}

/// The entries of the file by name.
fn parts(path: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut parts = BTreeMap::new();
    for entry in tar::Archive::new(fs::File::open(path)?).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let limit = if name == "data" { u64::MAX } else { LARGEST_TEXT };
        let mut bytes = Vec::new();
        entry.by_ref().take(limit).read_to_end(&mut bytes)?;
        parts.insert(name, bytes);
    }
    Ok(parts)
}

fn failed(operation: &'static str, path: &Path, reason: String) -> SnapshotError {
    SnapshotError { operation, path: path.to_owned(), reason }
}
