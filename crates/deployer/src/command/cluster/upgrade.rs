//! `cluster upgrade`.

use anyhow::Result;
use skyward_k3s::Cluster;
use skyward_k3s::connection::HostKeys;
use skyward_k3s::release::Source;
use skyward_k3s::upgrade::upgrade;
use skyward_terminal::Exit;

use super::{finish, reporter};
use crate::common::Common;

/// Bring each machine to the configured release: servers one at a time, then agents; each is drained, renewed, uncordoned
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(common: &Common, _: &Args, keys: HostKeys) -> Result<Exit> {
    let loaded = common.load()?;
    let cluster = Cluster::read(&loaded)?;
    let source = Source::new(&loaded, &cluster.version);
    let report = reporter(common);
    let text = match upgrade(&cluster, &source, keys, &report).await? {
        0 => format!("Nothing to do: every machine runs {}.", cluster.version),
        1 => format!("1 machine was upgraded; all run {}.", cluster.version),
        many => format!("{many} machines were upgraded; all run {}.", cluster.version),
    };
    finish(common, text);
    Ok(Exit::Done)
}
