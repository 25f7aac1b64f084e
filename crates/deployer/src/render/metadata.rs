//! The metadata of every object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::release::Release;

/// The metadata of the object `name` in the release's namespace.
///
/// There is no `app.kubernetes.io/version`: the image is named by digest, whose 64 digits do not fit into a label, and
/// a label that changes with each image would change every object for nothing.
pub(super) fn of(release: &Release, name: impl Into<String>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        namespace: Some(release.namespace().to_owned()),
        labels: Some(release.labels()),
        ..ObjectMeta::default()
    }
}

/// Chooses the release's pods.
pub(super) fn pods(release: &Release) -> LabelSelector {
    LabelSelector { match_labels: Some(release.selector()), ..LabelSelector::default() }
}
