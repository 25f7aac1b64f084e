//! The complete desired state of a release, found out once: what is to run, its objects, and the history it follows.
//!
//! Every command that compares or applies starts here, so that a release is settled, rendered and looked up in one place.
//! The order is by cost: what can be refused without building an image is refused before one is built.

use anyhow::Result;
use skyward_config::Loaded;

use super::desired::{Desired, Extent};
use super::ingress_host::ingress_host;
use crate::api::ApiServer;
use crate::event::{DeployEvent, Event, Sink};
use crate::history::{History, Revision, Status};
use crate::image::{self, Candidate};
use crate::inputs;
use crate::release::Release;
use crate::render;

/// A release, ready to be compared with the cluster or applied.
#[derive(Debug)]
pub struct Prepared {
    /// The release, with its image and host name settled.
    pub release: Release,
    /// Its objects.
    pub desired: Desired,
    /// The revisions that were there just before, the oldest first.
    pub revisions: Vec<Revision>,
}

/// Settles the release that the configuration asks for, with the image that `image` names or else one that is built.
///
/// `deliver` gets an image to the nodes and returns the reference that they know it by. It is not called for the image
/// that serves already.
///
/// # Errors
/// The cluster cannot be asked; no pod of the release could serve; the image cannot be built or delivered.
pub async fn prepare(
    api: &ApiServer,
    loaded: &Loaded,
    image: Option<&str>,
    deliver: impl AsyncFnOnce(Candidate, &Sink<'_>) -> Result<String>,
    sink: &Sink<'_>,
) -> Result<Prepared> {
    let config = &loaded.config;
    let history = History::new(api, &config.k3s.namespace, &config.service.name);
    let mut revisions = history.usable(|text| sink.emit(Event::note(text))).await?;
    let nodes = api.addresses_of_nodes().await?;
    // A deployer that may not list the nodes takes them to be like most.
    let disk_is_counted = nodes.is_empty() || nodes.iter().any(|node| node.counts_disk);
    if !disk_is_counted {
        let text = "no node counts disk space: k3s.storage and k3s.storage_limit are left out";
        sink.emit(Event::Note { text: text.to_owned() });
    }
    let mut inputs = inputs::read(loaded)?;
    inputs::looked_up(api, &mut inputs.manifests).await?.map_err(anyhow::Error::msg)?;
    let (hashes, missing) = inputs::hashes(api, &config.k3s.namespace, &config.k3s).await?;
    if !missing.is_empty() {
        let what: Vec<_> = missing.iter().map(ToString::to_string).collect();
        anyhow::bail!(
            "deploying {}: the pods need Secrets that namespace {} has not, and nothing was applied. {}",
            config.service.name,
            config.k3s.namespace,
            what.join("; ")
        );
    }
    inputs.secrets = hashes;
    if let Some(lost) = config.service.unasked() {
        sink.emit(Event::Note { text: format!("service.health: {lost}") });
    }
    let mut release = Release {
        ingress_host: ingress_host(config, &nodes, &revisions)?,
        inputs,
        disk_is_counted,
        ..Release::of(config)
    };
    render::check(&release)?;
    if render::redirects_by_middleware(&release) {
        let kinds = api.kinds_of(render::MIDDLEWARE_API).await?;
        if !kinds.iter().any(|it| it.kind == "Middleware") {
            anyhow::bail!(
                "deploying {}: k3s.https_redirect needs a Middleware of {}, which the cluster does not know: its Ingress controller is not \
                 Traefik, or lacks its definitions. Next step: leave the key out, and set the controller's own annotation in \
                 k3s.ingress_annotations",
                config.service.name,
                render::MIDDLEWARE_API
            );
        }
    }
    release.image = if let Some(reference) = image {
        image::given(reference, sink)?.reference
    } else {
        let candidate = image::build(loaded, sink).await?;
        // A build takes minutes, in which others may have deployed.
        revisions = history.usable(|_| ()).await?;
        release.ingress_host = ingress_host(config, &nodes, &revisions)?;
        let serving = revisions
            .last()
            .filter(|newest| matches!(newest.status, Status::Deployed | Status::Canary));
        if serving.is_some_and(|it| it.image == candidate.named().reference) {
            candidate.named().reference.clone()
        } else {
            let kept = revisions.iter().map(|revision| revision.image.clone()).collect();
            deliver(candidate.beside(kept), sink).await?
        }
    };
    sink.emit(DeployEvent::Image { reference: release.image.clone() }.into());
    let desired = Desired {
        release: release.name().to_owned(),
        namespace: release.namespace().to_owned(),
        image: release.image.clone(),
        manifests: render::manifests(&release)?,
        rollback_of: None,
        runs_jobs: true,
        extent: Extent::Whole,
    };
    Ok(Prepared { release, desired, revisions })
}
