//! `export`: the topology in another tool's format.

use std::process::ExitCode;

use crate::document::{EXAMPLE_ACCOUNT, topology};
use crate::export::{cloudformation, yaml};
use anyhow::Result;
use clap::ValueEnum;
use skyward_terminal::output;

use crate::args::Common;
use crate::workload::Workload;

/// Write the topology as a CloudFormation template
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The form of the template
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The form of the template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON
    #[default]
    Json,
    /// YAML
    Yaml,
}

/// Runs the command.
pub(crate) fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, workload) = (&loaded.config.aws, Workload::load(&loaded)?);
    if aws.account.is_none() {
        output::say(&format!(
            "note: no [aws] account is set: the buckets' names have {EXAMPLE_ACCOUNT} in them. Next step: --set aws.account=…"
        ));
    }
    let template = cloudformation(&topology(aws, &workload)?);
    match args.format {
        Format::Json => output::print(&format!("{template:#}\n"))?,
        Format::Yaml => output::print(&yaml(&template)?)?,
    }
    Ok(ExitCode::SUCCESS)
}
