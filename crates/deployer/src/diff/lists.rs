//! Which lists are maps: their items are named by a key, so that one more item is one difference.

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

/// The key of each item of both lists, where every item has one and none occurs twice in a list.
pub(super) fn keyed<'v>(
    field: &str,
    before: &'v [Value],
    after: &'v [Value],
) -> Option<[Vec<(String, &'v Value)>; 2]> {
    KEYS.iter()
        .filter(|(name, _)| *name == field)
        .find_map(|(_, fields)| Some([by_key(before, fields)?, by_key(after, fields)?]))
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
