//! Objects as YAML.

use serde_json::Value;

use crate::manifest::{Kind, Manifest};

/// All objects as one stream of documents.
pub fn yaml(manifests: &[Manifest]) -> String {
    let documents: Vec<_> = manifests.iter().map(|manifest| document(&manifest.object)).collect();
    documents.join("---\n")
}

/// One file per object, named so that their order is that of [`Kind`].
pub fn files(manifests: &[Manifest]) -> Vec<(String, String)> {
    let name = |manifest: &Manifest| {
        let order = Kind::ALL.iter().position(|kind| *kind == manifest.id.kind).unwrap_or_default();
        let kind = manifest.id.kind.as_str().to_lowercase();
        format!("{}0-{kind}-{}.yaml", order + 1, manifest.id.name)
    };
    manifests.iter().map(|manifest| (name(manifest), document(&manifest.object))).collect()
}

fn document(object: &Value) -> String {
    serde_saphyr::to_string(object).expect("an object is YAML")
}
