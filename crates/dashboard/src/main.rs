//! `skyward-dashboard`: serves the page of `up --dashboard`.

use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_dashboard::main(std::env::args_os())
}
