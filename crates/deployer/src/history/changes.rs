//! The differences between two revisions, in the few words of a list.

use std::collections::BTreeSet;

use super::Revision;
use crate::diff::{self, Change};
use crate::manifest::{Kind, Manifest};

/// The most that are named; `diff` shows the rest.
const NAMED: usize = 5;

impl Revision {
    /// The differences from an earlier revision, such as `image`, `env GREETING` or `Ingress added`. Values are left out:
    /// some are long, and some are secret.
    pub fn changes_since(&self, earlier: &Self) -> Vec<String> {
        let find = |manifests: &[Manifest], manifest: &Manifest| {
            manifests.iter().find(|it| it.id == manifest.id).map(|it| it.object.clone())
        };
        let gone = earlier.manifests.iter().filter(|it| find(&self.manifests, it).is_none());
        let mut changes = BTreeSet::new();
        for manifest in self.manifests.iter().chain(gone) {
            let (before, after) =
                (find(&earlier.manifests, manifest), find(&self.manifests, manifest));
            let difference = diff::compare(&manifest.id, before.as_ref(), after.as_ref());
            let kind = manifest.id.kind;
            match difference.change {
                Change::Create => drop(changes.insert(format!("{kind} added"))),
                Change::Delete => drop(changes.insert(format!("{kind} removed"))),
                Change::Update | Change::Unchanged => {
                    changes.extend(difference.fields.iter().map(|field| named(kind, &field.path)));
                }
            }
        }
        let more = changes.len().saturating_sub(NAMED);
        let mut named: Vec<_> = changes.into_iter().take(NAMED).collect();
        if more > 0 {
            named.push(format!("{more} more"));
        }
        named
    }
}

/// A field in the words of the configuration where it has some, else the end of its path.
fn named(kind: Kind, path: &str) -> String {
    if let Some((_, variable)) = path.split_once(".env[") {
        let variable = variable.split(']').next().unwrap_or(variable);
        return format!("env {variable}");
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    match last {
        "image" | "replicas" | "args" | "terminationGracePeriodSeconds" => last.to_owned(),
        _ if path.contains(".resources.") => format!("{last} {}", parent(path)),
        _ if path.contains("metadata.labels") => "labels".to_owned(),
        _ if path.contains("metadata.annotations") => "annotations".to_owned(),
        _ => format!("{kind} {last}"),
    }
}

/// `limits` or `requests` of a resource.
fn parent(path: &str) -> &str {
    path.rsplit('.').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::history::{Status, hash};
    use crate::manifest::ObjectId;

    fn revision(
        number: u32,
        image: &str,
        greeting: &str,
        replicas: u32,
        ingress: bool,
    ) -> Revision {
        let manifest = |kind: Kind, object| Manifest {
            id: ObjectId { kind, namespace: Some("web".into()), name: "web".into() },
            object,
        };
        let mut manifests = vec![manifest(
            Kind::Deployment,
            json!({"kind": "Deployment", "spec": {"replicas": replicas, "template": {"spec": {"containers": [
                {"name": "web", "image": image, "env": [{"name": "GREETING", "value": greeting}],
                 "resources": {"limits": {"memory": format!("{replicas}Mi")}}}
            ]}}}}),
        )];
        if ingress {
            manifests.push(manifest(Kind::Ingress, json!({"kind": "Ingress"})));
        }
        Revision {
            number,
            started: "2026-01-02T03:04:05Z".parse().expect("a time"),
            by: "a@b".to_owned(),
            image: image.to_owned(),
            status: Status::Deployed,
            reason: None,
            rollback_of: None,
            canary: None,
            hash: hash(&manifests),
            manifests,
            inventory: Vec::new(),
        }
    }

    #[test]
    fn a_revision_says_what_it_changed_without_values() {
        let one = revision(1, "web:1", "hello", 1, false);
        assert_eq!(revision(2, "web:1", "hello", 1, false).changes_since(&one), [""; 0]);
        let two = revision(2, "web:2", "secret", 2, true);
        assert_eq!(
            two.changes_since(&one),
            ["Ingress added", "env GREETING", "image", "memory limits", "replicas"]
        );
        assert_eq!(one.changes_since(&two)[0], "Ingress removed");
    }
}
