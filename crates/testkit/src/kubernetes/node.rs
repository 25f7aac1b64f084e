//! A real node: containerd and a kubelet, and a registry that it pulls from. Pods run, at addresses that this machine reaches.
//! Needs root. All that it makes on the machine (a bridge, cgroups, mounts) carries its own name and goes with it.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use k8s_openapi::api::core::v1::{Node as Object, PersistentVolume};
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use super::block_on;
use super::control_plane::ControlPlane;
use crate::free_ports;

/// A control plane with a node. It is ended and removed when this is dropped, or when the test process ends.
pub struct Node {
    control_plane: ControlPlane,
    registry: u16,
}

impl Node {
    /// Starts all of it, and waits until pods can run.
    pub fn start() -> Self {
        let control_plane = ControlPlane::with_controllers();
        let [registry, port] = free_ports();
        let node = Self { control_plane, registry };
        let (bridge, network) = node.network();
        let folder = node.folder();
        let plugins = env::var("CNI_BIN").unwrap_or_else(|_| "/usr/lib/cni".to_owned());
        let values = [
            ("FOLDER", folder.clone()),
            ("PLUGINS", plugins),
            ("BRIDGE", bridge),
            ("NETWORK", network.clone()),
            ("CGROUP", node.cgroup()),
            ("PORT", port.to_string()),
        ];
        node.fill("containerd/config.toml", include_str!("node/containerd.toml"), &values);
        node.fill("network/10-test.conflist", include_str!("node/network.json"), &values);
        node.fill("kubelet.yaml", include_str!("node/kubelet.yaml"), &values);
        node.start_registry();
        node.start_containerd();
        node.start_kubelet(&format!("{network}.1"));
        node
    }

