//! `cluster`: the machines that Kubernetes runs on.

pub(crate) mod down;
pub(crate) mod image;
pub(crate) mod status;
pub(crate) mod up;
pub(crate) mod upgrade;

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use skyward_deployer::event::{self, Event};
use skyward_k3s::connection::HostKeys;
use skyward_k3s::{Finding, MachineState, Reporter};
use skyward_terminal::Exit;
use skyward_terminal::event::{self as terminal, Severity};

use crate::common::Common;

/// What can be done with a cluster.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
}

/// What is done about host keys that are not known.
#[derive(clap::Args, Default)]
pub(crate) struct KeyArgs {
    /// Accept and write down the keys of machines that ssh does not know yet; one that has changed is refused still
    #[arg(long, global = true)]
    accept_new: bool,
}

impl KeyArgs {
    pub(crate) fn host_keys(&self) -> HostKeys {
        if self.accept_new { HostKeys::AcceptNew } else { HostKeys::Known }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Install k3s on the configured machines, or on this one, until every node is ready; run again, it goes on or changes nothing
    Up(up::Args),
    /// Add the machines that the configuration lists and the cluster lacks
    Join(up::Args),
    Status(status::Args),
    Upgrade(upgrade::Args),
    Down(down::Args),
    /// Images on the nodes
    Image {
        #[command(subcommand)]
        command: image::Command,
    },
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let keys = args.keys.host_keys();
    match &args.command {
        Command::Up(given) => up::run(common, given, keys, false).await,
        Command::Join(given) => up::run(common, given, keys, true).await,
        Command::Status(given) => status::run(common, given, keys).await,
        Command::Upgrade(given) => upgrade::run(common, given, keys).await,
        Command::Down(given) => down::run(common, given, keys).await,
        Command::Image { command } => image::run(common, command, keys).await,
    }
}

/// What hears of all machines.
pub(crate) fn reporter(common: &Common) -> Reporter {
    let shown = common.events();
    Reporter::new(Box::new(move |event: skyward_k3s::Event| shown.emit(shared(event))))
}

/// Tells the end of a command.
fn finish(common: &Common, text: String) {
    common.events().emit(Event::finished(text));
}

/// An event of the cluster's machines, as all commands tell theirs.
fn shared(event: skyward_k3s::Event) -> Event {
    match event {
        skyward_k3s::Event::Note { text } => Event::note(text),
        skyward_k3s::Event::Waiting { on, state, remaining_s } => {
            event::waiting(on, state, Duration::from_secs(remaining_s))
        }
        skyward_k3s::Event::Ready { on, state, seconds } => {
            event::done(on, "wait", state, Duration::from_secs_f64(seconds))
        }
        skyward_k3s::Event::Finding(Finding { machine, blocks, text }) => {
            let severity = if blocks { Severity::Error } else { Severity::Note };
            Event::Finding(terminal::Finding { severity, object: machine, text, next: None })
        }
        skyward_k3s::Event::Machine { machine, state, text } => match state {
            MachineState::Planned => Event::planned(machine, text),
            MachineState::Done => Event::done(machine, text.as_str(), text.as_str()),
            MachineState::Failed => Event::Failed(terminal::Failed {
                object: machine,
                reason: text,
                ..terminal::Failed::default()
            }),
        },
    }
}
