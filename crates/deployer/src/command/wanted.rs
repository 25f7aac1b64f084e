//! What is wanted: the release, and the objects that it is made of.

use anyhow::Result;
use skyward_config::Loaded;
use skyward_deployer::cluster::Cluster;
use skyward_deployer::deploy::{self, Wish};
use skyward_deployer::event::{Event, Sink};
use skyward_deployer::history::{History, Revision, Status};
use skyward_deployer::release::Release;
use skyward_deployer::{image, render};
use skyward_k3s::connection::HostKeys;
use skyward_k3s::image::ImageArchive;

use crate::cli::Common;
use crate::command::cluster::{self, image::built};

/// Which image.
#[derive(clap::Args)]
pub(crate) struct ImageArgs {
    /// Deploy this image, such as ghcr.io/acme/web@sha256:…, instead of building and delivering one
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) image: Option<String>,
}

/// What becomes of the image that is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// It gets to the nodes.
    Deliver,
    /// Nothing is sent.
    Foresee,
}

/// What is to run: the image where the nodes find it, and the host name.
pub(crate) async fn release(
    common: &Common,
    loaded: &Loaded,
    cluster: &Cluster,
    args: &ImageArgs,
    errand: Errand,
    sink: &mut dyn Sink,
) -> Result<Release> {
    let (config, name) = (&loaded.config, &loaded.config.service.name);
    let revisions: Vec<Revision> =
        History::new(cluster, &config.k3s.namespace, name).list().await?;
    let serving = revisions.last().filter(|newest| newest.status == Status::Deployed);
    let nodes = cluster.addresses_of_nodes().await?;
    let way_in = deploy::way_in(config, &nodes, &revisions)?;
    // Where we may not look at the nodes, they are as most are.
    let disk_is_counted = nodes.is_empty() || nodes.iter().any(|node| node.counts_disk);
    if !disk_is_counted {
        let text = "no node counts disk space: k3s.storage and k3s.storage_limit are left out";
        sink.emit(Event::Note { text: text.to_owned() });
    }
    let mut release = Release {
        service: config.service.clone(),
        k3s: config.k3s.clone(),
        image: config.image.repository.clone(),
        user: config.image.user,
        way_in,
        disk_is_counted,
    };
    // What cannot run is said before an image is built for it.
    render::manifests(&release)?;
    release.image = if let Some(reference) = &args.image {
        image::given(reference, sink)?.reference
    } else {
        let candidate = image::build(loaded, common.flags(), sink).await?;
        // What runs on the nodes has got there.
        let serves = serving.is_some_and(|it| it.image == candidate.named().reference);
        if serves || errand == Errand::Foresee {
            candidate.named().reference.clone()
        } else if candidate.is_loaded() && common.has_machines(loaded) {
            let reference = candidate.named().reference.clone();
            load_into_nodes(common, loaded).await?;
            reference
        } else {
            candidate.deliver(sink).await?.reference
        }
    };
    sink.emit(Event::Image { reference: release.image.clone() });
    Ok(release)
}

/// The nodes are the configured machines: each gets the image.
async fn load_into_nodes(common: &Common, loaded: &Loaded) -> Result<()> {
    let archive = ImageArchive::read(&built(loaded))?;
    let report = cluster::reporter(common);
    let started = std::time::Instant::now();
    let cluster = skyward_k3s::Cluster::read(loaded)?;
    let sent = skyward_k3s::image::load(&cluster, &archive, HostKeys::Known, &report).await?;
    report.ready("image", format!("on every node; {sent} of them got it now"), started);
    Ok(())
}

/// The objects that are wanted.
pub(crate) fn wish(release: &Release) -> Result<Wish> {
    Ok(Wish {
        release: release.name().to_owned(),
        namespace: release.namespace().to_owned(),
        image: release.image.clone(),
        manifests: render::manifests(release)?,
        rollback_of: None,
    })
}
