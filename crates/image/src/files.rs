//! `image.files`: what is in the image beside the binary, read from this machine before anything is compiled.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use skyward_config::Loaded;

use crate::pack::Content;
use crate::permissions;

/// The most that all of them may hold together: the image is packed in memory.
const MOST: u64 = 512 * 1024 * 1024;

/// Reads the files and folders of the configuration. The result's keys are paths in the image without the first `/`.
pub(crate) fn read(loaded: &Loaded) -> Result<BTreeMap<String, Content>> {
    let mut files = Files { found: BTreeMap::new(), left: MOST };
    for (here, inside) in &loaded.config.image.files {
        files.add(&loaded.root.join(here), inside.trim_start_matches('/')).with_context(|| {
            format!(
                "image.files.{here:?} cannot be put into the image. Next step: correct the path, which is relative to {}, \
                 or make it a file or folder that you may read",
                loaded.root.display()
            )
        })?;
    }
    files.refuse_file_above_file()?;
    Ok(files.found)
}

struct Files {
    found: BTreeMap<String, Content>,
    /// Bytes that may still come.
    left: u64,
}

impl Files {
    fn add(&mut self, here: &Path, inside: &str) -> Result<()> {
        let metadata = fs::metadata(here).with_context(|| here.display().to_string())?;
        if metadata.is_dir() {
            self.add_folder(here, inside)
        } else {
            self.add_file(here, inside, &metadata)
        }
    }

    /// A link to a folder is refused within one: it may lead back to where it is.
    fn add_folder(&mut self, here: &Path, inside: &str) -> Result<()> {
        let entries = fs::read_dir(here).with_context(|| here.display().to_string())?;
        for entry in entries {
            let entry = entry.with_context(|| here.display().to_string())?;
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str() else {
                bail!("the name of {} is not UTF-8", path.display());
            };
            if path.is_symlink() && path.is_dir() {
                bail!(
                    "{} is a symbolic link to a folder, which would not be one in the image",
                    path.display()
                );
            }
            self.add(&path, &format!("{inside}/{name}"))?;
        }
        Ok(())
    }

    fn add_file(&mut self, here: &Path, inside: &str, metadata: &Metadata) -> Result<()> {
        let bytes = permissions::read(here, self.left)
            .map_err(|reason| anyhow::anyhow!("{}: {reason}", here.display()))?;
        self.left -= bytes.len() as u64;
        let is_executable = metadata.permissions().mode() & 0o111 != 0;
        if self.found.insert(inside.to_owned(), Content { bytes, is_executable }).is_some() {
            bail!("/{inside} comes from two places: {} is the second", here.display());
        }
        Ok(())
    }

    /// A path cannot be a file and a folder.
    fn refuse_file_above_file(&self) -> Result<()> {
        for path in self.found.keys() {
            let above = path.match_indices('/').map(|(end, _)| &path[..end]);
            if let Some(file) = above.into_iter().find(|above| self.found.contains_key(*above)) {
                bail!(
                    "image.files makes /{file} a file, and a folder with /{path} in it. Next step: give one of them another path"
                );
            }
        }
        Ok(())
    }
}
