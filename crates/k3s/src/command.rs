//! `cluster …`: the commands on the cluster itself, for every program that has them.
//!
//! `deploy-k3s` takes them as a group of its own commands, and the program of this crate has nothing else. They are here so that both
//! read, tell and end alike.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Subcommand;
use skyward_config::{Loaded, Role};
use skyward_image::load::Pins;
use skyward_terminal::consent::{self, Answer};
use skyward_terminal::{Event, Exit, Output, Stream, Table, output, program};

use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::down::{DownOutcome, down};
use super::image::{self, ImageArchive};
use super::release::Source;
use super::report::{Reporter, SharedSink};
use super::status::{ClusterStatus, status};
use super::up::{UpOptions, UpOutcome, up};
use super::upgrade::upgrade;

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
    /// Show versions, roles, readiness and the end of certificates
    Status {
        /// Exit with 3 where a node is not ready, or runs another version than the configuration asks for
        #[arg(long)]
        exit_code: bool,
    },
    /// Bring every machine to the configured version, servers first, one at a time: each is drained, upgraded and opened again
    Upgrade,
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
            Command::Status { exit_code } => return show(context, keys, *exit_code).await,
            Command::Upgrade => bring_up_to_date(context, keys).await?,
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
    let UpOutcome { steps, nodes } = up(&cluster, &source, options, &report).await?;
    if !plan_only && steps > 0 && context.loaded.config.k3s.context.is_none() {
        report.note(format!(
            "`{}` finds the cluster by its name; for `{}` and others set k3s.context = {:?}",
            program::command("deploy-k3s"),
            program::command("up"),
            cluster.context
        ));
    }
    let name = &cluster.name;
    let nodes = match nodes {
        1 => "1 node, ready".to_owned(),
        many => format!("{many} nodes, all ready"),
    };
    context.finish(match (plan_only, steps) {
        (true, 0) => "Nothing to do.".to_owned(),
        (true, 1) => "1 step to do; nothing was changed.".to_owned(),
        (true, _) => format!("{steps} steps to do; nothing was changed."),
        (false, 0) => format!("Nothing to do: cluster {name} has {nodes}."),
        (false, _) => format!("Cluster {name} has {nodes}."),
    });
    Ok(())
}

async fn bring_up_to_date(context: &Context<'_>, keys: HostKeys) -> Result<()> {
    let cluster = Cluster::read(context.loaded)?;
    let source = Source::new(context.loaded, &cluster.version);
    let version = &cluster.version;
    context.finish(match upgrade(&cluster, &source, keys, &context.reporter()).await? {
        0 => format!("Nothing to do: every machine runs {version}."),
        1 => format!("1 machine was upgraded; all run {version}."),
        many => format!("{many} machines were upgraded; all run {version}."),
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
    let sent = image::load(&cluster, &archive, &pins, keys, &context.reporter()).await?;
    context.finish(match sent {
        0 => "Nothing to do: every node has the image.".to_owned(),
        _ => format!("{sent} of {} nodes got the image; all have it.", cluster.machines.len()),
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

async fn show(context: &Context<'_>, keys: HostKeys, exit_code: bool) -> Result<Exit> {
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
    for node in &status.others {
        table.below("extra node", format!("{node}, which no machine of the configuration has"));
    }
    table.for_stream(Stream::Out)
}
