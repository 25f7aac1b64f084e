//! The command line. Its names are settled; none of its commands is built yet.

use clap::{Parser, Subcommand};

/// Deploys the service on Kubernetes (k3s first) [not built yet].
#[derive(Parser)]
#[command(name = "deploy-k3s", bin_name = "cargo xtask deploy-k3s", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What can be asked for. Without one, `apply`.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show what will change, apply it and follow the rollout (the default).
    Apply,
    /// Print the Kubernetes manifests.
    Render,
    /// Show what `apply` would change.
    Diff,
    /// Show the release and its pods.
    Status,
    /// List the revisions.
    History,
    /// Go back to an earlier revision (default: the last good one).
    Rollback {
        /// The revision's number, as `history` lists it.
        revision: Option<u32>,
    },
    /// Remove the release.
    Remove,
    /// Set up, widen, upgrade or take down a k3s cluster.
    Cluster {
        /// What to do with the cluster.
        #[command(subcommand)]
        command: Cluster,
    },
}

/// What can be done with a cluster.
#[derive(Subcommand)]
pub(crate) enum Cluster {
    /// Install k3s on the configured machines, or on this one.
    Up,
    /// Add the machines that the configuration lists and the cluster lacks.
    Join,
    /// Show versions, roles, readiness and certificate dates.
    Status,
    /// Bring each machine to the configured version, one server at a time.
    Upgrade,
    /// Remove what `up` made, and nothing else.
    Down,
}

impl Command {
    /// The words that ask for this command.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Render => "render",
            Self::Diff => "diff",
            Self::Status => "status",
            Self::History => "history",
            Self::Rollback { revision: _ } => "rollback",
            Self::Remove => "remove",
            Self::Cluster { command } => match command {
                Cluster::Up => "cluster up",
                Cluster::Join => "cluster join",
                Cluster::Status => "cluster status",
                Cluster::Upgrade => "cluster upgrade",
                Cluster::Down => "cluster down",
            },
        }
    }
}
