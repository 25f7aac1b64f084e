//! The redirect to HTTPS: a Middleware of Traefik's beside the Ingress, which comes and goes with its key.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::json;

use crate::support::deployer::{Deployer, said};
use crate::support::{block_on, cluster, until};

const NAMESPACE: &str = "redirect";

/// The names by which a Secret for TLS and the redirect are asked for.
const WITH: [&str; 3] =
    ["k3s.host=web.example.com", "k3s.tls_secret=web-tls", "k3s.ingress=any-host"];

fn deployer(redirect: bool) -> Deployer {
    let plain = Deployer::new(&cluster().kubeconfig(), NAMESPACE);
    let all = WITH.into_iter().fold(plain, Deployer::set);
    all.set(&format!("k3s.https_redirect={redirect}"))
}

/// The definition as far as it is needed here; k3s brings the whole one.
fn definition() -> CustomResourceDefinition {
    serde_json::from_value(json!({
        "metadata": { "name": "middlewares.traefik.io" },
        "spec": {
            "group": "traefik.io",
            "names": { "kind": "Middleware", "plural": "middlewares", "singular": "middleware", "listKind": "MiddlewareList" },
            "scope": "Namespaced",
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": {
                    "type": "object",
                    "properties": { "spec": { "type": "object", "properties": { "redirectScheme": {
                        "type": "object",
                        "properties": { "scheme": { "type": "string" }, "permanent": { "type": "boolean" } },
                    } } } },
                } },
            }],
        },
    }))
    .expect("a definition")
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn a_redirect_is_a_middleware_of_the_release() {
    let control_plane = cluster();
    block_on(async {
        control_plane.named_namespace(NAMESPACE).await;
        let secrets = Api::<k8s_openapi::api::core::v1::Secret>::namespaced(
            control_plane.client().await,
            NAMESPACE,
        );
        let secret =
            serde_json::from_value(json!({ "metadata": { "name": "web-tls" } })).expect("a Secret");
        secrets.create(&PostParams::default(), &secret).await.expect("created");
    });
    let refused = deployer(true).run("diff --image acme/web:1");
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(
        said(&refused)
            .contains("needs a Middleware of traefik.io/v1alpha1, which the cluster does not know"),
        "{}",
        said(&refused)
    );

    let kind = GroupVersionKind::gvk("traefik.io", "v1alpha1", "Middleware");
    let kind = ApiResource::from_gvk_with_plural(&kind, "middlewares");
    block_on(async {
        let client = control_plane.client().await;
        let definitions = Api::<CustomResourceDefinition>::all(client.clone());
        definitions.create(&PostParams::default(), &definition()).await.expect("created");
        let middlewares = Api::<DynamicObject>::namespaced_with(client, NAMESPACE, &kind);
        until("the definition is served", 30, async || middlewares.get_opt("none").await.ok())
            .await;
    });
    let middleware = || {
        block_on(async {
            let client = control_plane.client().await;
            let all = Api::<DynamicObject>::namespaced_with(client, NAMESPACE, &kind);
            all.get_opt("web-https").await.expect("an answer").map(|it| it.data["spec"].clone())
        })
    };
    deployer(true).succeed("apply --image acme/web:1");
    assert_eq!(
        middleware(),
        Some(json!({ "redirectScheme": { "scheme": "https", "permanent": true } }))
    );
    let status = deployer(true).succeed("status");
    assert!(status.contains("Middleware web-https") && !status.contains("drifted"), "{status}");
    let again = deployer(true).run("apply --image acme/web:1");
    assert!(said(&again).contains("Nothing to do"), "{}", said(&again));

    deployer(false).succeed("apply --image acme/web:1");
    assert_eq!(middleware(), None, "it is pruned");
    deployer(false).succeed("rollback");
    assert!(middleware().is_some(), "it is there again");
    deployer(true).succeed("remove --yes");
    assert_eq!(middleware(), None);
    block_on(async {
        let definitions = Api::<CustomResourceDefinition>::all(control_plane.client().await);
        definitions
            .delete("middlewares.traefik.io", &DeleteParams::default())
            .await
            .expect("deleted");
    });
}
