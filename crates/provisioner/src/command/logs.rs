//! `logs`: what an instance has said.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;
use skyward_terminal::{output, text};

use crate::args::Common;
use crate::command::Present;
use crate::console;
use crate::versions;

/// Show the console of an instance, or of each of them
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The instance, such as i-0123456789abcdef0
    instance: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let stack = Present::open(common, console::notes).await?;
    let api = stack.api();
    let context = stack.context(common, &api);
    let all = versions::logs(&context, args.instance.as_deref()).await?;
    if console::is_json(common) {
        let one = |(id, console): &(String, String)| json!({ "instance": id, "console": console });
        output::document(&all.iter().map(one).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    for (id, console) in &all {
        for line in console.lines() {
            let line = text::harmless(line);
            let line = if all.len() > 1 { format!("{id} {line}") } else { line };
            output::line(&line)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
