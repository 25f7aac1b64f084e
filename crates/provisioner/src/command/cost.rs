//! `cost`: what it costs a month.

use std::process::ExitCode;

use crate::cost::{monthly, options};
use crate::document::{place, topology};
use crate::present::Form;
use anyhow::Result;
use serde_json::json;
use skyward_terminal::{Output, Stream, Table, output};

use crate::args::Common;

/// Estimate what the topology costs a month, and what other options would make of it
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(common: &Common, _: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let aws = &loaded.config.aws;
    // What the instances run has no price.
    let cost = monthly(&topology(aws, "")?, &aws.region);
    let options = options(aws, &place(aws))?;
    match common.output {
        Output::Json => output::document(&json!({ "cost": cost, "options": options }))?,
        Output::Text => {
            let form = Form::of(Stream::Out);
            let mut table = Table::new(["", ""]);
            for one in &options {
                table.row([one.option.clone(), one.words()]);
            }
            let options = table.fitted(form.columns, form.color);
            let cost = cost.text(form.columns, form.color);
            output::print(&format!("{cost}\nEach of these by itself:\n{options}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
