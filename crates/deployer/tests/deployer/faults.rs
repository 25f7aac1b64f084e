//! What a deployment survives: calls that fail, an API server that is silent, watches that end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::cluster;
use crate::support::deployer::{Deployer, said};
use crate::support::proxy::{Fault, Proxy, Seen};
use crate::support::sweep::{Disturbance, Scenario, sweep};

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
    sweep("faults", 30, &SCENARIOS, &FAULTS);
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
    let web = Deployer::new(&proxy.kubeconfig(), "silent");
    web.succeed("apply --image acme/web:1");
    assert_eq!(proxy.hits(), 2);
}
