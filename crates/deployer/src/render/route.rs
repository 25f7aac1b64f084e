//! The HTTPRoute of the Gateway API, which `k8s-openapi` does not know.

use serde_json::{Value, json};

use super::objects;
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::release::Release;

/// The route from the Gateway to the Service; none without one.
pub(super) fn http_route(release: &Release) -> Option<Manifest> {
    let gateway = release.k3s.gateway.as_deref()?;
    let parent = match gateway.split_once('/') {
        Some((namespace, name)) => json!({ "name": name, "namespace": namespace }),
        None => json!({ "name": gateway }),
    };
    let matches: Vec<Value> = release
        .k3s
        .paths
        .iter()
        .map(|path| json!({ "path": { "type": "PathPrefix", "value": path } }))
        .collect();
    let mut spec = json!({
        "parentRefs": [parent],
        "rules": [{ "matches": matches, "backendRefs": [{ "name": release.name(), "port": 80 }] }],
    });
    let hosts = objects::hosts(release);
    if !hosts.is_empty() {
        spec["hostnames"] = json!(hosts);
    }
    let id = ObjectId {
        kind: Kind::HttpRoute,
        namespace: Some(release.namespace().to_owned()),
        name: release.name().to_owned(),
    };
    let object = json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.as_str(),
        "metadata": objects::metadata(release, release.name()),
        "spec": spec,
    });
    Some(Manifest { id, object })
}
