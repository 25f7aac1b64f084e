//! `cluster down`.

use std::fmt::Write as _;

use anyhow::Result;
use skyward_k3s::connection::HostKeys;
use skyward_k3s::down::{DownOutcome, down};
use skyward_k3s::{Cluster, Machine};
use skyward_terminal::Exit;
use skyward_terminal::consent::{self, Answer};

use super::{finish, reporter};
use crate::common::Common;

/// Remove what `up` made, and nothing else, also from the kubeconfig
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args, keys: HostKeys) -> Result<Exit> {
    let loaded = common.load()?;
    let cluster = Cluster::read(&loaded)?;
    let machines: Vec<String> = cluster.machines.iter().map(Machine::label).collect();
    let question = format!(
        "This ends cluster {} on {}, with everything that runs and is stored in it.",
        cluster.name,
        machines.join(", ")
    );
    let operation = format!("take cluster {} down", cluster.name);
    consent::ask(&operation, &question, Answer::Name(&cluster.name), args.yes)?;
    let report = reporter(common);
    let kubeconfig = common.kubeconfig_file(&loaded);
    let DownOutcome { machines, context } = down(&cluster, keys, &kubeconfig, &report).await?;
    let mut text = match machines {
        0 => "Nothing to do: no machine has anything of it.".to_owned(),
        1 => format!("Cluster {} is gone from its machine.", cluster.name),
        _ => format!("Cluster {} is gone from {machines} machines.", cluster.name),
    };
    if context {
        let _ = write!(text, " Context {} is out of {}.", cluster.context, kubeconfig.display());
    }
    finish(common, text);
    Ok(Exit::Done)
}
