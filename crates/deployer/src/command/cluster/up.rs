//! `cluster up` and `cluster join`.

use anyhow::Result;
use skyward_config::Loaded;
use skyward_k3s::Cluster;
use skyward_k3s::connection::HostKeys;
use skyward_k3s::release::Source;
use skyward_k3s::up::{UpOptions, UpOutcome, up};
use skyward_terminal::Exit;

use super::{finish, reporter};
use crate::common::Common;

/// How it goes about it.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Look at the machines and show the plan; change nothing on them
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args, keys: HostKeys, join: bool) -> Result<Exit> {
    let loaded = common.load()?;
    raise(common, &loaded, args, keys, join).await?;
    Ok(Exit::Done)
}

/// Sets the cluster up, and says what its context is.
pub(crate) async fn raise(
    common: &Common,
    loaded: &Loaded,
    args: &Args,
    keys: HostKeys,
    join: bool,
) -> Result<()> {
    let cluster = Cluster::read(loaded)?;
    let source = Source::new(loaded, &cluster.version);
    let kubeconfig = common.kubeconfig_file(loaded);
    let report = reporter(common);
    let options = UpOptions { keys, kubeconfig: &kubeconfig, join, plan_only: args.dry_run };
    let raised = up(&cluster, &source, options, &report).await?;
    if !args.dry_run && raised.steps > 0 && loaded.config.k3s.context.is_none() {
        report.note(format!(
            "`cargo xtask deploy-k3s` finds the cluster by its name; for `cargo xtask up` and others set k3s.context = {:?}",
            cluster.context
        ));
    }
    let nodes = match raised.nodes {
        1 => "1 node, ready".to_owned(),
        many => format!("{many} nodes, all ready"),
    };
    let text = match raised {
        UpOutcome { steps: 0, .. } if args.dry_run => "Nothing to do.".to_owned(),
        UpOutcome { steps, .. } if args.dry_run => {
            format!("{steps} steps to do; nothing was changed.")
        }
        UpOutcome { steps: 0, .. } => {
            format!("Nothing to do: cluster {} has {nodes}.", cluster.name)
        }
        UpOutcome { .. } => format!("Cluster {} has {nodes}.", cluster.name),
    };
    finish(common, text);
    Ok(())
}
