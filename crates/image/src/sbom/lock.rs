//! The checksums in `Cargo.lock`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// SHA-256 of the packages' archives, for those from a registry.
#[derive(Clone, Debug, Default)]
pub struct Checksums(HashMap<(String, String, String), String>);

impl Checksums {
    /// Reads `Cargo.lock` in the workspace's folder.
    pub fn read(workspace: &Path) -> Result<Self> {
        let path = workspace.join("Cargo.lock");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lock: Lock = toml::from_str(&text)
            .with_context(|| format!("cannot understand {}", path.display()))?;
        let known = lock.package.into_iter().filter_map(|package| {
            Some(((package.name, package.version, package.source?), package.checksum?))
        });
        Ok(Self(known.collect()))
    }

    pub(super) fn of(&self, name: &str, version: &str, source: &str) -> Option<&str> {
        self.0.get(&(name.to_owned(), version.to_owned(), source.to_owned())).map(String::as_str)
    }
}
