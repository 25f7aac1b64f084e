//! The commands.

pub(crate) mod abort;
pub(crate) mod apply;
pub(crate) mod diff;
pub(crate) mod events;
pub(crate) mod exec;
pub(crate) mod forward;
pub(crate) mod history;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod promote;
pub(crate) mod remove;
pub(crate) mod render;
pub(crate) mod restart;
pub(crate) mod rollback;
pub(crate) mod scale;
pub(crate) mod secret;
pub(crate) mod status;
pub(crate) mod top;

/// The image to deploy.
#[derive(clap::Args)]
pub(crate) struct ImageArgs {
    /// Deploy this image, such as ghcr.io/acme/web@sha256:…, instead of building and delivering one
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) image: Option<String>,
}
