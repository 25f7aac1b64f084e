//! `plan`: what would be done.

use std::process::ExitCode;

use crate::present::{self, Form};
use crate::run;
use anyhow::Result;
use skyward_terminal::{Exit, Stream, output};

use crate::account::Account;
use crate::args::Common;
use crate::command::context;
use crate::console::{self, Shown};
use crate::workload::Workload;

/// Show what would be created, changed, replaced or deleted, what it costs and how long it takes
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit with 3 where there is something to do
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, workload) = (&loaded.config.aws, Workload::load(&loaded)?);
    let sink = console::notes(common);
    let account = Account::open(common, aws).await?;
    account.announce(common, &*sink, "the plan for an empty account");
    let api = Shown { api: &*account.api, sink: &*sink };
    let plan = run::plan(&context(common, &api, aws, &workload, &*sink)).await?;
    if console::is_json(common) {
        output::document(&plan)?;
    } else {
        output::print(&present::plan(&plan, Form::of(Stream::Out)))?;
    }
    Ok(if args.exit_code && !plan.is_empty() {
        Exit::Differences.into()
    } else {
        ExitCode::SUCCESS
    })
}
