//! `cargo xtask deploy-k3s`: all that knows Kubernetes and k3s.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = cli::Cli::parse().command.unwrap_or(cli::Command::Apply);
    eprintln!(
        "deploy-k3s {}: not built yet: this version runs the service on this machine only; nothing \
         was changed. Next step: `cargo xtask up`",
        command.name()
    );
    ExitCode::FAILURE
}
