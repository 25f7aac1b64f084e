//! Deployments to follow, good and bad.

use std::path::PathBuf;

use serde_json::{Value, json};
use skyward_deployer::api::{ApiServer, Apply, ContextRef};
use skyward_deployer::manifest::{Kind, Manifest, ObjectId};
use skyward_deployer::rollout::DeploymentRef;

use crate::support::control_plane::CONTEXT;

/// A Deployment of one pod with one container, whose fields beside name and image are `container`'s.
pub(crate) fn deployment(namespace: &str, name: &str, image: &str, container: &Value) -> Manifest {
    let labels = json!({ "app": name });
    let mut web = json!({ "name": "web", "image": image });
    let fields = container.as_object().expect("a map");
    web.as_object_mut().expect("a map").extend(fields.clone());
    let object = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "replicas": 1,
            "progressDeadlineSeconds": 600,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "terminationGracePeriodSeconds": 1, "automountServiceAccountToken": false, "containers": [web] },
            },
        },
    });
    manifest(Kind::Deployment, namespace, name, object)
}

/// Any object.
pub(crate) fn manifest(kind: Kind, namespace: &str, name: &str, object: Value) -> Manifest {
    Manifest { id: ObjectId { kind, namespace: Some(namespace.into()), name: name.into() }, object }
}

/// A Deployment that has failed after so many seconds without progress.
pub(crate) fn impatient(mut manifest: Manifest, seconds: u32) -> Manifest {
    manifest.object["spec"]["progressDeadlineSeconds"] = json!(seconds);
    manifest
}

/// Applies it, and says what to follow.
pub(crate) async fn apply(api: &ApiServer, manifest: &Manifest) -> DeploymentRef {
    let applied = api.apply(manifest, Apply::default()).await.expect("applied");
    DeploymentRef::of(&applied).expect("a Deployment")
}

/// The cluster that a kubeconfig leads to.
pub(crate) async fn connect(kubeconfig: PathBuf) -> ApiServer {
    let chosen = ContextRef { kubeconfig: Some(kubeconfig), context: Some(CONTEXT.to_owned()) };
    ApiServer::connect(&chosen).await.expect("a cluster")
}
