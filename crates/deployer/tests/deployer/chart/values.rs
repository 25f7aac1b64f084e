//! The values and their schema, without Helm.

use serde_json::{Value, json};

use super::files;
use crate::render::releases;

fn schema(release: &skyward_deployer::release::Release) -> Value {
    serde_json::from_str(&files(release)["values.schema.json"]).expect("the schema is JSON")
}

#[test]
fn the_files_of_a_chart() {
    let files = files(&releases::with_everything());
    let names: Vec<_> = files.keys().cloned().collect();
    insta::assert_snapshot!("files", names.join("\n"));
    for name in ["Chart.yaml", "values.yaml", "README.md", "templates/_exceptions.tpl"] {
        insta::assert_snapshot!(name.replace('/', "-"), files[name]);
    }
}

/// A new key of the configuration is either a value of the chart, or named here with its reason.
#[test]
fn every_key_of_the_configuration_is_a_value_or_has_no_place_in_a_chart() {
    // How the service is built and asked; how the cluster is reached; what the deployer does and Helm does otherwise; how the machines
    // of a cluster are set up. From `files` on: written into the templates as they are configured.
    let elsewhere = [
        "service.package",
        "service.binary",
        "service.health",
        "k3s.kubeconfig",
        "k3s.context",
        "k3s.delivery",
        "k3s.timeout_s",
        "k3s.history",
        "k3s.cluster",
        "k3s.endpoint",
        "k3s.machine",
        "k3s.version",
        "k3s.sha256",
        "k3s.download",
        "k3s.airgap",
        "k3s.registries",
        "k3s.registries_file",
        "k3s.embedded_registry",
        "k3s.traefik",
        "k3s.servicelb",
        "k3s.node_env",
        "k3s.pod_network",
        "k3s.service_network",
        "k3s.options",
        "k3s.node_timeout_s",
        "k3s.files",
        "k3s.secret_files",
        "k3s.volume",
        "k3s.job",
        "k3s.worker",
        "k3s.manifests",
        "k3s.toleration",
        "k3s.spread",
        "k3s.gateway",
        "k3s.gateway_listeners",
        "k3s.metric",
        "k3s.extra_port",
        "k3s.allow_from",
        "k3s.allow_to",
    ];
    let (chart, document) = (schema(&releases::defaults()), skyward_config::schema());
    for (section, form) in [("service", "Service"), ("k3s", "K3s")] {
        let here = chart["properties"][section]["properties"].as_object().expect("a section");
        for (key, form) in document["$defs"][form]["properties"].as_object().expect("properties") {
            let name = format!("{section}.{key}");
            assert_ne!(here.contains_key(key), elsewhere.contains(&name.as_str()), "{name}");
            if let (Some(pattern), Some(here)) = (form.get("pattern"), here.get(key)) {
                let here = if name == "k3s.namespace" { &here["anyOf"][1] } else { here };
                assert_eq!(
                    &here["pattern"], pattern,
                    "{name}: the same form as in the configuration"
                );
            }
        }
        for (key, form) in here {
            assert!(
                form["description"].as_str().is_some_and(|text| text.len() > 10),
                "{section}.{key}"
            );
        }
    }
}

#[test]
fn the_schema_takes_the_values_of_its_release() {
    for (name, release) in releases::all() {
        let values: Value = serde_saphyr::from_str(&files(&release)["values.yaml"]).expect("YAML");
        let schema = jsonschema::validator_for(&schema(&release)).expect("a schema");
        let errors: Vec<_> = schema.iter_errors(&values).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn the_schema_refuses_what_the_configuration_refuses() {
    let release = releases::defaults();
    let schema = jsonschema::validator_for(&schema(&release)).expect("a schema");
    let values: Value = serde_saphyr::from_str(&files(&release)["values.yaml"]).expect("YAML");
    let wrong = [
        ("/k3s/replicas", json!(0)),
        ("/k3s/replicas", json!("2")),
        ("/k3s/cpu", json!("0.5")),
        ("/k3s/memory", json!("64MB")),
        ("/k3s/namespace", json!("Web")),
        ("/k3s/ingress", json!("nip-io")),
        ("/k3s/egress", json!(["10.0.0.1"])),
        ("/k3s/secrets", json!({"URL": "database"})),
        ("/k3s/env", json!({"1st": "no"})),
        ("/service/port", json!(0)),
        ("/service/log_format", json!("xml")),
        ("/service/name", json!("1web")),
        ("/user", json!(0)),
        ("/image", json!("")),
        ("/image", json!("UPPER/x")),
        ("/image", json!("acme/Web:1")),
        ("/k3s", json!({})),
        ("/service/nmae", json!("web")),
        ("/replicas", json!(2)),
    ];
    assert!(schema.is_valid(&values));
    for (path, value) in wrong {
        let mut values = values.clone();
        let (table, key) = path.rsplit_once('/').expect("a path");
        values.pointer_mut(table).expect("a table")[key] = value;
        assert!(!schema.is_valid(&values), "{path}: {}", values.pointer(path).expect("it was set"));
    }
}
