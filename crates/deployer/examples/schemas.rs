//! Renews `tests/deployer/render/kubernetes.json`, the published schemas that the rendered objects are held against, after a new
//! version in `VERSIONS`: `cargo run -p skyward-deployer --example schemas`. Downloads the source of Kubernetes, 250 MB,
//! with go.

#[path = "../tests/deployer/render/definitions.rs"]
mod definitions;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use definitions::{Definitions, VERSIONS, definition_of, path};
use serde_json::{Map, Value, json};
use skyward_deployer::manifest::Kind;

fn main() {
    let mut definitions = Definitions::new();
    for version in VERSIONS {
        let published = published(version);
        let mut reached = BTreeMap::new();
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::HttpRoute) {
            reach(&published, &definition_of(kind), &mut reached);
        }
        for name in definitions.keys().chain(reached.keys()).cloned().collect::<Vec<_>>() {
            let form = reached.get(&name).cloned().unwrap_or_default();
            let forms = definitions.entry(name).or_default();
            if forms.values().next_back() != Some(&form) {
                forms.insert(version, form);
            }
        }
    }
    // A line for each form, so that a new version is a readable difference.
    let lines = definitions.iter().map(|(name, forms)| {
        let forms = forms.iter().map(|(version, form)| format!("\n    \"{version}\": {form}"));
        format!("\n  \"{name}\": {{{}\n  }}", forms.collect::<Vec<_>>().join(","))
    });
    let text = format!("{{{}\n}}\n", lines.collect::<Vec<_>>().join(","));
    std::fs::write(path(), text).expect("the file can be written");
}

/// The definitions of a version, from the module of its source, which Go's checksum database vouches for.
fn published(version: u32) -> Value {
    let module = format!("k8s.io/kubernetes@v1.{version}.0");
    let output = Command::new("go").args(["mod", "download", "-json", &module]).output();
    let output = output.expect("go starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let module: Value = serde_json::from_slice(&output.stdout).expect("go writes JSON");
    let folder = PathBuf::from(module["Dir"].as_str().expect("a folder"));
    let text =
        std::fs::read(folder.join("api/openapi-spec/swagger.json")).expect("the specification");
    let mut document: Value = serde_json::from_slice(&text).expect("JSON");
    document["definitions"].take()
}

/// Takes a definition and all that it refers to.
fn reach(published: &Value, name: &str, reached: &mut BTreeMap<String, Value>) {
    if reached.contains_key(name) {
        return;
    }
    let mut form = strict(&published[name]);
    if let Some(properties) = form.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| name != "status" && name != "managedFields");
        form["additionalProperties"] = json!(false);
    }
    if name.ends_with(".IntOrString") {
        form = json!({"type": ["integer", "string"]});
    }
    let mut names = Vec::new();
    references(&form, &mut names);
    reached.insert(name.to_owned(), form);
    for name in names {
        reach(published, &name, reached);
    }
}

/// Without prose and what is for Kubernetes' own tools.
fn strict(form: &Value) -> Value {
    match form {
        Value::Object(entries) => {
            let is_prose = |key: &str, value: &Value| key == "description" && value.is_string();
            let kept = entries
                .iter()
                .filter(|(key, value)| !key.starts_with("x-kubernetes-") && !is_prose(key, value));
            kept.map(|(key, value)| (key.clone(), strict(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(strict).collect(),
        other => other.clone(),
    }
}

fn references(form: &Value, names: &mut Vec<String>) {
    match form {
        Value::Object(entries) => {
            for (key, value) in entries {
                match (key.as_str(), value) {
                    ("$ref", Value::String(path)) => {
                        names.extend(path.strip_prefix("#/definitions/").map(str::to_owned));
                    }
                    _ => references(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}
