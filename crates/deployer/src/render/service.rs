//! The pods' address within the cluster.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::metadata;
use super::pod::HTTP;
use crate::release::Release;

pub(super) fn service(release: &Release) -> Service {
    let port = ServicePort {
        name: Some(HTTP.into()),
        port: 80,
        protocol: Some("TCP".into()),
        target_port: Some(IntOrString::String(HTTP.into())),
        ..ServicePort::default()
    };
    let spec = ServiceSpec {
        type_: Some("ClusterIP".into()),
        selector: Some(release.selector()),
        ports: Some(vec![port]),
        ..ServiceSpec::default()
    };
    Service {
        metadata: metadata::of(release, release.name()),
        spec: Some(spec),
        ..Service::default()
    }
}
