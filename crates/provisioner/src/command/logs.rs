//! `logs`: what an instance has said.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;
use skyward_terminal::{output, text};

use crate::account::Account;
use crate::args::Common;
use crate::command::context;
use crate::console::{self, Shown};
use crate::versions;
use crate::workload::Workload;

/// Show the console of an instance, or of each of them
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The instance, such as i-0123456789abcdef0
    instance: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, workload) = (&loaded.config.aws, Workload::to_look(&loaded, common.simulate)?);
    let sink = console::notes(common);
    let account = Account::with_stack(common, aws, &workload).await?;
    account.announce(common, &*sink, "an account in which `apply` has run");
    let api = Shown { api: &*account.api, sink: &*sink };
    let context = context(common, &api, aws, &workload, &*sink);
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
