//! The file that a simulated account is kept in: one process has it at a time, and it is always whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// A state file, locked until it is dropped.
///
/// It is written aside and renamed, so that a crash leaves the old one. The lock goes along: it is taken on the new file before that
/// has the name.
pub(crate) struct StateFile {
    path: PathBuf,
    file: File,
}

impl StateFile {
    /// Opens a state file, or makes an empty one, with the text in it.
    ///
    /// # Errors
    /// Another process has it, or it cannot be read or written.
    pub(crate) fn open(path: &Path) -> Result<(Self, String)> {
        let what = || format!("opening the simulated account of {}", path.display());
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .with_context(what)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => bail!(
                    "{} is in use by another command. Next step: wait for that command, or name another file",
                    path.display()
                ),
                Err(TryLockError::Error(error)) => return Err(error).with_context(what),
            }
            if !is_at(&file, path) {
                // Another process has just replaced it.
                continue;
            }
            let mut text = String::new();
            file.read_to_string(&mut text).with_context(what)?;
            let mut state = Self { path: path.to_owned(), file };
            // What cannot be written is found before the command does anything.
            state
                .write(&text)
                .with_context(|| format!("writing the simulated account to {}", path.display()))?;
            return Ok((state, text));
        }
    }

    /// Replaces what is in the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        let mut aside = self.path.file_name().unwrap_or_default().to_owned();
        aside.push(".new");
        let aside = self.path.with_file_name(aside);
        let mut file = File::create(&aside)?;
        file.lock()?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&aside, &self.path)?;
        self.file = file;
        Ok(())
    }
}

/// Returns true where the path still leads to this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let place = |data: std::fs::Metadata| (data.dev(), data.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(one), Ok(other)) => place(one) == place(other),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_and_it_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("account.json");
        let (mut first, text) = StateFile::open(&path).expect("it is new");
        assert_eq!(text, "");
        for text in ["one", "two"] {
            first.write(text).expect("it is written");
            let error = StateFile::open(&path).map(drop).expect_err("it is in use");
            assert!(error.to_string().contains("another command"), "{error}");
        }
        drop(first);
        let (_second, text) = StateFile::open(&path).expect("it is free");
        assert_eq!(text, "two");
        let all: Vec<_> = std::fs::read_dir(&folder).expect("a folder").collect();
        assert_eq!(all.len(), 1, "nothing is left aside: {all:?}");
    }

    #[test]
    fn what_cannot_be_written_is_found_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("absent/account.json");
        let error = StateFile::open(&path).map(drop).expect_err("there is no folder");
        assert!(format!("{error:#}").contains("absent/account.json"), "{error:#}");
    }
}
