//! `status`: what there is.

use std::process::ExitCode;

use crate::present::{self, Form};
use crate::run;
use anyhow::Result;
use skyward_terminal::{Stream, output};

use crate::account::Account;
use crate::args::Common;
use crate::command::context;
use crate::console::{self, Shown};
use crate::workload::Workload;

/// Show what there is, in which state, and what it offers
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
    let status = run::status(&context(common, &api, aws, &workload, &*sink)).await?;
    if console::is_json(common) {
        output::document(&status)?;
    } else {
        output::print(&present::status(&status, Form::of(Stream::Out)))?;
    }
    Ok(ExitCode::SUCCESS)
}
