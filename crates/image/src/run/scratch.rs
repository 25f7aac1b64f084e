//! A private folder that is removed at the end, and by the next run where this one was killed.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::process::{Pid, test_kill_process};

const PREFIX: &str = ".run-";

/// A folder for one run. Removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes `parent/.run-PID`, and removes those of runs that are over.
    pub fn new(parent: &Path) -> Result<Self> {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot make folder {}", parent.display()))?;
        for entry in fs::read_dir(parent)?.flatten() {
            if is_left_over(&entry.file_name().to_string_lossy()) {
                // Another run may be removing it as well.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let path = parent.join(format!("{PREFIX}{}", std::process::id()));
        DirBuilder::new()
            .mode(0o755)
            .create(&path)
            .with_context(|| format!("cannot make folder {}", path.display()))?;
        Ok(Self { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("cannot remove {}: {error}", self.path.display());
        }
    }
}

fn is_left_over(name: &str) -> bool {
    let Some(pid) =
        name.strip_prefix(PREFIX).and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw)
    else {
        return false;
    };
    let ours = u32::try_from(pid.as_raw_nonzero().get()).is_ok_and(|pid| pid == std::process::id());
    ours || test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_runs_is_kept() {
        let parent = tempfile::tempdir().unwrap();
        // Numbers above Linux's largest process id are nobody's.
        let (over, running, other) = (".run-4194305", ".run-1", ".run-x");
        for name in [over, running, other] {
            fs::create_dir_all(parent.path().join(name).join("inner")).unwrap();
        }
        let scratch = Scratch::new(parent.path()).unwrap();
        let path = scratch.path().to_owned();
        assert!(path.is_dir() && !parent.path().join(over).exists());
        assert!(parent.path().join(running).exists() && parent.path().join(other).exists());
        drop(scratch);
        assert!(!path.exists());
    }
}
