//! `plan`: what would be done.

use std::process::ExitCode;

use anyhow::Result;
use skyward_provisioner::run;

use crate::account::Account;
use crate::args::{Common, user_data};
use crate::command::context;
use crate::output::{Output, json_line, tables};

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
    let (aws, script) = (&loaded.config.aws, user_data(&loaded)?);
    let sink = Output::notices();
    let account = Account::open(common, aws).await?;
    account.announce(common, &*sink, "the plan for an empty account");
    let plan = run::plan(&context(common, &account, aws, &script, &*sink)).await?;
    match common.output {
        Output::Json => json_line(&plan),
        Output::Text => print!("{}", tables::plan(&plan, false)),
    }
    Ok(if args.exit_code && !plan.is_empty() { ExitCode::from(3) } else { ExitCode::SUCCESS })
}
