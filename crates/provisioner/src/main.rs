//! `cargo xtask provision-aws`: all that knows AWS.

use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_provisioner::cli::main(std::env::args_os())
}
