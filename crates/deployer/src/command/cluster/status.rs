//! `cluster status`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use skyward_config::Role;
use skyward_k3s::Cluster;
use skyward_k3s::connection::HostKeys;
use skyward_k3s::status::{ClusterStatus, status};

use crate::common::Common;
use crate::output::{Output, columns};

/// Show versions, roles, readiness and certificate dates
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit with 3 where a node is not ready or runs another release than the configuration says
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args, keys: HostKeys) -> Result<ExitCode> {
    let loaded = common.load()?;
    let report = status(&Cluster::read(&loaded)?, keys).await;
    match common.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
        // What a machine says may hold anything; nothing in it commands the terminal.
        Output::Text => print!(
            "{}",
            text(&report).replace(|letter: char| letter.is_control() && letter != '\n', "\u{fffd}")
        ),
    }
    Ok(if args.exit_code && !report.healthy { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

fn text(report: &ClusterStatus) -> String {
    let head = ["machine", "role", "node", "version", "certificates end", "state"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(report.machines.iter().map(|machine| {
        let role = match machine.role {
            Role::Server => "server",
            Role::Agent => "agent",
        };
        let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let ends = machine.certificates_end.as_deref().and_then(|end| end.split('T').next());
        [
            machine.machine.clone(),
            role.to_owned(),
            or_none(&machine.node),
            or_none(&machine.version),
            ends.unwrap_or("-").to_owned(),
            machine.state.replace(char::is_control, " "),
        ]
    }));
    let mut text = format!("cluster  {}\nrelease  {}\n\n", report.cluster, report.wanted);
    text += &columns(&rows);
    for node in &report.others {
        let _ = writeln!(text, "\nnode {node} is on no machine of the configuration");
    }
    text
}
