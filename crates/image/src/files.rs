//! `image.files`: what is in the image beside the binary, read from this machine before anything is compiled.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use skyward_config::{Config, Loaded};

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
    Ok(files.found)
}

/// Refuses what cannot be in one image, and commands that could not be started in it.
pub(crate) fn check(config: &Config, files: &BTreeMap<String, Content>) -> Result<()> {
    refuse_file_above_file(files)?;
    check_programs(config, files)
}

/// A path cannot be a file and a folder.
fn refuse_file_above_file(files: &BTreeMap<String, Content>) -> Result<()> {
    for path in files.keys() {
        let above = path.match_indices('/').map(|(end, _)| &path[..end]);
        if let Some(file) = above.into_iter().find(|above| files.contains_key(*above)) {
            bail!(
                "image.files makes /{file} a file, and a folder with /{path} in it. Next step: give one of them another path"
            );
        }
    }
    Ok(())
}

/// Refuses commands that name a file which is not there or cannot be executed: the image's own, and those of jobs and workers that run
/// from a folder of `image.files`. The rest is known from the configuration alone.
fn check_programs(config: &Config, files: &BTreeMap<String, Content>) -> Result<()> {
    let entrypoint = [("image.entrypoint".to_owned(), &config.image.entrypoint)];
    let jobs = config.k3s.job.iter();
    let jobs = jobs.map(|job| (format!("the command of k3s.job {}", job.name), &job.command));
    let workers = config.k3s.worker.iter();
    let workers = workers.map(|it| (format!("the command of k3s.worker {}", it.name), &it.command));
    for (what, command) in entrypoint.into_iter().chain(jobs).chain(workers) {
        let Some(program) = command.first() else { continue };
        let is_below = |inside: &String| Path::new(program).starts_with(inside);
        if !config.image.files.values().any(is_below) {
            continue;
        }
        match files.get(program.trim_start_matches('/')) {
            Some(file) if file.is_executable => {}
            Some(_) => bail!(
                "{what} is {program}, which may not be executed. Next step: chmod +x the file that image.files names"
            ),
            None => bail!(
                "{what} is {program}, which none of image.files is. Next step: correct the path, or add the file"
            ),
        }
    }
    Ok(())
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
}
