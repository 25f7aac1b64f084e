//! The chart with the real Helm: what it renders is what we render.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use skyward_deployer::release::{MANAGED_BY, Release};
use skyward_deployer::render;
use tempfile::TempDir;

use super::files;
use crate::render::releases;

fn written(release: &Release) -> TempDir {
    let folder = tempfile::Builder::new().prefix("chart-").tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("templates")).expect("a folder");
    for (name, text) in files(release) {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// Helm with folders of its own, so that it reads and leaves nothing elsewhere.
fn helm(chart: &Path, command: &str, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    let mut helm = Command::new("helm");
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        helm.env(variable, home.path());
    }
    helm.arg(command).args(arguments).arg(chart).output().expect("helm starts")
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(&[out.as_slice(), err].concat()).into_owned()
}

/// Without a cluster, Helm has to be told of its version.
fn template(chart: &Path, arguments: &[&str]) -> Output {
    helm(chart, "template", &[arguments, &["--kube-version=v1.33.0"]].concat())
}

/// The objects that Helm renders, by kind and name.
fn templated(chart: &Path, arguments: &[&str]) -> BTreeMap<String, Value> {
    let output = template(chart, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    let stream = String::from_utf8(output.stdout).expect("YAML is UTF-8");
    let objects: Vec<Value> = serde_saphyr::from_multiple(&stream).expect("Helm writes YAML");
    objects.into_iter().filter(|object| !object.is_null()).map(named).collect()
}

/// What we render; the label says Helm, where it is about the object, because Helm takes over nothing without it.
fn rendered(release: &Release) -> BTreeMap<String, Value> {
    let manifests = render::manifests(release).unwrap_or_else(|error| panic!("{error}"));
    let objects = manifests.into_iter().map(|manifest| {
        let mut object = manifest.object;
        object["metadata"]["labels"][MANAGED_BY] = json!("Helm");
        object
    });
    objects.map(named).collect()
}

fn named(mut object: Value) -> (String, Value) {
    // Helm's hooks are there instead of ours.
    if object["kind"] == "Job" {
        object["metadata"]["annotations"] = Value::Null;
    }
    // A further process has its own variables after the service's there. None refers to another, so their order says nothing.
    let labels = &object["metadata"]["labels"];
    if labels["app.kubernetes.io/name"] != labels["app.kubernetes.io/instance"] {
        for pod in ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"] {
            let variables = object.pointer_mut(&format!("{pod}/containers/0/env"));
            if let Some(Value::Array(variables)) = variables {
                variables.sort_by_key(|variable| variable["name"].to_string());
            }
        }
    }
    (format!("{} {}", object["kind"], object["metadata"]["name"]), object)
}

#[track_caller]
fn assert_same(what: &str, ours: &BTreeMap<String, Value>, theirs: &BTreeMap<String, Value>) {
    let names = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs), "{what}");
    for (name, object) in ours {
        assert_eq!(object, &theirs[name], "{what}: {name}, ours and Helm's");
    }
}

#[test]
#[ignore = "needs helm"]
fn helm_renders_what_we_render() {
    for (name, release) in releases::all() {
        let chart = written(&release);
        assert_same(name, &rendered(&release), &templated(chart.path(), &[]));
    }
}

/// The defaults are one release's, the values another's: nothing that is a value is fixed in the templates.
#[test]
#[ignore = "needs helm"]
fn helm_renders_other_values_as_we_render_another_release() {
    let chart = written(&releases::with_nothing());
    let of_values = [("values", releases::with_values()), ("nginx", releases::with_nginx())];
    for (name, release) in releases::audited().into_iter().chain(of_values) {
        let other = written(&release);
        let values = other.path().join("values.yaml");
        let arguments = ["--values", values.to_str().expect("a path")];
        assert_same(name, &rendered(&release), &templated(chart.path(), &arguments));
    }
}

#[test]
#[ignore = "needs helm"]
fn without_a_namespace_the_objects_are_in_that_of_helm() {
    let release = releases::defaults();
    let chart = written(&release);
    let arguments = ["--namespace", "elsewhere", "--set", "k3s.namespace="];
    let objects = templated(chart.path(), &arguments);
    assert_eq!(objects.len(), rendered(&release).len() - 1, "all but the Namespace");
    for (name, object) in objects {
        assert_eq!(object["metadata"]["namespace"], "elsewhere", "{name}");
    }
}

