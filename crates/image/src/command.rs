//! One file for each subcommand.

pub(crate) mod access;
pub(crate) mod build;
pub(crate) mod built;
pub(crate) mod configured;
pub(crate) mod enter;
pub(crate) mod inspect;
pub(crate) mod load;
pub(crate) mod open;
pub(crate) mod push;
pub(crate) mod resolve;
pub(crate) mod run;
pub(crate) mod unpack;
