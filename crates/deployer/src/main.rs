//! `cargo xtask deploy-k3s`: the service on Kubernetes.

mod cli;
mod command;
mod common;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
