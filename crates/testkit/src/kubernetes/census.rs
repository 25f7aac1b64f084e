//! Every object of a cluster, of whatever kind the API server serves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kube::api::{Api, DynamicObject, ListParams};
use kube::discovery::{ApiGroup, Discovery, Scope, verbs};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

/// The objects of one namespace; those of none are under the empty name.
pub type Census = BTreeMap<String, Vec<Item>>;

/// An object.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Such as `services/web`.
    pub name: String,
    pub object: DynamicObject,
}

/// Lists what there is. Events come and go by themselves; Endpoints mirror `EndpointSlice`s.
pub async fn take(client: &Client) -> Census {
    list(client, None).await
}

/// The objects of a namespace.
pub async fn of(client: &Client, namespace: &str) -> Vec<Item> {
    list(client, Some(namespace)).await.remove(namespace).unwrap_or_default()
}

async fn list(client: &Client, only: Option<&str>) -> Census {
    let discovery = Discovery::new(client.clone()).run().await.expect("what the API server serves");
    let mut census = Census::new();
    for (resource, capabilities) in discovery.groups().flat_map(ApiGroup::recommended_resources) {
        let skipped = matches!(&*resource.plural, "events" | "endpoints" | "componentstatuses");
        if skipped || !capabilities.supports_operation(verbs::LIST) {
            continue;
        }
        let namespaced = capabilities.scope == Scope::Namespaced;
        let api: Api<DynamicObject> = match only {
            None => Api::all_with(client.clone(), &resource),
            Some(namespace) if namespaced => {
                Api::namespaced_with(client.clone(), namespace, &resource)
            }
            Some(_) => continue,
        };
        let list = match api.list(&ListParams::default()).await {
            Ok(list) => list,
            // Another test has taken its kind away since the API server was asked what it serves.
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            Err(error) => panic!("{}: {error}", resource.plural),
        };
        for object in list.items {
            let namespace = if namespaced { object.namespace() } else { None };
            let name = format!("{}/{}", resource.plural, object.name_any());
            census.entry(namespace.unwrap_or_default()).or_default().push(Item { name, object });
        }
    }
    // Discovery has no order.
    for items in census.values_mut() {
        items.sort_by(|a, b| a.name.cmp(&b.name));
    }
    census
}

/// The objects of a namespace, once no controller has written to them for two seconds.
pub async fn settled(client: &Client, namespace: &str) -> Vec<Item> {
    let mut before = Vec::new();
    for _ in 0..30 {
        let now = of(client, namespace).await;
        if before == now {
            return now;
        }
        before = now;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let names: Vec<_> = before.iter().map(|item| &item.name).collect();
    panic!("someone writes to {names:?} for more than a minute");
}

/// Lists what there is, once no controller has written to the namespaces that `is_watched` names for two seconds. What is still written
/// to after a minute is listed as it is then.
pub async fn take_settled(client: &Client, is_watched: impl Fn(&str) -> bool) -> Census {
    let watched = |census: &Census| {
        let namespaces = census[""]
            .iter()
            .filter(|item| item.name.strip_prefix("namespaces/").is_some_and(&is_watched));
        let others = census.iter().filter(|(namespace, _)| is_watched(namespace));
        namespaces.chain(others.flat_map(|(_, items)| items)).cloned().collect::<Vec<_>>()
    };
    let mut census = take(client).await;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let next = take(client).await;
        let is_settled = watched(&census) == watched(&next);
        census = next;
        if is_settled {
            break;
        }
    }
    census
}

impl Item {
    /// Returns true where another object that is there owns it.
    pub fn is_owned(&self, uids: &BTreeSet<String>) -> bool {
        self.object.owner_references().iter().any(|owner| uids.contains(&owner.uid))
    }

    /// Returns true for what Kubernetes puts into every namespace.
    pub fn is_of_every_namespace(&self) -> bool {
        matches!(&*self.name, "configmaps/kube-root-ca.crt" | "serviceaccounts/default")
    }

    /// Its content, without what differs between two objects that were made alike in different namespaces at different times.
    pub fn substance(&self) -> Value {
        let mut value = serde_json::to_value(&self.object).expect("JSON");
        let namespace = self.object.namespace().unwrap_or_default();
        value["metadata"] = json!({ "labels": value["metadata"]["labels"] });
        if let Some(fields) = value.as_object_mut() {
            fields.remove("status");
        }
        if let Some(spec) = value["spec"].as_object_mut() {
            spec.retain(|key, _| !key.starts_with("clusterIP"));
        }
        let text = value.to_string();
        let text = if namespace.is_empty() { text } else { text.replace(&namespace, "NAMESPACE") };
        serde_json::from_str(&text).expect("JSON still")
    }
}

/// The uids of all that is there.
pub fn uids(census: &Census) -> BTreeSet<String> {
    census.values().flatten().filter_map(|item| item.object.uid()).collect()
}