    /// The control plane that it belongs to.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.control_plane
    }

    /// A reference to an image in the node's registry, as this machine pushes it and the node pulls it.
    pub fn reference(&self, rest: &str) -> String {
        format!("localhost:{}/{rest}", self.registry)
    }

    /// Makes a volume that a claim of this StorageClass gets: a folder of this machine that every pod may write to.
    pub fn volume(&self, class: &str) {
        let folder = self.control_plane.supervisor.path(&format!("volumes/{class}"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("its mode");
        let volume: PersistentVolume = serde_json::from_value(json!({
            "metadata": { "name": class },
            "spec": {
                "storageClassName": class,
                "capacity": { "storage": "1Gi" },
                "accessModes": ["ReadWriteMany"],
                "hostPath": { "path": folder },
            },
        }))
        .expect("a volume");
        block_on(async {
            let volumes: Api<PersistentVolume> = Api::all(self.control_plane.client().await);
            volumes.create(&PostParams::default(), &volume).await.expect("made");
        });
    }

    fn folder(&self) -> String {
        self.control_plane.supervisor.folder().display().to_string()
    }

    fn cgroup(&self) -> String {
        let folder = self.control_plane.supervisor.folder();
        folder.file_name().expect("a name").to_string_lossy().into_owned()
    }

    /// Takes a network and makes the cgroup. Returns the bridge and the first three numbers of its addresses.
    fn network(&self) -> (String, String) {
        let supervisor = &self.control_plane.supervisor;
        let begin = supervisor.write("begin.sh", include_str!("node/begin.sh"));
        supervisor.write("end.sh", include_str!("node/end.sh"));
        supervisor.finally(&format!("sh end.sh {}", self.cgroup()));
        let mut command = Command::new("sh");
        let said = output(command.arg(begin).arg(self.cgroup()).current_dir(self.folder()));
        let (bridge, network) = said.trim().split_once(' ').expect("a bridge and a network");
        (bridge.to_owned(), network.to_owned())
    }

    /// Writes a file from a template.
    fn fill(&self, name: &str, template: &str, values: &[(&str, String)]) {
        let text =
            values.iter().fold(template.to_owned(), |text, (key, value)| text.replace(key, value));
        self.control_plane.supervisor.write(name, text);
    }

    fn start_registry(&self) {
        let (supervisor, port) = (&self.control_plane.supervisor, self.registry);
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}/registry}}, delete: {{enabled: true}}}}\n\
             http: {{addr: '127.0.0.1:{port}'}}\n",
            self.folder()
        );
        supervisor.write("registry.yml", config);
        supervisor.run("docker-registry", "docker-registry serve registry.yml");
        let hosts = format!(
            "server = \"http://localhost:{port}\"\n[host.\"http://localhost:{port}\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        );
        supervisor.write(&format!("containerd/registries/localhost:{port}/hosts.toml"), hosts);
    }

    fn start_containerd(&self) {
        let supervisor = &self.control_plane.supervisor;
        let process = supervisor.run("containerd", "containerd -c containerd/config.toml");
        process.wait_until(60, || {
            self.ctr(&["version"]).output().is_ok_and(|output| output.status.success())
        });
        let image = self.pause_image();
        output(self.ctr(&["-n", "k8s.io", "images", "import"]).arg(image));
    }

    /// containerd's own client.
    fn ctr(&self, arguments: &[&str]) -> Command {
        let mut command = self.control_plane.supervisor.command("ctr");
        command
            .arg("-a")
            .arg(format!("{}/containerd/containerd.sock", self.folder()))
            .args(arguments);
        command
    }

    /// The image of the process that holds a pod's network: made here, of a program that waits.
    fn pause_image(&self) -> PathBuf {
        let supervisor = &self.control_plane.supervisor;
        supervisor.write(
            "pause/pause.rs",
            "fn main() {\n    loop {\n        std::thread::park();\n    }\n}\n",
        );
        let run = |line: &str| {
            let mut words = line.split(' ');
            let mut command = Command::new(words.next().expect("a program"));
            output(command.args(words).current_dir(supervisor.path("pause")))
        };
        run("rustc -C opt-level=s -C strip=symbols -C target-feature=+crt-static pause.rs");
        run("tar -cf layer.tar pause");
        let sum = run("sha256sum layer.tar");
        let digest = sum.split(' ').next().expect("a digest");
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let config = format!(
            r#"{{"architecture":"{architecture}","os":"linux","config":{{"Entrypoint":["/pause"]}},"rootfs":{{"type":"layers","diff_ids":["sha256:{digest}"]}}}}"#
        );
        supervisor.write("pause/config.json", config);
        let manifest = r#"[{"Config":"config.json","RepoTags":["localhost/pause:test"],"Layers":["layer.tar"]}]"#;
        supervisor.write("pause/manifest.json", manifest);
        run("tar -cf image.tar manifest.json config.json layer.tar");
        supervisor.path("pause/image.tar")
    }

    fn start_kubelet(&self, address: &str) {
        let identity = self.control_plane.authority.sign(
            "system:node:node1",
            Some("system:nodes"),
            &["node1", address],
        );
        self.control_plane.identity("kubelet", &identity);
        let folder = self.folder();
        let process = self.control_plane.supervisor.run(
            "kubelet",
            &format!(
                "kubelet --config=kubelet.yaml --kubeconfig=kubelet.kubeconfig --root-dir={folder}/kubelet \
                 --cert-dir={folder}/kubelet/pki --hostname-override=node1 --node-ip={address}"
            ),
        );
        process.wait_until(120, || {
            block_on(async {
                let nodes: Api<Object> = Api::all(self.control_plane.client().await);
                nodes.get("node1").await.is_ok_and(|node| is_ready(&node))
            })
        });
    }
}

/// Returns true once pods can be bound to it.
fn is_ready(node: &Object) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = |condition: &k8s_openapi::api::core::v1::NodeCondition| {
        condition.type_ == "Ready" && condition.status == "True"
    };
    let free = node.spec.as_ref().is_none_or(|spec| spec.taints.as_ref().is_none_or(Vec::is_empty));
    free && conditions.is_some_and(|conditions| conditions.iter().any(ready))
}

/// The standard output of a program that must succeed.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
