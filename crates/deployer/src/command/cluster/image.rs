//! `cluster image load`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use skyward_image::settings;
use skyward_k3s::Cluster;
use skyward_k3s::connection::HostKeys;
use skyward_k3s::image::{ImageArchive, load};
use skyward_terminal::{Exit, Output, output};

use super::{finish, reporter};
use crate::common::Common;

/// What can be done with images.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Load an image into every node, for clusters without a registry; prints its references by digest
    Load {
        /// The archive [default: what `cargo xtask image build` writes]
        archive: Option<PathBuf>,
    },
}

/// Runs the command.
pub(crate) async fn run(common: &Common, command: &Command, keys: HostKeys) -> Result<Exit> {
    let Command::Load { archive } = command;
    let loaded = common.load()?;
    let archive =
        ImageArchive::read(&archive.clone().unwrap_or_else(|| settings::archive(&loaded)))?;
    let cluster = Cluster::read(&loaded)?;
    let report = reporter(common);
    let sent = load(&cluster, &archive, keys, &report).await?;
    let text = match sent {
        0 => "Nothing to do: every node has it.".to_owned(),
        sent => format!("{sent} of {} nodes got it; all have it.", cluster.machines.len()),
    };
    finish(common, text);
    if common.output == Output::Text {
        archive.references().iter().try_for_each(|reference| output::line(reference))?;
    }
    Ok(Exit::Done)
}
