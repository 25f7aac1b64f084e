//! The probes by which the kubelet knows that a pod has started, serves and lives. They differ, so that a pod that is busy or ends is
//! taken out of the Service and not restarted.

use k8s_openapi::api::core::v1::{HTTPGetAction, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::ADMIN;

/// Every second, for a minute: a service that migrates its database first still starts.
pub(super) fn startup() -> Probe {
    probe("/livez", 1, 60)
}

/// Out of the Service within six seconds where it says so, within nine where it no longer answers.
pub(super) fn readiness() -> Probe {
    probe("/readyz", 3, 2)
}

/// Restarted when it has not answered for half a minute.
pub(super) fn liveness() -> Probe {
    probe("/livez", 10, 3)
}

/// Probes go to the second port: the service's own limits and allowed hosts do not concern them.
fn probe(path: &str, period_seconds: i32, failure_threshold: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.into()),
            port: IntOrString::String(ADMIN.into()),
            scheme: Some("HTTP".into()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        failure_threshold: Some(failure_threshold),
        timeout_seconds: Some(if period_seconds > 2 { 2 } else { 1 }),
        ..Probe::default()
    }
}
