//! The objects at a real API server: taken by strict validation, kept as they were written, and pods of them admitted.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use skyward_deployer::diff::in_sync;
use skyward_deployer::manifest::{Kind, Manifest};
use skyward_deployer::render;

use super::releases;
use crate::support::control_plane::ControlPlane;

#[test]
#[ignore = "needs etcd kube-apiserver kubectl"]
fn the_api_server_keeps_the_objects_as_they_are_rendered() {
    let control_plane = ControlPlane::start();
    for (name, mut release) in releases::all() {
        release.k3s.namespace = format!("keeps-{name}");
        // Made by others, who are not here; so are the Gateway API and Traefik's definitions.
        (release.k3s.priority_class, release.k3s.service_account) = (None, None);
        let mut manifests = render::manifests(&release).unwrap_or_else(|error| panic!("{error}"));
        manifests.retain(|it| !matches!(it.id.kind, Kind::HttpRoute | Kind::Own(_)));
        let apply = ["apply", "--server-side", "--validate=strict", "--field-manager=skyward"];
        // From the YAML, so that Go's reader of it is a part of the proof.
        let applied = kubectl(&control_plane, &apply, &render::yaml(&manifests));
        assert!(!applied.contains("Warning"), "{name}: {applied}");
        for manifest in &manifests {
            let live = live(&control_plane, manifest);
            assert!(
                in_sync(&manifest.object, &live),
                "{name}: {} is rendered as\n{:#}\nand kept as\n{live:#}",
                manifest.id,
                manifest.object
            );
        }
        a_pod_is_admitted(&control_plane, &manifests);
    }
}

/// The namespace refuses what is not restricted, and says what is not; a dry run asks it.
fn a_pod_is_admitted(control_plane: &ControlPlane, manifests: &[Manifest]) {
    let deployment = manifests.iter().find(|manifest| manifest.id.kind == Kind::Deployment);
    let Manifest { id, object } = deployment.expect("a Deployment");
    let mut pod = object["spec"]["template"].clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("pod");
    pod["metadata"]["namespace"] = json!(id.namespace);
    let create = ["create", "--dry-run=server"];
    let answer = kubectl(control_plane, &create, &pod.to_string());
    assert!(!answer.contains("Warning"), "{answer}");

    pod["spec"]["securityContext"]["seccompProfile"] = Value::Null;
    let refused = run(control_plane, &create, &pod.to_string());
    assert!(!refused.status.success(), "the namespace admits pods that are not restricted");
}

fn live(control_plane: &ControlPlane, manifest: &Manifest) -> Value {
    let mut arguments = vec!["get", manifest.id.kind.plural(), &manifest.id.name, "--output=json"];
    if let Some(namespace) = &manifest.id.namespace {
        arguments.extend(["--namespace", namespace]);
    }
    let answer = kubectl(control_plane, &arguments, "");
    serde_json::from_str(&answer).expect("kubectl writes JSON")
}

/// Both streams of a kubectl that must succeed.
fn kubectl(control_plane: &ControlPlane, arguments: &[&str], input: &str) -> String {
    let output = run(control_plane, arguments, input);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "kubectl {arguments:?}: {}\n{input}", text(&output.stderr));
    text(&output.stdout) + &text(&output.stderr)
}

fn run(control_plane: &ControlPlane, arguments: &[&str], input: &str) -> Output {
    let assets =
        std::env::var_os("KUBEBUILDER_ASSETS").unwrap_or("/usr/local/kubebuilder/bin".into());
    let path = std::env::join_paths(
        [assets.into()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let mut command = Command::new("kubectl");
    command.env("PATH", path.expect("a PATH")).arg("--kubeconfig").arg(control_plane.kubeconfig());
    command.args(arguments);
    if !input.is_empty() {
        command.arg("--filename=-");
    }
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("kubectl starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kubectl reads");
    child.wait_with_output().expect("kubectl ends")
}
