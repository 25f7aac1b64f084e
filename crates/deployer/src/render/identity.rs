//! The namespace and the service account of the pods.

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::metadata;
use crate::release::Release;

/// The namespace, which admits no pod that is not restricted: Kubernetes' Pod Security Standards.
pub(super) fn namespace(release: &Release) -> Namespace {
    let mut labels = release.labels();
    for mode in ["enforce", "audit", "warn"] {
        labels.insert(format!("pod-security.kubernetes.io/{mode}"), "restricted".into());
        labels.insert(format!("pod-security.kubernetes.io/{mode}-version"), "latest".into());
    }
    let metadata = ObjectMeta {
        name: Some(release.namespace().to_owned()),
        labels: Some(labels),
        ..ObjectMeta::default()
    };
    Namespace { metadata, ..Namespace::default() }
}

/// The pods' own account. It may do nothing, and no token of it is handed out.
pub(super) fn service_account(release: &Release) -> ServiceAccount {
    ServiceAccount {
        metadata: metadata::of(release, release.name()),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
