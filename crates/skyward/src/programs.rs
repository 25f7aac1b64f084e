//! The programs that `up` starts: this one, with the word that leads to each command.

use std::process::Command;

use anyhow::{Context, Result};

use crate::up::Program;

/// Starts this executable.
pub(crate) fn installed(program: Program) -> Result<Command> {
    let this = std::env::current_exe().context("finding the program that runs")?;
    let mut command = Command::new(this);
    command.arg(match program {
        Program::Config => "config",
        Program::Image => "image",
        Program::Deployer => "deploy-k3s",
        Program::Provisioner => "provision-aws",
        Program::Dashboard => "dashboard",
    });
    Ok(command)
}
