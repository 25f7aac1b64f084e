//! `cluster …`: the commands on the cluster itself, for every program that has them.
//!
//! `deploy-k3s` takes them as a group of its own commands, and the program of this crate has nothing else. They are here so that both
//! read, tell and end alike.

mod data;
mod examples;
mod machine;
mod show;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Subcommand;
use skyward_config::Loaded;
use skyward_image::load::Pins;
use skyward_terminal::consent::{self, Answer};
use skyward_terminal::{Event, Exit, Output, output, program};

use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::down::{DownOutcome, down};
use super::image::{self, ImageArchive, LoadOutcome};
use super::release::Source;
use super::report::{Reporter, SharedSink};
use super::up::{UpOptions, UpOutcome, up};
use super::upgrade::{UpgradeOutcome, upgrade};

pub use examples::EXAMPLES;

/// The commands on a cluster.
#[derive(Debug, clap::Args)]
pub struct ClusterArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    keys: KeyArgs,
}

/// The treatment of unknown host keys, as a flag.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct KeyArgs {
    /// Accept and record the host keys of machines that ssh does not know yet. A key that has changed is still refused
    #[arg(long, global = true)]
    accept_new: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install k3s on the configured machines, or on this one, until every node is ready. Run it again to resume it, or to change nothing
    Up(UpArgs),
    /// Add the machines that the configuration lists and the cluster lacks
    Join(UpArgs),
    /// Show versions, roles, readiness and the end of certificates, and what is wrong with each machine, with the remedy
    Status {
        /// Exit with 3 where a node is not ready or runs another version than the configuration asks for, or another problem is found
        #[arg(long)]
        exit_code: bool,
    },
    /// Bring every machine to the configured version, servers first, one at a time: each is drained, upgraded and opened again
    Upgrade,
    /// Renew k3s's certificates that end within 120 days, one machine at a time, servers first
    Rotate {
        /// Renew them all
        #[arg(long)]
        all: bool,
    },
    /// Take one machine out: move its pods, delete its node, and remove what `up` made on it where it answers
    Remove(MachineArgs),
    /// Let a new machine take the place of one that is gone: delete the node of its name, then join the machine
    Replace(MachineArgs),
    /// Copy the cluster's data, with the tokens without which it cannot be read, into a file here. Prints its path
    Snapshot {
        /// The file [default: a new one below `~/.local/share/skyward/k3s`]
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Begin the cluster again from a snapshot, on machines that are in no cluster
    Restore {
        /// The file that `snapshot` wrote
        snapshot: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Remove what `up` made, and nothing else, also from the kubeconfig
    Down {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Images on the nodes
    Image {
        #[command(subcommand)]
        command: ImageCommand,
    },
}

#[derive(Debug, Default, clap::Args)]
struct UpArgs {
    /// Inspect the machines and show the plan, but change nothing on them
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct MachineArgs {
    /// The machine: its address, its name in the configuration, or its node
    machine: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Subcommand)]
enum ImageCommand {
    /// Load an image into every node, for clusters without a registry. Prints its references by digest
    Load {
        /// The archive [default: the one that `cargo xtask image build` writes]
        archive: Option<PathBuf>,
    },
}

/// The surroundings of a command.
pub struct Context<'a> {
    /// The configuration.
    pub loaded: &'a Loaded,
    /// The kubeconfig that gets the context of the cluster.
    pub kubeconfig: PathBuf,
    /// The form of results.
    pub output: Output,
    /// The sink of all events.
    pub sink: SharedSink,
}

impl KeyArgs {
    /// The treatment that the flag asks for.
    pub fn host_keys(self) -> HostKeys {
        if self.accept_new { HostKeys::AcceptNew } else { HostKeys::Known }
    }
}

impl ClusterArgs {
    /// Returns true where the result is a document of its own: events are then no part of standard output.
    pub fn prints_a_document(&self) -> bool {
        matches!(self.command, Command::Status { .. })
    }

    /// Runs the command.
    ///
    /// # Errors
    /// It failed.
    pub async fn run(&self, context: &Context<'_>) -> Result<Exit> {
        let keys = self.keys.host_keys();
        match &self.command {
            Command::Up(args) => set_up(context, keys, false, args.dry_run).await?,
            Command::Join(args) => set_up(context, keys, true, args.dry_run).await?,
            Command::Status { exit_code } => return show::show(context, keys, *exit_code).await,
            Command::Upgrade => bring_up_to_date(context, keys).await?,
            Command::Rotate { all } => data::renew(context, keys, *all).await?,
            Command::Remove(args) => machine::take_out(context, keys, args).await?,
            Command::Replace(args) => machine::put_in(context, keys, args).await?,
            Command::Snapshot { to } => data::take(context, keys, to.as_deref()).await?,
            Command::Restore { snapshot, yes } => {
                data::begin_again(context, keys, snapshot, *yes).await?;
            }
            Command::Down { yes } => take_down(context, keys, *yes).await?,
            Command::Image { command: ImageCommand::Load { archive } } => {
                load(context, keys, archive.as_deref()).await?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Context<'_> {
    fn reporter(&self) -> Reporter {
        Reporter::new(Arc::clone(&self.sink))
    }

    fn finish(&self, text: impl Into<String>) {
        self.sink.emit(Event::finished(text));
    }
}

/// Sets the cluster up, or with `join` extends one that exists, and tells the name of its context.
///
/// # Errors
/// It failed.
pub async fn set_up(
    context: &Context<'_>,
    keys: HostKeys,
    join: bool,
    plan_only: bool,
) -> Result<()> {
    let cluster = Cluster::read(context.loaded)?;
    let source = Source::new(context.loaded, &cluster.version);
    let report = context.reporter();
    let options = UpOptions { keys, kubeconfig: &context.kubeconfig, join, plan_only };
    let outcome = up(&cluster, &source, options, &report).await?;
    let steps = outcome.steps;
    if !plan_only && steps > 0 && context.loaded.config.k3s.context.is_none() {
        report.note(format!(
            "`{}` finds the cluster by its name; for `{}` and others set k3s.context = {:?}",
            program::command("deploy-k3s"),
            program::command("up"),
            cluster.context
        ));
    }
    context.finish(match (plan_only, steps) {
        (true, 0) => "Nothing to do.".to_owned(),
        (true, 1) => "1 step to do; nothing was changed.".to_owned(),
        (true, _) => format!("{steps} steps to do; nothing was changed."),
        (false, _) => has_nodes(&cluster, &outcome),
    });
    Ok(())
}

/// The nodes of a cluster that was set up or extended, in a sentence.
fn has_nodes(cluster: &Cluster, outcome: &UpOutcome) -> String {
    let (name, away) = (&cluster.name, silent(&outcome.away));
    let nodes = match outcome.nodes {
        1 => "1 node, ready".to_owned(),
        many => format!("{many} nodes, all ready"),
    };
    match outcome.steps {
        0 => format!("Nothing to do: cluster {name} has {nodes}{away}."),
        _ => format!("Cluster {name} has {nodes}{away}."),
    }
}

/// The end of a sentence about machines that do not answer, on which nothing was done.
fn silent(away: &[String]) -> String {
    match away {
        [] => String::new(),
        [one] => format!("; {one} does not answer, and nothing was done on it"),
        many => format!("; {} do not answer, and nothing was done on them", many.join(", ")),
    }
}

async fn bring_up_to_date(context: &Context<'_>, keys: HostKeys) -> Result<()> {
    let cluster = Cluster::read(context.loaded)?;
    let source = Source::new(context.loaded, &cluster.version);
    let version = &cluster.version;
    let UpgradeOutcome { machines, away } =
        upgrade(&cluster, &source, keys, &context.reporter()).await?;
    let (all, away) = (if away.is_empty() { "all" } else { "those that answer" }, silent(&away));
    context.finish(match machines {
        0 if away.is_empty() => format!("Nothing to do: every machine runs {version}."),
        0 => format!("Nothing to do: every machine that answers runs {version}{away}."),
        1 => format!("1 machine was upgraded; {all} run {version}{away}."),
        many => format!("{many} machines were upgraded; {all} run {version}{away}."),
    });
    Ok(())
}

async fn take_down(context: &Context<'_>, keys: HostKeys, yes: bool) -> Result<()> {
    let cluster = Cluster::read(context.loaded)?;
    let name = &cluster.name;
    let machines: Vec<String> = cluster.machines.iter().map(Machine::label).collect();
    let question = format!(
        "This ends cluster {name} on {}, with everything that runs and is stored in it.",
        machines.join(", ")
    );
    consent::ask(&format!("taking cluster {name} down"), &question, Answer::Name(name), yes)?;
    let report = context.reporter();
    let kubeconfig = &context.kubeconfig;
    let DownOutcome { machines, context: had_context } =
        down(&cluster, keys, kubeconfig, &report).await?;
    if had_context {
        report.note(format!(
            "{} has no context {} any more",
            kubeconfig.display(),
            cluster.context
        ));
    }
    context.finish(match machines {
        0 => "Nothing to do: no machine has anything of it.".to_owned(),
        1 => format!("Cluster {name} is gone from its machine."),
        _ => format!("Cluster {name} is gone from {machines} machines."),
    });
    Ok(())
}

async fn load(context: &Context<'_>, keys: HostKeys, archive: Option<&Path>) -> Result<()> {
    let built = built_archive(context.loaded);
    let archive = ImageArchive::read(archive.unwrap_or(&built))?;
    let cluster = Cluster::read(context.loaded)?;
    let config = &context.loaded.config;
    let pins = Pins::of_release(&config.k3s.namespace, &config.service.name);
    let LoadOutcome { sent, nodes, away } =
        image::load(&cluster, &archive, &pins, keys, &context.reporter()).await?;
    let away = silent(&away);
    context.finish(match sent {
        0 if away.is_empty() => "Nothing to do: every node has the image.".to_owned(),
        0 => format!("Nothing to do: every node that answers has the image{away}."),
        _ if away.is_empty() => format!("{sent} of {nodes} nodes got the image; all have it."),
        _ => format!("{sent} of {nodes} nodes that answer got the image; these have it{away}."),
    });
    if context.output == Output::Text {
        output::line(&archive.references().join("\n"))?;
    }
    Ok(())
}

/// The archive that `cargo xtask image build` writes.
pub fn built_archive(loaded: &Loaded) -> PathBuf {
    let image = &loaded.config.image;
    loaded.root.join(&image.output).join(format!("{}.tar", loaded.config.service.name))
}
