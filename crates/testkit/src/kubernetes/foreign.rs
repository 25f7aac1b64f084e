//! Objects of others, which no deployment may touch.

use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::census::{Census, Item};

/// Puts objects of others into a namespace: some have the names that a release's have, one even has its labels.
pub async fn plant(client: &Client, namespace: &str) -> Vec<Item> {
    let labels =
        json!({ "app.kubernetes.io/managed-by": "skyward", "app.kubernetes.io/instance": "web" });
    let objects = [
        (
            "",
            "v1",
            "ConfigMap",
            "configmaps",
            json!({ "metadata": { "name": "web" }, "data": { "key": "value" } }),
        ),
        (
            "",
            "v1",
            "ConfigMap",
            "configmaps",
            json!({ "metadata": { "name": "copied", "labels": labels } }),
        ),
        (
            "",
            "v1",
            "Secret",
            "secrets",
            json!({ "metadata": { "name": "web" }, "stringData": { "key": "value" } }),
        ),
        ("", "v1", "ServiceAccount", "serviceaccounts", json!({ "metadata": { "name": "other" } })),
        (
            "",
            "v1",
            "Service",
            "services",
            json!({ "metadata": { "name": "other" }, "spec": { "ports": [{ "port": 80 }] } }),
        ),
        (
            "networking.k8s.io",
            "v1",
            "NetworkPolicy",
            "networkpolicies",
            json!({ "metadata": { "name": "other" }, "spec": { "podSelector": { "matchLabels": { "app": "other" } } } }),
        ),
        (
            "coordination.k8s.io",
            "v1",
            "Lease",
            "leases",
            json!({ "metadata": { "name": "other" } }),
        ),
    ];
    let mut items = Vec::new();
    for (group, version, kind, plural, object) in objects {
        items.push(create(client, namespace, [group, version, kind, plural], object).await);
    }
    items
}

async fn create(client: &Client, namespace: &str, kind: [&str; 4], mut object: Value) -> Item {
    let [group, version, name, plural] = kind;
    let resource =
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, name), plural);
    object["apiVersion"] = json!(resource.api_version);
    object["kind"] = json!(name);
    let object: DynamicObject = serde_json::from_value(object).expect("an object");
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let made = api.create(&PostParams::default(), &object).await.expect("an object of others");
    Item { name: format!("{plural}/{}", made.name_any()), object: made }
}

/// The planted objects that are no longer as they were, to the byte.
pub fn touched(planted: &[Item], census: &Census, namespace: &str) -> Vec<String> {
    let now = census.get(namespace).map_or(&[][..], Vec::as_slice);
    let same = |before: &&Item| {
        let after = now.iter().find(|item| item.name == before.name);
        // A list's items are without their kind.
        after.is_some_and(|after| {
            after.object.metadata == before.object.metadata
                && after.object.data == before.object.data
        })
    };
    planted
        .iter()
        .filter(|before| !same(before))
        .map(|before| format!("{} is touched", before.name))
        .collect()
}
