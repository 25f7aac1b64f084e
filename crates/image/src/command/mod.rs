//! One file for each subcommand.

pub(crate) mod build;
pub(crate) mod built;
pub(crate) mod inspect;
pub(crate) mod open;
pub(crate) mod push;
