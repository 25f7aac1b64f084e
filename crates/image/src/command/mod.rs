//! One file for each subcommand.

pub(crate) mod build;
pub(crate) mod built;
pub(crate) mod push;
