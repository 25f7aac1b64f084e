//! `history`: the versions of what the instances run.

use std::process::ExitCode;

use anyhow::Result;
use skyward_terminal::{Table, output};

use crate::args::Common;
use crate::command::Present;
use crate::console;
use crate::versions;

/// Show the versions of what the instances run, and which of them ran
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(common: &Common, _: &Args) -> Result<ExitCode> {
    let stack = Present::open(common, console::notes).await?;
    let api = stack.api();
    let all = versions::history(&stack.context(common, &api)).await?;
    if console::is_json(common) {
        output::document(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(["version", "created", "release", "state"]);
    for one in &all {
        let release = one.release.as_deref().map_or("", |release| &release[..12]);
        let state = one.state.words();
        table.row([&one.version.to_string(), one.created.as_str(), release, state]);
    }
    output::print(&table.to_string())?;
    Ok(ExitCode::SUCCESS)
}
