//! What standard output carries.

use clap::ValueEnum;

/// The form of what is written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people, and for the shell: the result alone.
    #[default]
    Text,
    /// JSON.
    Json,
}
