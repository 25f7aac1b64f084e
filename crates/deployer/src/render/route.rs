//! The routes (`HTTPRoute`) of the Gateway API, which `k8s-openapi` does not know, and the redirect to HTTPS.
//!
//! An Ingress has no field for a redirect: each controller takes it in its own way. k3s' Traefik wants a Middleware, whose definition
//! k3s brings; ingress-nginx an annotation. For others the configuration refuses it (`k3s.https_redirect`), rather than to promise
//! what nobody carries out.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skyward_config::NGINX_REDIRECT;

use super::objects;
use crate::manifest::{Kind, Manifest, ObjectId, OwnKind};
use crate::release::{IngressHost, Release};

/// The annotation of an Ingress with the Middlewares that Traefik puts before it.
const MIDDLEWARES: &str = "traefik.ingress.kubernetes.io/router.middlewares";

/// The routes from the Gateway: to the Service, and the redirect where there is one. None without a Gateway.
pub(super) fn http_routes(release: &Release) -> Vec<Manifest> {
    let Some(gateway) = &release.k3s.gateway else { return Vec::new() };
    let listener = |scheme: &str| release.k3s.gateway_listeners.get(scheme);
    let to_service = json!({ "backendRefs": [{ "name": release.name(), "port": 80 }] });
    if !release.k3s.https_redirect {
        let listeners: Vec<_> = ["http", "https"].into_iter().filter_map(listener).collect();
        return vec![http_route(release, release.name(), gateway, &listeners, to_service)];
    }
    let redirect = json!({ "filters": [{
        "type": "RequestRedirect", "requestRedirect": { "scheme": "https", "statusCode": 301 },
    }] });
    let of = |scheme| listener(scheme).into_iter().collect::<Vec<_>>();
    let name = format!("{}-redirect", release.name());
    vec![
        http_route(release, release.name(), gateway, &of("https"), to_service),
        http_route(release, &name, gateway, &of("http"), redirect),
    ]
}

/// A route for these listeners; without any, for all that take it.
fn http_route(
    release: &Release,
    name: &str,
    gateway: &str,
    listeners: &[&String],
    mut rule: Value,
) -> Manifest {
    let parent = match gateway.split_once('/') {
        Some((namespace, name)) => json!({ "name": name, "namespace": namespace }),
        None => json!({ "name": gateway }),
    };
    let mut parents: Vec<Value> = Vec::new();
    for listener in listeners {
        let mut parent = parent.clone();
        parent["sectionName"] = json!(listener);
        parents.push(parent);
    }
    if parents.is_empty() {
        parents.push(parent);
    }
    let matches: Vec<Value> = release
        .k3s
        .paths
        .iter()
        .map(|path| json!({ "path": { "type": "PathPrefix", "value": path } }))
        .collect();
    rule["matches"] = json!(matches);
    let mut spec = json!({ "parentRefs": parents, "rules": [rule] });
    let hosts = objects::hosts(release);
    if !hosts.is_empty() {
        spec["hostnames"] = json!(hosts);
    }
    let id = ObjectId {
        kind: Kind::HttpRoute,
        namespace: Some(release.namespace().to_owned()),
        name: name.to_owned(),
    };
    let object = json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.as_str(),
        "metadata": objects::metadata(release, name),
        "spec": spec,
    });
    Manifest { id, object }
}

/// Traefik's redirect, where the Ingress is for Traefik.
pub(super) fn middleware(release: &Release) -> Option<Manifest> {
    if !redirects_by_middleware(release) {
        return None;
    }
    let kind = OwnKind::of(OwnKind {
        kind: "Middleware".to_owned(),
        plural: "middlewares".to_owned(),
        api_version: MIDDLEWARE_API.to_owned(),
    });
    let name = middleware_name(release);
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.as_str(),
        "metadata": objects::metadata(release, name.as_str()),
        "spec": { "redirectScheme": { "scheme": "https", "permanent": true } },
    });
    let id = ObjectId { kind, namespace: Some(release.namespace().to_owned()), name };
    Some(Manifest { id, object })
}

/// The group and version of Traefik's own kinds.
pub const MIDDLEWARE_API: &str = "traefik.io/v1alpha1";

fn middleware_name(release: &Release) -> String {
    format!("{}-https", release.name())
}

/// Returns true where the redirect is a Middleware of Traefik's.
pub fn redirects_by_middleware(release: &Release) -> bool {
    let is_for_nginx =
        release.k3s.ingress_class.as_ref().is_some_and(|class| class.starts_with("nginx"));
    release.k3s.https_redirect
        && release.k3s.gateway.is_none()
        && release.ingress_host != IngressHost::None
        && !is_for_nginx
}

/// The annotations of the Ingress: the configuration's, and the redirect.
pub(super) fn annotations(release: &Release) -> BTreeMap<String, String> {
    let mut annotations = release.k3s.ingress_annotations.clone();
    if redirects_by_middleware(release) {
        let ours = format!("{}-{}@kubernetescrd", release.namespace(), middleware_name(release));
        let all = match annotations.get(MIDDLEWARES) {
            Some(others) => format!("{ours},{others}"),
            None => ours,
        };
        annotations.insert(MIDDLEWARES.to_owned(), all);
    } else if release.k3s.https_redirect {
        annotations.insert(NGINX_REDIRECT.to_owned(), "true".to_owned());
    }
    annotations
}
