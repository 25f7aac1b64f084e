//! The commands of Skyward. Thin: it runs the crates' binaries, and links only the crate of the terminal.

mod affected;
mod bench;
mod book;
mod ci;
mod cli;
mod docs;
mod external;
mod github;
// `skyward` has it too; as a crate of its own it would be one more before the first command.
#[path = "../../crates/skyward/src/up/mod.rs"]
mod up;

use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_terminal::exit::main(|_| false, || cli::Cli::read()?.run())
}
