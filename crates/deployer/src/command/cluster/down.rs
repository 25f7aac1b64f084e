//! `cluster down`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use skyward_deployer::event::Event;
use skyward_deployer::fleet::connection::HostKeys;
use skyward_deployer::fleet::down::{Lowered, down};
use skyward_deployer::fleet::machine::{Fleet, Machine};

use super::reporter;
use crate::cli::Common;
use crate::command::consent;

/// Remove what `up` made, and nothing else, also from the kubeconfig
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args, keys: HostKeys) -> Result<ExitCode> {
    let loaded = common.load()?;
    let fleet = Fleet::read(&loaded)?;
    if !args.yes {
        let machines: Vec<String> = fleet.machines.iter().map(Machine::label).collect();
        let what = format!(
            "This ends cluster {} on {}, with everything that runs and is stored in it.",
            fleet.cluster,
            machines.join(", ")
        );
        consent::name(&format!("taking cluster {} down", fleet.cluster), &what, &fleet.cluster)?;
    }
    let report = reporter(common);
    let kubeconfig = common.kubeconfig_file(&loaded);
    let Lowered { machines, context } = down(&fleet, keys, &kubeconfig, &report).await?;
    let mut text = match machines {
        0 => "Nothing to do: no machine has anything of it.".to_owned(),
        1 => format!("Cluster {} is gone from its machine.", fleet.cluster),
        _ => format!("Cluster {} is gone from {machines} machines.", fleet.cluster),
    };
    if context {
        let _ = write!(text, " Context {} is out of {}.", fleet.context, kubeconfig.display());
    }
    report.emit(Event::Finished { revision: None, text, address: None });
    Ok(ExitCode::SUCCESS)
}
