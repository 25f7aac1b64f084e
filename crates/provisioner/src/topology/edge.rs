use std::collections::BTreeSet;

use super::build::{Builder, each};
use super::{Id, Listener, ListenerAction, LoadBalancer, Spec, TargetGroup};
use skyward_aws::model::{Attributes, HealthCheck};

/// TLS 1.2 and 1.3 with forward secrecy: AWS's recommended policy.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// The load balancer, its target group and its ports.
pub(super) fn add(builder: &mut Builder<'_>) {
    target_group(builder);
    load_balancer(builder);
    let forward = || ListenerAction::Forward("target-group".into());
    match builder.aws.certificate.clone() {
        None => listener(builder, "http", 80, None, forward()),
        Some(certificate) => {
            listener(builder, "http", 80, None, ListenerAction::RedirectToHttps(443));
            listener(builder, "https", 443, Some(certificate), forward());
        }
    }
}

fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> Attributes {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn target_group(builder: &mut Builder<'_>) {
    let spec = TargetGroup {
        name: builder.names.target_group(),
        vpc: "vpc".into(),
        protocol: "HTTP".into(),
        port: 80,
        health_check: HealthCheck {
            path: builder.aws.health_path.clone(),
            matcher: "200".into(),
            interval_s: 10,
            timeout_s: 5,
            healthy: 2,
            unhealthy: 3,
        },
        // AWS's own 300 s is what makes deleting a group of instances slow.
        attributes: attributes([("deregistration_delay.timeout_seconds", "30")]),
    };
    builder.add("target-group", Spec::TargetGroup(spec), ["vpc"]);
}

fn load_balancer(builder: &mut Builder<'_>) {
    let protection = builder.aws.deletion_protection.to_string();
    let mut attributes = attributes([
        ("deletion_protection.enabled", &protection),
        ("routing.http.drop_invalid_header_fields.enabled", "true"),
    ]);
    let logs: Option<Id> = builder.aws.logs.then(|| "bucket/logs".into());
    attributes.insert("access_logs.s3.enabled".into(), logs.is_some().to_string());
    if logs.is_some() {
        attributes.insert("access_logs.s3.bucket".into(), builder.names.bucket("logs"));
        attributes.insert("access_logs.s3.prefix".into(), "load-balancer".into());
    }
    let subnets: BTreeSet<Id> = each("subnet/public").into();
    let group: Id = "security-group/load-balancer".into();
    let mut needs = subnets.clone();
    // A load balancer that faces the internet is refused in a VPC without a gateway.
    needs.extend([group.clone(), "internet-gateway".into()]);
    needs.extend(logs.clone());
    let spec = LoadBalancer {
        name: builder.names.load_balancer(),
        subnets,
        security_groups: BTreeSet::from([group]),
        attributes,
        logs,
    };
    builder.add("load-balancer", Spec::LoadBalancer(spec), needs);
}

fn listener(
    builder: &mut Builder<'_>,
    name: &str,
    port: i32,
    certificate: Option<String>,
    action: ListenerAction,
) {
    let is_tls = certificate.is_some();
    let spec = Listener {
        load_balancer: "load-balancer".into(),
        port,
        protocol: if is_tls { "HTTPS" } else { "HTTP" }.into(),
        certificate,
        tls_policy: is_tls.then(|| TLS_POLICY.into()),
        action,
    };
    builder.add(
        &format!("listener/{name}"),
        Spec::Listener(spec),
        ["load-balancer", "target-group"],
    );
}
