//! The commands.

pub(crate) mod apply;
pub(crate) mod diff;
pub(crate) mod forward;
pub(crate) mod history;
pub(crate) mod remove;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod status;

/// The image to deploy.
#[derive(clap::Args)]
pub(crate) struct ImageArgs {
    /// Deploy this image, such as ghcr.io/acme/web@sha256:…, instead of building and delivering one
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) image: Option<String>,
}
