//! `history`: the versions of what the instances run.

use std::process::ExitCode;

use anyhow::Result;
use skyward_terminal::{Table, output};

use crate::account::Account;
use crate::args::Common;
use crate::command::context;
use crate::console::{self, Shown};
use crate::versions;
use crate::workload::Workload;

/// Show the versions of what the instances run, and which of them ran
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(common: &Common, _: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, workload) = (&loaded.config.aws, Workload::to_look(&loaded, common.simulate)?);
    let sink = console::notes(common);
    let account = Account::with_stack(common, aws, &workload).await?;
    account.announce(common, &*sink, "an account in which `apply` has run");
    let api = Shown { api: &*account.api, sink: &*sink };
    let all = versions::history(&context(common, &api, aws, &workload, &*sink)).await?;
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
