//! Lists that are maps: their items are named by a key, so that one more item is one difference.

use serde_json::Value;

/// The merge keys of Kubernetes' lists (`x-kubernetes-list-map-keys` in its `OpenAPI` document, for the kinds of a release).
/// Several fields make the key of one item; the first row that fits all items of both lists is used.
const KEYS: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("volumes", &["name"]),
    ("env", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("imagePullSecrets", &["name"]),
    ("secrets", &["name"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("conditions", &["type"]),
    ("hostAliases", &["ip"]),
    ("ownerReferences", &["uid"]),
    ("resourceClaims", &["name"]),
    // A container's.
    ("ports", &["containerPort", "protocol"]),
    // A Service's.
    ("ports", &["port", "protocol"]),
    // An Ingress's and its paths; atomic for the API server, and yet people name them so.
    ("rules", &["host"]),
    ("paths", &["path"]),
    ("tls", &["secretName"]),
];

/// The pairing of the items of two lists.
pub(super) enum Items<'v> {
    /// Not at all: the lists are one value.
    Whole,
    /// By their position.
    ByPosition,
    /// By their key.
    ByKey {
        /// Each key with its item before and after, in the order of the later list, those that go last.
        pairs: Vec<(String, Option<&'v Value>, Option<&'v Value>)>,
        /// The keys before and after, where the same items stand in another order.
        moved: Option<(Vec<String>, Vec<String>)>,
    },
}

/// Decides how the lists in a field of this name are compared.
pub(super) fn paired<'v>(field: &str, before: &'v [Value], after: &'v [Value]) -> Items<'v> {
    let rows = KEYS.iter().filter(|(name, _)| *name == field);
    let keyed =
        rows.into_iter().find_map(|(_, key)| Some([by_key(before, key)?, by_key(after, key)?]));
    match keyed {
        Some([before, after]) => by_keys(&before, &after),
        None if before.iter().chain(after).all(Value::is_object) => Items::ByPosition,
        None => Items::Whole,
    }
}

fn by_keys<'v>(before: &[(String, &'v Value)], after: &[(String, &'v Value)]) -> Items<'v> {
    let find = |list: &[(String, &'v Value)], key: &str| {
        list.iter().find(|(other, _)| other == key).map(|(_, item)| *item)
    };
    let kept = after.iter().map(|(key, item)| (key.clone(), find(before, key), Some(*item)));
    let gone = before
        .iter()
        .filter(|(key, _)| find(after, key).is_none())
        .map(|(key, item)| (key.clone(), Some(*item), None));
    let order = |of: &[(String, &'v Value)], other: &[(String, &'v Value)]| {
        let common = of.iter().filter(|(key, _)| find(other, key).is_some());
        common.map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    let (old, new) = (order(before, after), order(after, before));
    let moved = (old != new).then_some((old, new));
    Items::ByKey { pairs: kept.chain(gone).collect(), moved }
}

fn by_key<'v>(items: &'v [Value], fields: &[&str]) -> Option<Vec<(String, &'v Value)>> {
    let mut named: Vec<(String, &Value)> = Vec::with_capacity(items.len());
    for item in items {
        let key = fields
            .iter()
            .map(|field| match item.get(field)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()?
            .join("/");
        if named.iter().any(|(other, _)| *other == key) {
            return None;
        }
        named.push((key, item));
    }
    Some(named)
}
