//! `status`: what there is.

use std::process::ExitCode;

use crate::present::{self, Form};
use crate::run;
use anyhow::Result;
use skyward_terminal::{Stream, output};

use crate::args::Common;
use crate::command::Present;
use crate::console;

/// Show what there is, in which state, and what it offers
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(common: &Common, _: &Args) -> Result<ExitCode> {
    let stack = Present::open(common, console::notes).await?;
    let api = stack.api();
    let status = run::status(&stack.context(common, &api)).await?;
    if console::is_json(common) {
        output::document(&status)?;
    } else {
        output::print(&present::status(&status, Form::of(Stream::Out)))?;
    }
    Ok(ExitCode::SUCCESS)
}
