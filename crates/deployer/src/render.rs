//! The objects of a release. Pure: the same release makes the same objects, byte by byte.
//!
//! They are written as the API server keeps them: quantities in their canonical form, networks masked, nothing empty.
//! So an object that is in sync contains what is rendered, field by field, and that can be told without asking the
//! API server for a dry run.

mod availability;
mod deployment;
mod environment;
mod error;
mod exceptions;
mod identity;
mod ingress;
mod metadata;
mod networks;
mod pod;
mod policies;
mod probes;
mod quantity;
mod service;
mod text;
mod yaml;

pub use error::RenderError;
pub use exceptions::{Auditor, EXCEPTIONS, Exception, When, document, exceptions};
pub(crate) use networks::canonical as canonical_network;
pub(crate) use yaml::{document as document_of, in_order};
pub use yaml::{files, yaml};

use environment::Environment;

use crate::manifest::{Kind, Manifest};
use crate::release::Release;

/// Refuses a release that no pod could serve, without rendering it.
///
/// # Errors
/// The key of the configuration is named.
pub fn check(release: &Release) -> Result<(), RenderError> {
    text::check(release)?;
    Environment::of(release).map(drop)
}

/// The objects of a release, in the order of [`Kind`].
///
/// # Errors
/// When no pod of the release could serve; the key of the configuration is named.
pub fn manifests(release: &Release) -> Result<Vec<Manifest>, RenderError> {
    check(release)?;
    let environment = Environment::of(release)?;
    let mut manifests = vec![
        Manifest::new(Kind::Namespace, &identity::namespace(release)),
        Manifest::new(Kind::ServiceAccount, &identity::service_account(release)),
    ];
    let policies = policies::policies(release);
    manifests.extend(policies.iter().map(|policy| Manifest::new(Kind::NetworkPolicy, policy)));
    manifests.push(Manifest::new(Kind::Service, &service::service(release)));
    manifests.push(Manifest::new(Kind::Deployment, &deployment::deployment(release, &environment)));
    let budget = availability::disruption_budget(release);
    manifests.push(Manifest::new(Kind::PodDisruptionBudget, &budget));
    if let Some(autoscaler) = availability::autoscaler(release, &environment) {
        manifests.push(Manifest::new(Kind::HorizontalPodAutoscaler, &autoscaler));
    }
    if let Some(ingress) = ingress::ingress(release) {
        manifests.push(Manifest::new(Kind::Ingress, &ingress));
    }
    Ok(manifests)
}
