//! The next step for each trouble.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Container;

use super::DeploymentRef;
use super::trouble::{Cause, Trouble};

/// The next step, in terms of the configuration where that can help.
pub(super) fn next(trouble: &Trouble, target: &DeploymentRef, deployment: &Deployment) -> String {
    let container = container(deployment, trouble.container.as_deref());
    match trouble.cause {
        Cause::ImageAbsent if trouble.detail.contains("no match for platform") => {
            "build the image for the nodes' platform too: image.platforms".to_owned()
        }
        Cause::ImageAbsent => "check that the image was pushed, image.repository and the tag or digest; a private \
            repository also answers so without k3s.pull_secret"
            .to_owned(),
        Cause::ImageDenied => format!(
            "let the nodes pull it: k3s.pull_secret names a Secret of type kubernetes.io/dockerconfigjson, which has to \
            be in namespace {}",
            target.namespace
        ),
        Cause::ImageName => "correct image.repository, or the reference given by --image".to_owned(),
        Cause::ImageNotLoaded => {
            "load the image on every node, or let them pull it: k3s.delivery = \"push\"".to_owned()
        }
        Cause::ImagePull => pull(&trouble.detail),
        Cause::Configuration => configuration(&trouble.detail, target),
        Cause::Start => "check the image's entry point, k3s.memory_limit and the node's runtime".to_owned(),
        Cause::Crash => "read its log; the container's arguments and variables come from [service] and k3s.env"
            .to_owned(),
        Cause::OutOfMemory => {
            let limit = container.and_then(|container| limit(container, "memory"));
            let now = limit.map_or_else(String::new, |limit| format!(" (now {limit})"));
            format!("raise k3s.memory_limit{now}")
        }
        Cause::Ended => "run a program that keeps running: check service.args and the image's entry point".to_owned(),
        Cause::ProbeKills | Cause::Probe => probe(&trouble.detail),
        Cause::Unschedulable => {
            "add a node or free one; the pod asks for what k3s.cpu, k3s.memory and k3s.storage say".to_owned()
        }
        Cause::Evicted => {
            "see the node's conditions; raise k3s.storage_limit or k3s.memory if the pod went over its own".to_owned()
        }
        Cause::SetUp => "see its events; the node's network or the volume needs care".to_owned(),
    }
}

/// The next step where a probe does not pass; what the kubelet saw of it comes first.
fn probe(detail: &str) -> String {
    let seen = if detail.contains("connection refused") {
        "let the service listen on 0.0.0.0: on 127.0.0.1 it is reached from its own pod alone; "
    } else if ["statuscode: 401", "statuscode: 403"].iter().any(|code| detail.contains(code)) {
        "name a path in service.health that asks for no login; "
    } else if detail.contains("Probe terminated redirects") {
        "name the path in service.health that answers by itself: redirects to another host are not followed; "
    } else {
        ""
    };
    format!(
        "{seen}read its log; check service.health (without it service.admin_port), and whether the service needs longer \
        (service.health.start_s) or more CPU to start"
    )
}

/// The next step where the API server refuses pods.
pub(super) fn of_refusal(message: &str) -> String {
    let advice = if message.contains("exceeded quota") || message.contains("must specify") {
        "raise the namespace's ResourceQuota, or lower k3s.replicas and what each pod asks for (a rollout needs one more)"
    } else if message.contains("PodSecurity") {
        "the namespace enforces Pod Security: use a namespace of the service's own, or relax its label \
        pod-security.kubernetes.io/enforce"
    } else if message.contains("LimitRange")
        || message.contains("maximum")
        || message.contains("minimum")
    {
        "keep k3s.cpu, k3s.memory and their limits within the namespace's LimitRange"
    } else if message.contains("webhook") {
        "ask the owner of that admission webhook"
    } else if message.contains("serviceaccount") {
        "make the ServiceAccount, by applying all objects again"
    } else {
        "change what the message names, then run this again"
    };
    advice.to_owned()
}

fn pull(detail: &str) -> String {
    let advice = if detail.contains("HTTP response to HTTPS client") {
        "tell the nodes that this registry speaks plain HTTP (k3s: /etc/rancher/k3s/registries.yaml)"
    } else if detail.contains("x509") || detail.contains("certificate") {
        "let the nodes trust the registry's certificate (k3s: /etc/rancher/k3s/registries.yaml)"
    } else {
        "check the registry's name, and that the nodes can resolve and reach it; for nodes without a way there, \
        k3s.delivery = \"load\""
    };
    advice.to_owned()
}

/// The kubelet names the Secret, and the key with its namespace: `couldn't find key KEY in Secret NAMESPACE/NAME`.
fn configuration(detail: &str, target: &DeploymentRef) -> String {
    let namespace = &target.namespace;
    if let Some((key, object)) =
        detail.strip_prefix("couldn't find key ").and_then(|rest| rest.split_once(" in "))
    {
        return format!("add the key {key} to {object}, or correct k3s.secrets");
    }
    let quoted = detail.split('"').nth(1).unwrap_or_default();
    match detail.split_whitespace().next() {
        Some("secret") => {
            format!("make the Secret {quoted} in namespace {namespace}, or correct k3s.secrets")
        }
        Some("configmap") => format!("make the ConfigMap {quoted} in namespace {namespace}"),
        _ if ["runAsNonRoot", "non-root", "run as root"]
            .iter()
            .any(|word| detail.contains(word)) =>
        {
            "the image's user is root: set image.user to another".to_owned()
        }
        _ => "correct what the message names".to_owned(),
    }
}

/// The container of that name, else the first.
fn container<'d>(deployment: &'d Deployment, name: Option<&str>) -> Option<&'d Container> {
    let pod = deployment.spec.as_ref()?.template.spec.as_ref()?;
    let mut all = pod.init_containers.iter().flatten().chain(&pod.containers);
    match name {
        Some(name) => all.find(|one| one.name == name),
        None => pod.containers.first(),
    }
}

fn limit<'d>(container: &'d Container, resource: &str) -> Option<&'d str> {
    let limits = container.resources.as_ref()?.limits.as_ref()?;
    Some(&limits.get(resource)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kubelet_saw_of_a_probe_comes_first() {
        for (detail, begin) in [
            (
                "Startup probe failed: Get \"http://10.0.0.9:8000/\": dial tcp 10.0.0.9:8000: connect: connection refused",
                "let the service listen on 0.0.0.0",
            ),
            ("Readiness probe failed: HTTP probe failed with statuscode: 401", "name a path in"),
            ("Readiness probe failed: HTTP probe failed with statuscode: 503", "read its log"),
        ] {
            assert!(probe(detail).starts_with(begin), "{detail}: {}", probe(detail));
        }
    }
}
