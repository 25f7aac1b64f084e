//! Where a kind is among the published definitions, and which versions there are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use skyward_deployer::manifest::Kind;

/// The oldest supported version is the first, the newest published one the last.
pub(crate) const VERSIONS: std::ops::RangeInclusive<u32> = 33..=37;

/// A definition's name to its forms, each under the minor version from which on it has it; null where it is gone.
pub(crate) type Definitions = BTreeMap<String, BTreeMap<u32, Value>>;

/// The name of a kind in the published definitions.
pub(crate) fn definition_of(kind: Kind) -> String {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("core", "v1"));
    let group = group.strip_suffix(".k8s.io").unwrap_or(group);
    format!("io.k8s.api.{group}.{version}.{kind}")
}

/// The committed file.
pub(crate) fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "deployer", "render", "kubernetes.json"].iter().collect()
}