/// As people type it: `helm upgrade --install --namespace X --create-namespace`, X being the chart's own.
#[test]
#[ignore = "needs helm"]
fn a_namespace_that_helm_makes_is_not_made_again() {
    let release = releases::defaults();
    let chart = written(&release);
    let objects = templated(chart.path(), &["--namespace", release.namespace()]);
    assert_eq!(objects.len(), rendered(&release).len() - 1, "all but the Namespace");
    for (name, object) in objects {
        assert_eq!(object["metadata"]["namespace"], release.namespace(), "{name}");
    }
}

#[test]
#[ignore = "needs helm"]
fn helm_lint_finds_nothing() {
    for (name, release) in releases::all() {
        let chart = written(&release);
        let output = helm(chart.path(), "lint", &["--strict"]);
        assert!(output.status.success(), "{name}: {}", text(&output));
        assert!(!text(&output).contains("[WARNING]"), "{name}: {}", text(&output));
    }
}

#[test]
#[ignore = "needs helm"]
fn helm_refuses_wrong_values() {
    let chart = written(&releases::defaults());
    let wrong = [
        ("k3s.replicas=0", "/k3s/replicas"),
        ("k3s.memory=\"64MB\"", "/k3s/memory"),
        ("k3s.replica=2", "replica"),
        ("service.port=0", "/service/port"),
        ("k3s.cpu=null", "cpu"),
        ("service.host=\"127.0.0.1\"", "nothing outside the pod reaches 127.0.0.1"),
        ("k3s.env.SKYWARD_SERVICE__PORT=\"web\"", "`web` is not a port"),
        ("k3s.env.SKYWARD_SERVICE__ADMIN_PORT=\"8000\"", "the two differ"),
        ("k3s.env.SKYWARD_SERVICE__DRAIN_CAP_MS=\"8s\"", "`8s` is not a number of milliseconds"),
        ("k3s.secrets.SKYWARD_SERVICE__PORT=\"a/b\"", "cannot come from a Secret"),
        ("image=\"UPPER/x\"", "/image"),
        ("image=\"web@sha256:12\"", "/image"),
        ("k3s.max_replicas=1", "replicas is the least and max_replicas the most"),
        ("k3s.memory=\"4Gi\"", "4Gi is promised"),
        ("k3s.cpu=\"9000m\"", "9000m is promised"),
        ("service={\"drain_delay_ms\":9000,\"drain_cap_ms\":8000}", "longer than the cap"),
        ("service.env.SKYWARD_SERVICE__PORT=\"1\"", "set service.port instead"),
        ("service.allowed_hosts=[\"*.example.com\"]", "the service would refuse"),
        ("k3s={\"env\":{\"URL\":\"x\"},\"secrets\":{\"URL\":\"a/b\"}}", "a variable has one value"),
        ("k3s.ingress=\"none\"", "one of them goes"),
        ("k3s.https_redirect=true", "without a certificate nothing answers by HTTPS"),
        (
            "k3s={\"https_redirect\":true,\"tls_secret\":\"tls\",\"ingress_class\":\"haproxy\"}",
            "made for Traefik and for nginx",
        ),
        ("k3s.target_memory=80", "which there is with max_replicas alone"),
        ("k3s.max_surge=\"0\"", "no pod could ever be replaced"),
        ("k3s.hosts=[\"skyward-service.10-0-0-5.nip.io\"]", "has the further ones"),
        ("k3s={\"network_policies\":false,\"egress\":[\"10.0.0.0/8\"]}", "means nothing"),
        (
            "k3s={\"service_account\":\"given\",\"service_account_annotations\":{\"a\":\"b\"}}",
            "who annotate it too",
        ),
        ("k3s={\"labels\":{\"a\":\"b\"},\"pod_labels\":{\"a\":\"c\"}}", "keep one of the two"),
        ("k3s.service_type=\"external-name\"", "/k3s/service_type"),
        ("k3s.memory=\"1Ki\"", "1Ki is too little"),
        ("k3s.labels.app\\.kubernetes\\.io/name=\"x\"", "is taken"),
        ("k3s.pod_labels.skyward\\.dev/canary=\"x\"", "is taken"),
        ("k3s.env.A=\"a\\u2028b\"", "does not take"),
    ];
    for (value, reason) in wrong {
        let output = template(chart.path(), &["--set-json", value]);
        assert!(!output.status.success(), "{value} was taken");
        assert!(text(&output).contains(reason), "{value}: {}", text(&output));
    }
}
