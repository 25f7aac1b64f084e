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
mod probes;
mod processes;
mod route;
mod storage;
mod yaml;

pub(crate) use canonical::network as canonical_network;
pub use environment::RenderError;
pub use exceptions::{Auditor, EXCEPTIONS, Exception, When, document, exceptions};
pub use processes::{AFTER, WHEN, process_of};
pub use route::{MIDDLEWARE_API, redirects_by_middleware};
pub(crate) use storage::short_hash;
pub(crate) use yaml::{document as document_of, in_order};
pub use yaml::{files, yaml};

use std::collections::BTreeSet;

use environment::Environment;

use crate::manifest::{Kind, Manifest};
use crate::release::Release;

/// Refuses a release that no pod could serve, without rendering it.
///
/// # Errors
/// The key of the configuration is named.
pub fn check(release: &Release) -> Result<(), RenderError> {
    canonical::check_texts(release)?;
    processes::check(release)?;
    storage::check(release)?;
    Environment::of(release).map(drop)
}

/// The release's namespace.
pub fn namespace(release: &Release) -> Manifest {
    Manifest::new(Kind::Namespace, &objects::namespace(release))
}

/// The objects of a release, in the order of [`Kind`].
///
/// # Errors
/// When no pod of the release could serve; the key of the configuration is named.
pub fn manifests(release: &Release) -> Result<Vec<Manifest>, RenderError> {
    check(release)?;
    let environment = Environment::of(release)?;
    let mut manifests = vec![namespace(release)];
    if release.k3s.service_account.is_none() {
        manifests.push(Manifest::new(Kind::ServiceAccount, &objects::service_account(release)));
    }
    let files = storage::config_map(release);
    manifests.extend(files.iter().map(|files| Manifest::new(Kind::ConfigMap, files)));
    let claims = storage::claims(release);
    manifests.extend(claims.iter().map(|it| Manifest::new(Kind::PersistentVolumeClaim, it)));
    if release.k3s.network_policies {
        let policies = policies::policies(release);
        manifests.extend(policies.iter().map(|policy| Manifest::new(Kind::NetworkPolicy, policy)));
    }
    manifests.extend(release.inputs.manifests.iter().cloned());
    manifests.extend(route::middleware(release));
    manifests.push(Manifest::new(Kind::Service, &objects::service(release)));
    let jobs = processes::jobs(release, &environment);
    manifests.extend(jobs.iter().map(|job| Manifest::new(Kind::Job, job)));
    manifests.push(Manifest::new(Kind::Deployment, &objects::deployment(release, &environment)));
    let workers = processes::workers(release, &environment);
    manifests.extend(workers.iter().map(|worker| Manifest::new(Kind::Deployment, worker)));
    let scheduled = processes::cron_jobs(release, &environment);
    manifests.extend(scheduled.iter().map(|job| Manifest::new(Kind::CronJob, job)));
    let budget = objects::disruption_budget(release);
    manifests.push(Manifest::new(Kind::PodDisruptionBudget, &budget));
    if let Some(autoscaler) = objects::autoscaler(release, &environment) {
        manifests.push(Manifest::new(Kind::HorizontalPodAutoscaler, &autoscaler));
    }
    if release.k3s.gateway.is_some() {
        manifests.extend(route::http_routes(release));
    } else if let Some(ingress) = objects::ingress(release) {
        manifests.push(Manifest::new(Kind::Ingress, &ingress));
    }
    check_own(&manifests)?;
    Ok(manifests)
}

/// Refuses an object of the user's own that is one of ours as well, or is there twice.
fn check_own(manifests: &[Manifest]) -> Result<(), RenderError> {
    let mut seen = BTreeSet::new();
    for manifest in manifests {
        let kind = manifest.id.kind;
        if !seen.insert((kind.api_version(), kind.as_str(), manifest.id.name.as_str())) {
            return Err(RenderError {
                key: "k3s.manifests".to_owned(),
                reason: format!(
                    "{} is there twice, or the release has one of that name itself; name it otherwise",
                    manifest.id
                ),
            });
        }
    }
    Ok(())
}
