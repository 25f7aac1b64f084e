//! `cluster up` and `cluster join`.

use std::process::ExitCode;

use anyhow::Result;
use skyward_config::Loaded;
use skyward_deployer::event::Event;
use skyward_deployer::fleet::connection::HostKeys;
use skyward_deployer::fleet::machine::Fleet;
use skyward_deployer::fleet::release::Source;
use skyward_deployer::fleet::up::{Raised, Way, up};

use super::reporter;
use crate::cli::Common;

/// How it goes about it.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Look at the machines and show the plan; change nothing on them
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Runs the command.
pub(crate) async fn run(
    common: &Common,
    args: &Args,
    keys: HostKeys,
    join: bool,
) -> Result<ExitCode> {
    let loaded = common.load()?;
    raise(common, &loaded, args, keys, join).await?;
    Ok(ExitCode::SUCCESS)
}

/// Sets the cluster up, and says what its context is.
pub(crate) async fn raise(
    common: &Common,
    loaded: &Loaded,
    args: &Args,
    keys: HostKeys,
    join: bool,
) -> Result<()> {
    let fleet = Fleet::read(loaded)?;
    let source = Source::new(loaded, &fleet.version);
    let kubeconfig = common.kubeconfig_file(loaded);
    let report = reporter(common);
    let way = Way { keys, kubeconfig: &kubeconfig, join, plan_only: args.dry_run };
    let raised = up(&fleet, &source, way, &report).await?;
    if !args.dry_run && raised.steps > 0 && loaded.config.k3s.context.is_none() {
        report.note(format!(
            "`cargo xtask deploy-k3s` finds the cluster by its name; for `cargo xtask up` and others set k3s.context = {:?}",
            fleet.context
        ));
    }
    let nodes = match raised.nodes {
        1 => "1 node, ready".to_owned(),
        many => format!("{many} nodes, all ready"),
    };
    let text = match raised {
        Raised { steps: 0, .. } if args.dry_run => "Nothing to do.".to_owned(),
        Raised { steps, .. } if args.dry_run => {
            format!("{steps} steps to do; nothing was changed.")
        }
        Raised { steps: 0, .. } => format!("Nothing to do: cluster {} has {nodes}.", fleet.cluster),
        Raised { .. } => format!("Cluster {} has {nodes}.", fleet.cluster),
    };
    report.emit(Event::Finished { revision: None, text, address: None });
    Ok(())
}
