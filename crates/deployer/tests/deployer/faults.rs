//! What a deployment survives: calls that fail, an API server that goes away, watches that end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};

use crate::support::control_plane::ControlPlane;
use crate::support::deployer::{Deployer, said};
use crate::support::hollow::{HollowNode, Pace};
use crate::support::proxy::{Fault, Proxy, Seen};
use crate::support::sweep::{Disturbance, Scenario, sweep};
use crate::support::{block_on, cluster, until};

const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "install",
        command: "apply --image acme/web:1",
        serves: Some("acme/web:1"),
        ..Scenario::BASE
    },
    Scenario {
        name: "upgrade",
        before: &["scaled: apply --image acme/web:1"],
        command: "apply --image acme/web:2",
        serves: Some("acme/web:2"),
        others_objects: true,
        ..Scenario::BASE
    },
    Scenario {
        name: "remove",
        before: &["apply --image acme/web:1"],
        command: "remove --yes",
        others_objects: true,
        ..Scenario::BASE
    },
];

/// One that asks the same again is the same call.
fn first_look(seen: &Seen) -> bool {
    !seen.looks_again
}

/// Every call is answered with a fault once. For a call that only reads, a lost answer is a closed connection.
const FAULTS: [Disturbance; 5] = [
    Disturbance { name: "429", fault: Fault::Answer(429), to: first_look, again: false },
    Disturbance { name: "500", fault: Fault::Answer(500), to: first_look, again: false },
    Disturbance { name: "503", fault: Fault::Answer(503), to: first_look, again: false },
    Disturbance { name: "closed", fault: Fault::Close, to: first_look, again: false },
    Disturbance { name: "lost", fault: Fault::Lose, to: Seen::is_write, again: false },
];

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn any_call_may_fail_once() {
    sweep("faults", 40, &SCENARIOS, &FAULTS);
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn the_api_server_may_go_away_for_20_s_in_the_middle() {
    let control_plane = ControlPlane::with_controllers();
    // So slow that the rollout is not over before the API server is stopped.
    let pace = Pace { start: Duration::from_secs(3), ..Pace::default() };
    let _node = HollowNode::start(&control_plane, pace);
    let proxy = Proxy::start(&control_plane);
    let web = Deployer::new(&proxy.kubeconfig(), "away").set("k3s.timeout_s=120");
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

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn every_watch_may_end_after_each_event() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    proxy.script(|seen| seen.is_watch().then_some(Fault::EndWatch { after: 1 }));
    let web = Deployer::new(&proxy.kubeconfig(), "watches");
    for image in ["acme/web:1", "acme/web:2"] {
        web.succeed(&format!("apply --image {image}"));
    }
    println!("{} watches ended after one event", proxy.hits());
    assert!(proxy.hits() > 0);
    let output = web.run("apply --image acme/crash:3");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("Error: DATABASE_URL is not set"), "its log: {}", said(&output));
    let serving = web.history().pop().expect("a revision");
    assert_eq!((serving.status.as_str(), serving.image.as_str()), ("serving", "acme/web:2"));
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler"]
fn an_api_server_that_says_nothing_is_asked_again() {
    let control_plane = cluster();
    let proxy = Proxy::start(control_plane);
    // Once while it looks, once while it writes.
    let written = AtomicBool::new(false);
    proxy.script(move |seen| {
        let writes = seen.is_write() && seen.path.ends_with("/deployments/web");
        let silent = seen.number == 3 || (writes && !written.swap(true, Ordering::SeqCst));
        silent.then_some(Fault::Silence(Duration::from_secs(25)))
    });
    let web = Deployer::new(&proxy.kubeconfig(), "silent").set("k3s.timeout_s=120");
    web.succeed("apply --image acme/web:1");
    assert_eq!(proxy.hits(), 2);
}
