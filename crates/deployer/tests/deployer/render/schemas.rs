//! The objects against the schemas that Kubernetes publishes, of every supported version, strictly: a field that a
//! version does not know is an error.
//!
//! `kubernetes.json` holds the definitions of our kinds, as in `api/openapi-spec/swagger.json` of Kubernetes' source,
//! without prose, status and managedFields. A definition stands under the version from which on it is so.
//! `cargo run -p skyward-deployer --example schemas` makes the file.

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use skyward_deployer::manifest::Kind;
use skyward_deployer::render;

use super::definitions::{Definitions, VERSIONS, definition_of, path};
use super::releases;

#[test]
fn the_objects_are_valid_in_every_supported_version() {
    let definitions = committed();
    for version in VERSIONS {
        // The Gateway API's is a definition of its own, which no version of Kubernetes brings.
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::HttpRoute) {
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

fn committed() -> Definitions {
    let text = std::fs::read_to_string(path()).expect("tests/deployer/render/kubernetes.json");
    serde_json::from_str(&text).expect("definitions")
}
