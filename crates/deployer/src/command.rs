//! The commands.

pub(crate) mod apply;
pub(crate) mod diff;
pub(crate) mod history;
pub(crate) mod remove;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod status;
