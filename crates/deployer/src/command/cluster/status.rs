//! `cluster status`.

use std::fmt::Write as _;

use anyhow::Result;
use skyward_config::Role;
use skyward_k3s::Cluster;
use skyward_k3s::connection::HostKeys;
use skyward_k3s::status::{ClusterStatus, status};
use skyward_terminal::style::Stream;
use skyward_terminal::{Exit, Output, Table, output, text};

use crate::common::Common;

/// Show versions, roles, readiness and certificate dates
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit with 3 where a node is not ready or runs another release than the configuration says
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args, keys: HostKeys) -> Result<Exit> {
    let loaded = common.load()?;
    let report = status(&Cluster::read(&loaded)?, keys).await;
    match common.output {
        Output::Json => output::document(&report)?,
        Output::Text => output::print(&shown(&report))?,
    }
    Ok(if args.exit_code && !report.healthy { Exit::Differences } else { Exit::Done })
}

fn shown(report: &ClusterStatus) -> String {
    let head = ["machine", "role", "node", "version", "certificates end", "state"];
    let mut table = Table::new(head).wrap(5).shorten(2).shorten(0);
    for machine in &report.machines {
        let role = match machine.role {
            Role::Server => "server",
            Role::Agent => "agent",
        };
        let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let ends = machine.certificates_end.as_deref().and_then(|end| end.split('T').next());
        table.row([
            machine.machine.clone(),
            role.to_owned(),
            or_none(&machine.node),
            or_none(&machine.version),
            ends.unwrap_or("-").to_owned(),
            text::one_line(&machine.state),
        ]);
    }
    let mut shown = format!("cluster  {}\nrelease  {}\n\n", report.cluster, report.wanted);
    shown += &table.for_stream(Stream::Out);
    for node in &report.others {
        let node = text::one_line(node);
        let _ = writeln!(shown, "\nnode {node} is not on a machine of the configuration");
    }
    shown
}
