//! The objects against the schemas that Kubernetes publishes, of every supported version, strictly: a field that a
//! version does not know is an error.
//!
//! `kubernetes.json` holds the definitions of our kinds, as in `api/openapi-spec/swagger.json` of Kubernetes' source,
//! without prose, status and managedFields. A definition stands under the version from which on it is so.
//! [`renew_the_schemas`] makes the file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use skyward_deployer::manifest::Kind;
use skyward_deployer::render;

use crate::releases;

/// The oldest supported version is the first, the newest published one the last.
const VERSIONS: std::ops::RangeInclusive<u32> = 33..=37;

/// A definition's name to its forms, each under the minor version from which on it has it; null where it is gone.
type Definitions = BTreeMap<String, BTreeMap<u32, Value>>;

#[test]
fn the_objects_are_valid_in_every_supported_version() {
    let definitions = committed();
    for version in VERSIONS {
        for kind in Kind::ALL {
            let validator = validator(&definitions, version, kind);
            let mut seen = 0;
            for (name, release) in releases::all() {
                let manifests =
                    render::manifests(&release).unwrap_or_else(|error| panic!("{error}"));
                for manifest in manifests.iter().filter(|manifest| manifest.id.kind == kind) {
                    let errors = validator.iter_errors(&manifest.object);
                    let errors: Vec<_> =
                        errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
                    assert!(errors.is_empty(), "1.{version}, {name}: {}: {errors:#?}", manifest.id);
                    seen += 1;
                }
            }
            assert!(seen > 0, "no release has {kind}");
        }
    }
}

/// The validator is as strict as it claims: fields that a version lacks, that are missing, or of the wrong type.
#[test]
fn the_schemas_refuse_what_is_wrong() {
    let definitions = committed();
    let manifests = render::manifests(&releases::defaults()).expect("the release can be rendered");
    let deployment = manifests.iter().find(|manifest| manifest.id.kind == Kind::Deployment);
    let object = &deployment.expect("a Deployment").object;
    let is_valid = |version, path: &str, key: &str, value: Value| {
        let mut object = object.clone();
        object.pointer_mut(path).expect("it is rendered")[key] = value;
        validator(&definitions, version, Kind::Deployment).is_valid(&object)
    };
    let (pod, container) = ("/spec/template/spec", "/spec/template/spec/containers/0");
    assert!(is_valid(33, pod, "hostNetwork", json!(false)));
    assert!(!is_valid(33, pod, "hostNetworks", json!(false)), "an unknown field");
    assert!(!is_valid(33, container, "image", json!(7)), "a wrong type");
    assert!(!is_valid(33, "/spec", "selector", Value::Null), "a required field");
    // `hostnameOverride` of pods came with Kubernetes 1.34.
    assert!(!is_valid(33, pod, "hostnameOverride", json!("web")), "a newer version's field");
    assert!(is_valid(34, pod, "hostnameOverride", json!("web")));
}

fn validator(definitions: &Definitions, version: u32, kind: Kind) -> Validator {
    let of_version = definitions.iter().filter_map(|(name, forms)| {
        let (_, form) = forms.range(..=version).next_back()?;
        (!form.is_null()).then(|| (name.clone(), form.clone()))
    });
    let definitions: Map<_, _> = of_version.collect();
    let root = json!({"$ref": format!("#/definitions/{}", definition_of(kind)), "definitions": definitions});
    jsonschema::draft7::new(&root).unwrap_or_else(|error| panic!("1.{version}, {kind}: {error}"))
}

/// The name of a kind in the published definitions.
fn definition_of(kind: Kind) -> String {
    let (group, version) = kind.api_version().split_once('/').unwrap_or(("core", "v1"));
    let group = group.strip_suffix(".k8s.io").unwrap_or(group);
    format!("io.k8s.api.{group}.{version}.{kind}")
}

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "render", "kubernetes.json"].iter().collect()
}

fn committed() -> Definitions {
    let text = std::fs::read_to_string(path()).expect("tests/render/kubernetes.json");
    serde_json::from_str(&text).expect("definitions")
}

/// Not for every day: `cargo test -p skyward-deployer --test render renew_the_schemas -- --ignored`, with a new version
/// in [`VERSIONS`].
#[test]
#[ignore = "downloads the source of Kubernetes, 250 MB, with go"]
fn renew_the_schemas() {
    let mut definitions = Definitions::new();
    for version in VERSIONS {
        let published = published(version);
        let mut reached = BTreeMap::new();
        for kind in Kind::ALL {
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
