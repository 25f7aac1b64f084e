//! The program `skyward-image`, which is `cargo xtask image`: a command line over the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_image::cli::main(std::env::args_os())
}
