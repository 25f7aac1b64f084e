//! The programs that `up` starts: this one, with the words that lead to each command.

use std::process::Command;

use anyhow::{Context, Result};

use crate::up::Programs;

/// This executable.
pub(crate) struct Installed;

impl Installed {
    fn task(task: &str) -> Result<Command> {
        let this = std::env::current_exe().context("finding the program that runs")?;
        let mut command = Command::new(this);
        command.arg(task);
        Ok(command)
    }
}

impl Programs for Installed {
    fn config(&self) -> Result<Command> {
        Self::task("config")
    }

    fn image(&self) -> Result<Command> {
        Self::task("image")
    }

    fn deployer(&self) -> Result<Command> {
        Self::task("deploy-k3s")
    }

    fn provisioner(&self) -> Result<Command> {
        Self::task("provision-aws")
    }
}
