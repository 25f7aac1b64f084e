//! The harness itself: what the other tests rest on.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, LogParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;

use crate::support::control_plane::{ControlPlane, User};
use crate::support::node::Node;
use crate::support::proxy::{Fault, Proxy};
use crate::support::{block_on, cluster, until};

async fn client(path: &std::path::Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(path).expect("the kubeconfig");
    let options = KubeConfigOptions::default();
    let config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
    Client::try_from(config).expect("a client")
}

async fn list(path: &std::path::Path) -> Result<usize, kube::Error> {
    let maps: Api<ConfigMap> = Api::namespaced(client(path).await, "kube-system");
    maps.list(&ListParams::default()).await.map(|list| list.items.len())
}

#[test]
#[ignore = "needs etcd kube-apiserver"]
fn a_control_plane_knows_its_users() {
    let control_plane = ControlPlane::start();
    block_on(async {
        list(&control_plane.kubeconfig()).await.expect("the administrator may");
        let error =
            list(&control_plane.kubeconfig_of(User::Guest)).await.expect_err("a guest may not");
        assert!(matches!(&error, kube::Error::Api(status) if status.is_forbidden()), "{error}");
        for user in [User::Expired, User::WrongAuthority] {
            list(&control_plane.kubeconfig_of(user)).await.expect_err("not let in");
        }
    });
    let folder: std::path::PathBuf = std::path::Path::to_owned(control_plane.as_ref());
    drop(control_plane);
    assert!(!folder.exists(), "nothing is left of it");
}

#[test]
#[ignore = "needs etcd kube-apiserver"]
fn a_proxy_counts_and_breaks() {
    let control_plane = ControlPlane::start();
    let proxy = Proxy::start(&control_plane);
    block_on(async {
        list(&proxy.kubeconfig()).await.expect("let through");
        let seen = proxy.seen();
        assert_eq!(seen.len(), 1);
        assert!(!seen[0].is_write());
        assert_eq!(seen[0].path, "/api/v1/namespaces/kube-system/configmaps");
        proxy.at(1, |_| true, Fault::Answer(500));
        let error = list(&proxy.kubeconfig()).await.expect_err("broken");
        assert!(matches!(&error, kube::Error::Api(status) if status.code == 500), "{error}");
        proxy.at(1, |_| true, Fault::Close);
        list(&proxy.kubeconfig()).await.expect_err("closed");
        assert_eq!(proxy.hits(), 1);
        list(&proxy.kubeconfig()).await.expect("only the first was meant");
    });
}

fn deployment(name: &str, image: &str) -> Deployment {
    let labels = json!({ "app": name });
    serde_json::from_value(json!({
        "metadata": { "name": name },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "web", "image": image }] },
            },
        },
    }))
    .expect("a deployment")
}

/// The reason that the container of a deployment's pod is not ready, where it has one.
async fn reason(pods: &Api<Pod>, name: &str) -> Option<String> {
    let pods = pods.list(&ListParams::default().labels(&format!("app={name}"))).await.ok()?;
    let status = pods.items.first()?.status.clone()?.container_statuses?.pop()?;
    match status.state?.waiting {
        Some(waiting) => waiting.reason,
        None => status.ready.then(|| "Ready".to_owned()),
    }
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_hollow_node_does_what_the_image_says() {
    let control_plane = cluster();
    block_on(async {
        let namespace = control_plane.namespace("hollow").await;
        let client = control_plane.client().await;
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
        let pods: Api<Pod> = Api::namespaced(client, &namespace);
        let expected = [
            ("serves", "acme/web:1", "Ready"),
            ("missing", "acme/missing:1", "ImagePullBackOff"),
            ("crash", "acme/crash:1", "CrashLoopBackOff"),
            ("oom", "acme/oom:1", "CrashLoopBackOff"),
        ];
        for (name, image, _) in expected {
            deployments
                .create(&PostParams::default(), &deployment(name, image))
                .await
                .expect("created");
        }
        for (name, _, wanted) in expected {
            until(name, 30, async || (reason(&pods, name).await? == wanted).then_some(())).await;
        }
        let crashed = pods.list(&ListParams::default().labels("app=crash")).await.expect("pods");
        let log = pods
            .logs(crashed.items[0].metadata.name.as_ref().unwrap(), &LogParams::default())
            .await;
        assert_eq!(log.expect("a log"), "starting acme/crash:1\nError: DATABASE_URL is not set\n");
        for (name, _, _) in expected {
            deployments.delete(name, &kube::api::DeleteParams::default()).await.expect("deleted");
        }
        until("no pods", 30, async || {
            pods.list(&ListParams::default()).await.ok()?.items.is_empty().then_some(())
        })
        .await;
    });
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root"]
fn a_node_says_why_a_pod_does_not_run_and_leaves_nothing() {
    let node = Node::start();
    block_on(async {
        let namespace = node.control_plane().namespace("node").await;
        let client = node.control_plane().client().await;
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
        let pods: Api<Pod> = Api::namespaced(client, &namespace);
        let images = [
            ("serves", "localhost/pause:test".to_owned(), "Ready"),
            ("missing", node.reference("acme/missing:1"), "ImagePullBackOff"),
        ];
        for (name, image, _) in &images {
            deployments
                .create(&PostParams::default(), &deployment(name, image))
                .await
                .expect("created");
        }
        for (name, _, wanted) in &images {
            until(name, 60, async || (reason(&pods, name).await? == *wanted).then_some(())).await;
        }
    });
    let folder = std::path::Path::to_owned(node.control_plane().as_ref());
    drop(node);
    let name = folder.file_name().unwrap().to_str().unwrap();
    assert!(!folder.exists(), "its folder");
    for file in ["/proc/mounts", "/proc/self/cgroup"] {
        assert!(!std::fs::read_to_string(file).unwrap().contains(name), "{file}");
    }
    assert!(!std::path::Path::new("/sys/fs/cgroup").join(name).exists());
    assert!(!std::path::Path::new("/sys/fs/cgroup/memory").join(name).exists());
}
