//! The objects of others in a namespace: asked for before the namespace is deleted, and everything in it with it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIResource, ObjectMeta};

use super::ApiServer;
use super::error::{CallError, Reason, Verb};
use super::path::{self, ResourcePath};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

/// So many are named: a person wants to know that there is something, not all of it.
const NAMED: usize = 5;

/// Virtual objects that stand for pods.
const METRICS: &str = "metrics.k8s.io";

impl ApiServer {
    /// Objects of the namespace that are neither the release's, nor made by Kubernetes for every namespace, nor on their way
    /// out: some of them, by kind and name. Every kind that the API server serves is looked at.
    ///
    /// # Errors
    /// All but a missing permission: what may not be listed counts as something of others.
    pub async fn others_in(
        &self,
        namespace: &str,
        release: &str,
    ) -> Result<Vec<String>, CallError> {
        let mut others = Vec::new();
        for (api_version, resource) in self.namespaced_resources().await? {
            let shown = format!("{} in namespace {namespace}", resource.name);
            let place = ResourcePath {
                collection: path::collection(&api_version, &resource.name, Some(namespace)),
                name: String::new(),
                shown,
            };
            let items = match self.list_metadata(&place, "").await {
                Ok(items) => items,
                Err(CallError { reason: Reason::Forbidden(_), .. }) => {
                    others.push(format!("{} (may not be listed)", resource.name));
                    continue;
                }
                // It was served a moment ago: an aggregated API, or a definition that has just gone.
                Err(CallError { reason: Reason::NotFound | Reason::NoKind, .. }) => continue,
                Err(error) => return Err(error),
            };
            let foreign = items.iter().filter(|item| is_foreign(&resource.kind, item, release));
            others.extend(foreign.map(|item| format!("{} {}", resource.kind, name(item))));
            if others.len() >= NAMED {
                others.truncate(NAMED);
                break;
            }
        }
        Ok(others)
    }

    /// The kinds of an `apiVersion`; none where the API server does not have it.
    ///
    /// # Errors
    /// The API server does not tell.
    pub(crate) async fn kinds_of(&self, api_version: &str) -> Result<Vec<APIResource>, CallError> {
        let client = &self.client();
        let served = "the kinds that the API server serves";
        let listed = if api_version.contains('/') {
            self.call(Verb::List, served, || client.list_api_group_resources(api_version)).await
        } else {
            self.call(Verb::List, served, || client.list_core_api_resources(api_version)).await
        };
        match listed {
            Ok(list) => Ok(list.resources),
            Err(CallError { reason: Reason::NotFound | Reason::NoKind, .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Every kind of object that lies in namespaces and can be listed, with its `apiVersion`.
    async fn namespaced_resources(&self) -> Result<Vec<(String, APIResource)>, CallError> {
        let client = &self.client();
        let served = "the kinds that the API server serves";
        let listable = |resource: &APIResource| {
            resource.namespaced
                && !resource.name.contains('/')
                && resource.verbs.iter().any(|verb| verb == "list")
                && resource.kind != "Event"
        };
        let core = "v1".to_owned();
        let groups = self.call(Verb::List, served, || client.list_api_groups()).await?;
        let groups = groups.groups.into_iter().filter(|group| group.name != METRICS);
        let versions = groups.filter_map(|group| {
            let version = group.preferred_version.or_else(|| group.versions.into_iter().next());
            version.map(|version| version.group_version)
        });
        let mut all = Vec::new();
        for version in std::iter::once(core).chain(versions) {
            // A group may go with its last definition, after it was listed.
            let kinds = self.kinds_of(&version).await?;
            all.extend(kinds.into_iter().filter(listable).map(|kind| (version.clone(), kind)));
        }
        Ok(all)
    }
}

/// Returns true for an object that somebody would miss.
fn is_foreign(kind: &str, item: &ObjectMeta, release: &str) -> bool {
    let label = |name: &str| item.labels.as_ref()?.get(name).map(String::as_str);
    // Labels are soon copied: only what is still there when all else of ours is gone counts as ours, the lock and the
    // shadow of a Service.
    let ours = label(MANAGED_BY) == Some(MANAGER)
        && label(INSTANCE) == Some(release)
        && matches!(kind, "Lease" | "Endpoints");
    // Its owner is looked at in its own turn.
    let owned = item.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
    let leaving = item.deletion_timestamp.is_some();
    let everywhere = matches!(
        (kind, name(item)),
        ("ConfigMap", "kube-root-ca.crt" | "openshift-service-ca.crt")
            | ("ServiceAccount", "default")
    );
    !(ours || owned || leaving || everywhere)
}

fn name(item: &ObjectMeta) -> &str {
    item.name.as_deref().unwrap_or_default()
}
