//! The rights of a deployment: on its objects, its history, its lock, and what it follows. One list, from which `render --rights`
//! prints a Role, `doctor` asks, and a deployment sees that it may before it writes anything.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::api::{ApiServer, CallError, ResourcePath};
use crate::manifest::Kind;
use crate::release::Release;
use crate::render;

/// A right that a deployment needs, in its namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right {
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) subresource: &'static str,
    pub(crate) verb: &'static str,
}

impl Right {
    fn new(
        verb: &'static str,
        api_version: &str,
        resource: &str,
        subresource: &'static str,
    ) -> Self {
        let group = api_version.split_once('/').map_or("", |(group, _)| group).to_owned();
        Self { group, resource: resource.to_owned(), subresource, verb }
    }

    /// The resource as a rule names it.
    fn path(&self) -> String {
        let slash = if self.subresource.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", self.resource, self.subresource)
    }

    /// As it is shown: `patch deployments.apps`.
    pub(crate) fn shown(&self) -> String {
        let slash = if self.subresource.is_empty() { "" } else { "/" };
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        format!("{} {}{group}{slash}{}", self.verb, self.resource, self.subresource)
    }

    /// Returns true where a rule of RBAC grants it on every object.
    fn is_granted(&self, rule: &Value) -> bool {
        let holds = |field: &str, wanted: &str| {
            let all = rule[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            all.into_iter().any(|it| it == "*" || it == wanted)
        };
        let names = rule["resourceNames"].as_array().is_none_or(Vec::is_empty);
        names
            && holds("verbs", self.verb)
            && holds("apiGroups", &self.group)
            && holds("resources", &self.path())
    }
}

/// The rights on objects of these kinds, and those of every deployment.
pub(crate) fn of_kinds(kinds: &BTreeSet<Kind>) -> Vec<Right> {
    let mut rights = BTreeSet::new();
    let mut add = |verbs: &[&'static str], api_version: &str, resource: &str| {
        rights.extend(verbs.iter().map(|verb| Right::new(verb, api_version, resource, "")));
    };
    for kind in kinds.iter().filter(|kind| **kind != Kind::Namespace) {
        // What is not there yet is created by a patch.
        add(&["get", "create", "patch", "delete"], kind.api_version(), kind.plural());
        match kind {
            Kind::Deployment => add(&["list", "watch"], kind.api_version(), kind.plural()),
            // Those of a release that has none any more are found by their labels.
            Kind::PersistentVolumeClaim => add(&["list"], kind.api_version(), kind.plural()),
            _ => {}
        }
    }
    add(&["get"], "v1", "namespaces");
    add(&["get", "list", "create", "update", "delete"], "v1", "secrets");
    add(&["get", "create", "update", "delete"], "coordination.k8s.io/v1", "leases");
    add(&["list", "watch"], "apps/v1", "replicasets");
    add(&["list", "watch"], "v1", "pods");
    add(&["list", "watch"], "v1", "events");
    add(&["list", "watch"], "discovery.k8s.io/v1", "endpointslices");
    rights.insert(Right::new("get", "v1", "pods", "log"));
    rights.into_iter().collect()
}

/// The rights that a release needs. What cannot be rendered is told where it is deployed; until then it needs what every release does.
pub(crate) fn of_release(release: &Release) -> Vec<Right> {
    let manifests = render::manifests(release).unwrap_or_default();
    of_kinds(&manifests.iter().map(|manifest| manifest.id.kind).collect())
}

/// A Role with just these rights.
pub(crate) fn role(release: &Release) -> Value {
    let mut rules = BTreeMap::<(String, Vec<&str>), BTreeSet<String>>::new();
    let mut verbs = BTreeMap::<(String, String), Vec<&str>>::new();
    for right in of_release(release) {
        verbs.entry((right.group.clone(), right.path())).or_default().push(right.verb);
    }
    for ((group, resource), verbs) in verbs {
        rules.entry((group, verbs)).or_default().insert(resource);
    }
    let rules: Vec<_> = rules
        .into_iter()
        .map(|((group, verbs), resources)| {
            json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
        })
        .collect();
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": { "name": format!("{}-deployer", release.name()), "namespace": release.namespace() },
        "rules": rules,
    })
}

/// Returns those of the rights that we do not have. One question tells our rules; a right that none of them grants is asked for by itself,
/// because authorizers other than RBAC need not tell their rules. The API server keeps nothing of either.
pub(crate) async fn missing(
    api: &ApiServer,
    namespace: &str,
    rights: &[Right],
) -> Result<Vec<Right>, CallError> {
    let spec = json!({ "namespace": namespace });
    let answer = review(api, "SelfSubjectRulesReview", "the review of our rights", spec).await?;
    let rules = answer["status"]["resourceRules"].as_array().cloned().unwrap_or_default();
    let open = rights.iter().filter(|right| !rules.iter().any(|rule| right.is_granted(rule)));
    let asked = open.map(async |right| Ok((right, is_allowed(api, namespace, right).await?)));
    let asked: Vec<_> = join_all(asked).await.into_iter().collect::<Result<_, CallError>>()?;
    Ok(asked.into_iter().filter(|(_, is_allowed)| !is_allowed).map(|(it, _)| it.clone()).collect())
}

async fn is_allowed(api: &ApiServer, namespace: &str, right: &Right) -> Result<bool, CallError> {
    let spec = json!({ "resourceAttributes": {
        "namespace": namespace,
        "verb": right.verb,
        "group": right.group,
        "resource": right.resource,
        "subresource": right.subresource,
    }});
    let shown = format!("the review of {}", right.shown());
    let answer = review(api, "SelfSubjectAccessReview", &shown, spec).await?;
    Ok(answer["status"]["allowed"] == true)
}

/// Asks about ourselves.
async fn review(api: &ApiServer, kind: &str, shown: &str, spec: Value) -> Result<Value, CallError> {
    let place = ResourcePath {
        collection: format!("/apis/authorization.k8s.io/v1/{}s", kind.to_lowercase()),
        name: String::new(),
        shown: shown.to_owned(),
    };
    let question = json!({ "apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec });
    api.create(&place, &question).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_grants_what_it_says_on_every_object() {
        let right = Right::new("get", "apps/v1", "deployments", "");
        for (rule, is_granted) in [
            (json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}), true),
            (json!({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"]}), true),
            (json!({"verbs": ["get"], "apiGroups": [""], "resources": ["deployments"]}), false),
            (json!({"verbs": ["list"], "apiGroups": ["apps"], "resources": ["*"]}), false),
            (
                json!({"verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["web"]}),
                false,
            ),
        ] {
            assert_eq!(right.is_granted(&rule), is_granted, "{rule}");
        }
        assert_eq!(Right::new("get", "v1", "pods", "log").path(), "pods/log");
    }
}
