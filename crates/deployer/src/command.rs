//! The commands.

pub(crate) mod apply;
pub(crate) mod consent;
pub(crate) mod diff;
pub(crate) mod forward;
pub(crate) mod history;
pub(crate) mod remove;
pub(crate) mod render;
pub(crate) mod rollback;
pub(crate) mod status;

use std::sync::Arc;

use anyhow::Result;
use skyward_config::Loaded;
use skyward_deployer::api::{ApiServer, ApiSettings};
use skyward_deployer::event::{Event, Sink};

use crate::common::Common;

/// Which image.
#[derive(clap::Args)]
pub(crate) struct ImageArgs {
    /// Deploy this image, such as ghcr.io/acme/web@sha256:…, instead of building and delivering one
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) image: Option<String>,
}

/// Connects, and says where to.
pub(crate) async fn connect(
    common: &Common,
    loaded: &Loaded,
    sink: &mut dyn Sink,
) -> Result<ApiServer> {
    let output = common.output;
    let notice = move |text| output.sink().emit(Event::Note { text });
    let settings = ApiSettings { listener: Some(Arc::new(notice)), ..ApiSettings::default() };
    let cluster = ApiServer::connect_with(&common.target(loaded), settings).await?;
    sink.emit(Event::Cluster {
        context: cluster.context().to_owned(),
        server: cluster.server().to_owned(),
    });
    Ok(cluster)
}
