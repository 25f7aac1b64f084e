//! The table of `status`.

use anyhow::Result;
use skyward_config::Role;
use skyward_terminal::event::Finding;
use skyward_terminal::{Exit, Output, Severity, Stream, Table, output};

use super::Context;
use crate::cluster::Cluster;
use crate::connection::HostKeys;
use crate::status::{ClusterStatus, status};

pub(super) async fn show(context: &Context<'_>, keys: HostKeys, exit_code: bool) -> Result<Exit> {
    let cluster = Cluster::read(context.loaded)?;
    let status = status(&cluster, keys, &context.reporter()).await;
    match context.output {
        Output::Json => output::document(&status)?,
        Output::Text => output::print(&text(&status))?,
    }
    Ok(if exit_code && !status.healthy { Exit::Differences } else { Exit::Done })
}

fn text(status: &ClusterStatus) -> String {
    let titles = ["machine", "role", "node", "version", "valid until", "state"];
    // The state is what one looks for: it is broken over lines, but never cut.
    let mut table = Table::new(titles).wrap(5).shorten(0).shorten(2);
    for machine in &status.machines {
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
            machine.state.clone(),
        ]);
    }
    table.below("cluster", &status.cluster);
    table.below("wanted", &status.wanted);
    if let Some(quorum) = status.quorum {
        table.below("servers", quorum.to_string());
    }
    for node in &status.others {
        table.below("extra node", format!("{node}, which no machine of the configuration has"));
    }
    for Finding { severity, object, text, next } in &status.findings {
        let weight = if *severity == Severity::Error { "PROBLEM" } else { "warning" };
        table.below(object.as_str(), format!("{weight}: {text}"));
        if let Some(next) = next {
            table.below("", format!("Next step: {next}"));
        }
    }
    table.for_stream(Stream::Out)
}
