//! A kind of AWS resource has one home for each of its sides (the stack's, AWS's, the simulated account's), and the engine knows none by
//! name.

use std::path::Path;

use crate::{files, read, workspace};

/// Kinds of ours that AWS keeps as a part of another resource, or as something more general: their calls and their simulation are in
/// the file of that.
const PARTS: [(&str, &str); 5] = [
    ("default_security_group", "security_group"),
    ("release", "object"),
    ("route", "route_table"),
    ("scaling_policy", "auto_scaling_group"),
    ("security_group_rules", "security_group"),
];

/// The parts of the provisioner that carry out a stack, whatever its kinds are.
const ENGINE: [&str; 6] = ["topology", "observe", "plan", "execute", "preflight", "run"];

#[test]
fn a_kind_has_one_file_for_each_of_its_sides() {
    let list = read("crates/provisioner/src/kind.rs");
    let kinds: Vec<_> =
        list.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
    assert!(kinds.len() >= 23, "the list of kinds was not read: {kinds:?}");
    for kind in kinds {
        let whole = PARTS.iter().find(|(part, _)| *part == kind).map_or(kind, |(_, whole)| whole);
        for file in [
            format!("crates/provisioner/src/kind/{kind}.rs"),
            format!("crates/aws/src/kind/{whole}.rs"),
            format!("crates/aws/src/kind/{whole}/simulated.rs"),
        ] {
            assert!(workspace().join(&file).is_file(), "the kind {kind} has no {file}");
        }
    }
}

#[test]
fn the_engine_names_no_kind() {
    let folder = workspace().join("crates/provisioner/src");
    let is_engine = |file: &Path| {
        let first = file.strip_prefix(&folder).unwrap().iter().next().unwrap();
        ENGINE.iter().any(|part| Path::new(first).file_stem().unwrap() == *part)
    };
    let engine: Vec<_> = files(&folder, "rs").into_iter().filter(|file| is_engine(file)).collect();
    assert!(engine.len() >= ENGINE.len(), "the engine was not found: {engine:?}");
    for file in engine {
        let text = std::fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        // `kind::ALL` is the list; `kind::Subnet` would be one of them.
        let named = product.split("kind::").skip(1).find(|rest| {
            let mut letters = rest.chars();
            letters.next().is_some_and(char::is_uppercase)
                && letters.next().is_some_and(char::is_lowercase)
        });
        assert!(named.is_none(), "{} names a kind", file.display());
    }
}
