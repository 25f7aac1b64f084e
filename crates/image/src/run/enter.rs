//! The second stage of `run` as root: makes the image's folder the root, and becomes the entry point.
//!
//! It is a process of its own because a folder can be made the root of a whole process only, and because what runs
//! between fork and exec would be unsafe code.

use std::convert::Infallible;
use std::os::unix::fs::chroot;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

/// What to enter, and what to become.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The folder that becomes the root.
    pub root: PathBuf,
    /// The working folder within it.
    pub folder: PathBuf,
    /// The user id.
    pub user: u32,
    /// The group id.
    pub group: u32,
    /// The program within the root, and its arguments.
    pub command: Vec<String>,
}

/// Replaces this process by the program. It returns only when that fails.
pub fn enter(entered: &Entered) -> Result<Infallible> {
    let (program, args) = entered.command.split_first().context("there is no program to run")?;
    chroot(&entered.root).with_context(|| {
        format!("cannot make {} the root; try --isolation none", entered.root.display())
    })?;
    std::env::set_current_dir(&entered.folder)
        .with_context(|| format!("cannot enter the image's folder {}", entered.folder.display()))?;
    // Setting the user as root drops all other groups as well (std, `CommandExt::uid`).
    let error = Command::new(program).args(args).gid(entered.group).uid(entered.user).exec();
    Err(error).with_context(|| format!("cannot run the image's program {program}"))
}
