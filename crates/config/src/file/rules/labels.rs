//! The rules over labels: those by which the release is found again, and those that mean something to Kubernetes, are not one's own.

use super::Report;
use crate::K3s;
use crate::file::keys::child;

/// Labels, or their prefixes where a `/` ends them, and the reason why each is nobody's own.
const TAKEN: [(&str, &str); 8] = [
    ("app.kubernetes.io/name", OURS),
    ("app.kubernetes.io/instance", OURS),
    ("app.kubernetes.io/managed-by", OURS),
    ("skyward.dev/", OURS),
    (
        "pod-security.kubernetes.io/",
        "it is for the namespace alone, which admits no pod that is not restricted",
    ),
    ("batch.kubernetes.io/", "Kubernetes itself sets it, on the pods of jobs"),
    ("pod-template-hash", "Kubernetes itself sets it, on the pods of Deployments"),
    ("kubernetes.io/metadata.name", "Kubernetes itself sets it, on namespaces"),
];

const OURS: &str = "the release is found again by it";

pub(super) fn check(k3s: &K3s, report: &mut Report<'_>) {
    for (key, labels) in [("k3s.labels", &k3s.labels), ("k3s.pod_labels", &k3s.pod_labels)] {
        for name in labels.keys() {
            let is_meant =
                |taken: &str| name == taken || taken.ends_with('/') && name.starts_with(taken);
            if let Some((_, why)) = TAKEN.iter().find(|(taken, _)| is_meant(taken)) {
                report(&[&child(key, name)], &|_| {
                    format!("that label is taken: {why}; name your own otherwise")
                });
            }
        }
    }
    for (key, annotations) in [
        ("k3s.pod_annotations", &k3s.pod_annotations),
        ("k3s.ingress_annotations", &k3s.ingress_annotations),
        ("k3s.service_account_annotations", &k3s.service_account_annotations),
    ] {
        for name in annotations.keys().filter(|name| name.starts_with("skyward.dev/")) {
            report(&[&child(key, name)], &|_| {
                "annotations that begin with skyward.dev/ are the deployer's; name your own otherwise".into()
            });
        }
    }
}
