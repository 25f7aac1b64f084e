//! `cargo xtask provision-aws`: all that knows AWS.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    eprintln!(
        "provision-aws {}{}: not built yet: this version runs the service on this machine only; no \
         account was contacted and nothing was changed. Next step: `cargo xtask up`",
        cli.command.name(),
        if cli.simulate { " --simulate" } else { "" }
    );
    ExitCode::FAILURE
}
