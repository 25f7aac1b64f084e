//! The objects of a release. Pure: the same release makes the same objects, byte by byte.
//!
//! They are written as the API server keeps them: quantities in their canonical form, networks masked, nothing empty.
//! So an object that is in sync contains what is rendered, field by field, and that can be told without asking the
//! API server for a dry run.

mod canonical;
mod environment;
mod exceptions;
mod objects;
mod pod;
mod policies;
mod yaml;

pub(crate) use canonical::network as canonical_network;
pub use environment::RenderError;
pub use exceptions::{Auditor, EXCEPTIONS, Exception, When, document, exceptions};
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
    canonical::check_texts(release)?;
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
        Manifest::new(Kind::Namespace, &objects::namespace(release)),
        Manifest::new(Kind::ServiceAccount, &objects::service_account(release)),
    ];
    let policies = policies::policies(release);
    manifests.extend(policies.iter().map(|policy| Manifest::new(Kind::NetworkPolicy, policy)));
    manifests.push(Manifest::new(Kind::Service, &objects::service(release)));
    manifests.push(Manifest::new(Kind::Deployment, &objects::deployment(release, &environment)));
    let budget = objects::disruption_budget(release);
    manifests.push(Manifest::new(Kind::PodDisruptionBudget, &budget));
    if let Some(autoscaler) = objects::autoscaler(release, &environment) {
        manifests.push(Manifest::new(Kind::HorizontalPodAutoscaler, &autoscaler));
    }
    if let Some(ingress) = objects::ingress(release) {
        manifests.push(Manifest::new(Kind::Ingress, &ingress));
    }
    Ok(manifests)
}
