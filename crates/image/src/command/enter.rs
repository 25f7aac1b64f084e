//! `enter`, which `run` starts as root: the second stage of a process with a root of its own. Not for people.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use skyward_image::run::{Entered, enter};

/// The command's name.
pub(crate) const NAME: &str = "enter";

/// The second stage of `run`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder that becomes the root
    #[arg(long)]
    root: PathBuf,
    /// The working folder within it
    #[arg(long)]
    folder: PathBuf,
    /// The user id
    #[arg(long)]
    user: u32,
    /// The group id
    #[arg(long)]
    group: u32,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Becomes the program; returns only when that fails.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let Args { root, folder, user, group, command } = args;
    match enter(&Entered { root, folder, user, group, command })? {}
}
