//! Objects as YAML.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::manifest::Manifest;

/// All objects as one stream of documents.
pub fn yaml(manifests: &[Manifest]) -> String {
    let documents: Vec<_> = manifests.iter().map(|manifest| document(&manifest.object)).collect();
    documents.join("---\n")
}

/// One file per object: its name and its content. The names sort in the order of [`crate::manifest::Kind`].
pub fn files(manifests: &[Manifest]) -> Vec<(String, String)> {
    let name = |manifest: &Manifest| {
        let (order, kind) = (manifest.id.kind.order(), manifest.id.kind.as_str().to_lowercase());
        format!("{order}-{kind}-{}.yaml", manifest.id.name)
    };
    manifests.iter().map(|manifest| (name(manifest), document(&manifest.object))).collect()
}

/// Strings that YAML, 1.1 or 1.2, would read as something else are quoted.
pub(crate) fn document(object: &Value) -> String {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(&Ordered(object), options)
        .expect("what JSON can say, YAML can say")
}

/// JSON with the keys in the order in which people look for them, the others by name.
struct Ordered<'a>(&'a Value);

/// The keys that come first in a map.
const FIRST: [&str; 4] = ["apiVersion", "kind", "metadata", "name"];

/// The entries of a map in that order.
pub(crate) fn in_order(entries: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let rank = |key: &String| FIRST.iter().position(|first| first == key);
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| (rank(key).unwrap_or(FIRST.len()), *key));
    entries
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in in_order(entries) {
                    map.serialize_entry(key, &Ordered(value))?;
                }
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            other => other.serialize(serializer),
        }
    }
}
