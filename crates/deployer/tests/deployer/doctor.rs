//! The rights that `doctor` finds, on a real API server: those that a deployment would find.

use k8s_openapi::api::rbac::v1::{Role, RoleBinding};

use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, from_value, json};
use skyward_config::ConfigArgs;
use skyward_deployer::doctor::{self, Lack};

use crate::support::control_plane::User;
use crate::support::deployer::Deployer;
use crate::support::{block_on, cluster, until};

const NAMESPACE: &str = "doctor-rights";

/// What the doctor says of the guest's rights.
fn permissions(guest: &Deployer) -> Result<String, Lack> {
    let kubeconfig = cluster().kubeconfig_of(User::Guest);
    let config = ConfigArgs {
        config: Some(guest.folder().join("skyward.toml")),
        set: vec![format!("k3s.kubeconfig={}", kubeconfig.display())],
        ..ConfigArgs::default()
    };
    let loaded = config.load().expect("the configuration");
    let examined = block_on(doctor::examine(&loaded)).expect("a cluster is configured");
    let mut examined = examined.into_iter();
    examined.find(|it| it.what == "permissions").expect("they are among it").found
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn the_doctor_finds_the_rights_that_a_deployment_has() {
    let control_plane = cluster();
    let guest = Deployer::new(&control_plane.kubeconfig_of(User::Guest), NAMESPACE);
    let role: Value =
        serde_json::from_str(&guest.succeed("render --rights --output json")).expect("JSON");
    let lack = permissions(&guest).expect_err("a guest may nothing");
    for right in ["create secrets", "patch deployments.apps", "get pods/log"] {
        assert!(lack.problem.contains(right), "{lack:?}");
    }
    let mut less = role.clone();
    let granted = less["rules"].as_array_mut().expect("rules");
    granted.retain(|rule| rule["apiGroups"] != json!(["apps"]));
    let binding = json!({
        "metadata": { "name": "guests" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web-deployer" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated" }],
    });
    block_on(async {
        control_plane.named_namespace(NAMESPACE).await;
        let client = control_plane.client().await;
        let (new, roles) =
            (PostParams::default(), Api::<Role>::namespaced(client.clone(), NAMESPACE));
        roles.create(&new, &from_value(less).expect("a Role")).await.expect("created");
        let bindings = Api::<RoleBinding>::namespaced(client, NAMESPACE);
        bindings.create(&new, &from_value(binding).expect("a binding")).await.expect("created");
    });
    // The API server learns of a Role a moment later.
    let lack = block_on(until("a Role in part", 10, async || {
        permissions(&guest).err().filter(|lack| !lack.problem.contains("secrets"))
    }));
    assert!(lack.problem.contains("create deployments.apps"), "{lack:?}");
    assert!(lack.next.contains("render --rights"), "{lack:?}");
    block_on(async {
        let roles = Api::<Role>::namespaced(control_plane.client().await, NAMESPACE);
        let patch = Patch::Merge(json!({ "rules": role["rules"] }));
        roles.patch("web-deployer", &PatchParams::default(), &patch).await.expect("changed");
    });
    let found = block_on(until("the whole Role", 10, async || permissions(&guest).ok()));
    assert!(found.ends_with("in namespace doctor-rights"), "{found}");
}
