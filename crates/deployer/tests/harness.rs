//! The harness itself: what the other tests rest on.

mod support;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use support::block_on;
use support::control_plane::{ControlPlane, User};
use support::proxy::{Fault, Proxy};

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
        proxy.at(1, Fault::Answer(500));
        let error = list(&proxy.kubeconfig()).await.expect_err("broken");
        assert!(matches!(&error, kube::Error::Api(status) if status.code == 500), "{error}");
        proxy.at(1, Fault::Close);
        list(&proxy.kubeconfig()).await.expect_err("closed");
        assert_eq!(proxy.hits(), 1);
        list(&proxy.kubeconfig()).await.expect("only the first was meant");
    });
}
