//! The number of pods passes from the configuration to an autoscaler and back, and nobody fights over it.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use crate::support::deployer::Deployer;
use crate::support::{block_on, cluster};

const NAMESPACE: &str = "autoscaler";

/// Both sides keep the number: it is never 1 in between, which is what an unowned field falls back to.
#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn replicas_pass_to_the_autoscaler_and_back() {
    let control_plane = cluster();
    let fixed = || Deployer::new(&control_plane.kubeconfig(), NAMESPACE);
    let scaled = || fixed().environment("scaled");
    let client = || control_plane.client();

    fixed().succeed("apply --image acme/web:1");
    let before = block_on(async { deployment(client().await).await });
    assert_eq!(replicas(&before), 2);

    scaled().succeed("apply --image acme/web:1");
    let after = block_on(async { deployment(client().await).await });
    assert_eq!((replicas(&after), owner(&after).as_str()), (2, "skyward-replicas"));
    let generations = after.metadata.generation.unwrap() - before.metadata.generation.unwrap();
    assert_eq!(generations, 0, "the specification never changed in between");

    // As the autoscaler's controller does it.
    block_on(async {
        let deployments = Api::<Deployment>::namespaced(client().await, NAMESPACE);
        let scale = json!({ "spec": { "replicas": 3 } });
        let parameters = PatchParams {
            field_manager: Some("kube-controller-manager".into()),
            ..PatchParams::default()
        };
        deployments.patch_scale("web", &parameters, &Patch::Merge(scale)).await.expect("scaled");
    });
    // Settles on three, and has nothing to write.
    let said = scaled().succeed("apply --image acme/web:1 --output json");
    assert!(said.contains("Nothing to do"), "{said}");
    let three = block_on(async { deployment(client().await).await });
    assert_eq!((replicas(&three), owner(&three).as_str()), (3, "kube-controller-manager"));

    // An upgrade keeps what the autoscaler chose.
    scaled().succeed("apply --image acme/web:2");
    assert_eq!(block_on(async { replicas(&deployment(client().await).await) }), 3);

    fixed().succeed("apply --image acme/web:2");
    let back = block_on(async { deployment(client().await).await });
    assert_eq!((replicas(&back), owner(&back).as_str()), (2, "skyward"));
    block_on(async {
        let autoscalers = Api::<HorizontalPodAutoscaler>::namespaced(client().await, NAMESPACE);
        assert!(autoscalers.get_opt("web").await.expect("an answer").is_none());
    });
    fixed().succeed("remove --yes");
}

async fn deployment(client: kube::Client) -> Deployment {
    Api::namespaced(client, NAMESPACE).get("web").await.expect("the Deployment")
}

fn replicas(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).expect("a number")
}

/// Which field manager has the number.
fn owner(deployment: &Deployment) -> String {
    let owners: Vec<_> = deployment
        .metadata
        .managed_fields
        .iter()
        .flatten()
        .filter(|entry| {
            let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
            fields.is_some_and(|fields| fields.pointer("/f:spec/f:replicas").is_some())
        })
        .filter_map(|entry| entry.manager.clone())
        .collect();
    owners.join(", ")
}
