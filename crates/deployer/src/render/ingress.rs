//! The way in from outside.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};

use super::metadata;
use super::pod::HTTP;
use crate::release::{IngressHost, Release};

pub(super) fn ingress(release: &Release) -> Option<Ingress> {
    let host = match &release.ingress_host {
        IngressHost::None => return None,
        IngressHost::Any => None,
        IngressHost::Named(host) => Some(host.clone()),
    };
    let tls = release.k3s.tls_secret.as_ref().map(|secret| {
        vec![IngressTLS {
            secret_name: Some(secret.clone()),
            hosts: host.clone().map(|host| vec![host]),
        }]
    });
    let spec = IngressSpec {
        ingress_class_name: release.k3s.ingress_class.clone(),
        rules: Some(vec![IngressRule { host, http: Some(all_paths(release)) }]),
        tls,
        ..IngressSpec::default()
    };
    let mut metadata = metadata::of(release, release.name());
    let annotations = &release.k3s.ingress_annotations;
    metadata.annotations = (!annotations.is_empty()).then(|| annotations.clone());
    Some(Ingress { metadata, spec: Some(spec), ..Ingress::default() })
}

fn all_paths(release: &Release) -> HTTPIngressRuleValue {
    let service = IngressServiceBackend {
        name: release.name().to_owned(),
        port: Some(ServiceBackendPort { name: Some(HTTP.into()), number: None }),
    };
    HTTPIngressRuleValue {
        paths: vec![HTTPIngressPath {
            path: Some("/".into()),
            path_type: "Prefix".into(),
            backend: IngressBackend { service: Some(service), resource: None },
        }],
    }
}
