//! Flags that all binaries share.

use crate::event::Verbosity;

/// `-v` and `-vv`.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Verbose {
    /// Show each call to other systems with its time; -vv also its status and request ID
    #[arg(short = 'v', long = "verbose", action = clap::ArgAction::Count, global = true)]
    times: u8,
}

impl Verbose {
    /// Returns how much was asked for.
    pub fn verbosity(self) -> Verbosity {
        match self.times {
            0 => Verbosity::Normal,
            1 => Verbosity::Calls,
            _ => Verbosity::Details,
        }
    }
}
