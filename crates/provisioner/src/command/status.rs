//! `status`: what there is.

use std::process::ExitCode;

use anyhow::Result;
use skyward_provisioner::run;

use crate::account::Account;
use crate::args::{Common, user_data};
use crate::command::context;
use crate::output::{Output, json_line, tables};

/// Show what there is, in which state, and what it offers
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(common: &Common, _: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, script) = (&loaded.config.aws, user_data(&loaded)?);
    let sink = Output::notices();
    let account = Account::with_stack(common, aws, &script).await?;
    account.announce(common, &*sink, "an account in which `apply` has run");
    let status = run::status(&context(common, &account, aws, &script, &*sink)).await?;
    match common.output {
        Output::Json => json_line(&status),
        Output::Text => print!("{}", tables::status(&status)),
    }
    Ok(ExitCode::SUCCESS)
}
