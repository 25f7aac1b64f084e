//! `cluster upgrade`.

use std::process::ExitCode;

use anyhow::Result;
use skyward_deployer::event::Event;
use skyward_deployer::fleet::connection::HostKeys;
use skyward_deployer::fleet::machine::Fleet;
use skyward_deployer::fleet::release::Source;
use skyward_deployer::fleet::upgrade::upgrade;

use super::reporter;
use crate::cli::Common;

/// Bring each machine to the configured release: servers one at a time, then agents; each is drained, renewed, uncordoned
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) async fn run(common: &Common, _: &Args, keys: HostKeys) -> Result<ExitCode> {
    let loaded = common.load()?;
    let fleet = Fleet::read(&loaded)?;
    let source = Source::new(&loaded, &fleet.version);
    let report = reporter(common);
    let text = match upgrade(&fleet, &source, keys, &report).await? {
        0 => format!("Nothing to do: every machine runs {}.", fleet.version),
        1 => format!("1 machine was upgraded; all run {}.", fleet.version),
        many => format!("{many} machines were upgraded; all run {}.", fleet.version),
    };
    report.emit(Event::Finished { revision: None, text, address: None });
    Ok(ExitCode::SUCCESS)
}
