//! `cargo xtask deploy-k3s`: the service on Kubernetes.

use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_deployer::cli::main(std::env::args_os())
}
