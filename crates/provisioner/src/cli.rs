//! The command line. Its names are settled; none of its commands is built yet.

use clap::{Parser, Subcommand};

/// Provisions the AWS topology [not built yet].
#[derive(Parser)]
#[command(name = "provision-aws", bin_name = "cargo xtask provision-aws", version)]
pub(crate) struct Cli {
    /// Simulate AWS in this process: needs no account and costs nothing.
    #[arg(long, global = true)]
    pub(crate) simulate: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be asked for.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show what would be created, changed, replaced or deleted, and its cost.
    Plan,
    /// Carry out the plan.
    Apply,
    /// Show what exists, and the outputs.
    Status,
    /// Show what was changed outside of Skyward.
    Drift,
    /// Delete everything that `apply` created.
    Destroy,
    /// Draw the topology.
    Graph,
    /// Estimate the monthly cost.
    Cost,
    /// Write the topology in another tool's format.
    Export,
}

impl Command {
    /// The word that asks for this command.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Status => "status",
            Self::Drift => "drift",
            Self::Destroy => "destroy",
            Self::Graph => "graph",
            Self::Cost => "cost",
            Self::Export => "export",
        }
    }
}
