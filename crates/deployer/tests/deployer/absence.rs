//! A deployment survives an API server that goes away. By its name this is the first test to start: it takes the longest, and waits for
//! nearly all of it.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};

use crate::support::control_plane::ControlPlane;
use crate::support::deployer::{Deployer, said};
use crate::support::hollow::{HollowNode, Pace};
use crate::support::proxy::{Proxy, Seen};
use crate::support::{block_on, until};

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn the_api_server_may_go_away_for_20_s_in_the_middle() {
    let control_plane = ControlPlane::with_controllers();
    // So slow that the rollout is not over before the API server is stopped.
    let pace = Pace { start: Duration::from_secs(3), ..Pace::default() };
    let _node = HollowNode::start(&control_plane, pace);
    let proxy = Proxy::start(&control_plane);
    let web = Deployer::new(&proxy.kubeconfig(), "away");
    let child = web.start("apply --image acme/web:1");
    while !proxy.seen().iter().any(Seen::is_watch) {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Controllers that fail to make a pod try again after minutes only.
    block_on(async {
        let pods: Api<Pod> = Api::namespaced(control_plane.client().await, "away");
        until("both pods on the node", 20, async || {
            let pods = pods.list(&ListParams::default()).await.ok()?.items;
            let bound = pods.iter().filter_map(|pod| pod.spec.as_ref()?.node_name.as_ref());
            (bound.count() == 2).then_some(())
        })
        .await;
    });
    control_plane.stop_api_server();
    std::thread::sleep(Duration::from_secs(20));
    control_plane.start_api_server();
    let output = child.wait_with_output().expect("an end");
    println!("{} requests\n{}", proxy.seen().len(), said(&output));
    assert!(output.status.success(), "{}", said(&output));
    let history = web.history();
    assert_eq!(history.len(), 1, "{history:?}");
    assert_eq!(history[0].status, "serving");
}
