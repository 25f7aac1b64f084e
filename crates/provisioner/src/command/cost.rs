//! `cost`: what it costs a month.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;
use skyward_provisioner::cost::{Saving, monthly, options};
use skyward_provisioner::document::{place, topology};

use crate::args::Common;
use crate::output::{Output, print};

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
        Output::Json => print(&format!("{:#}\n", json!({ "cost": cost, "options": options })))?,
        Output::Text => {
            let mut text = cost.text();
            text.push_str("\nEach of these by itself:\n");
            let width = options.iter().map(|difference| difference.option.chars().count()).max();
            for difference in &options {
                let (option, words) = (&difference.option, Saving::words(difference));
                writeln!(text, "{option:width$}  {words}", width = width.unwrap_or(0))?;
            }
            print(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
