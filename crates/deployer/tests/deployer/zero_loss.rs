//! Rolling updates under steady load: not one request fails.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::support::balancer::Balancer;
use crate::support::deployer::Deployer;
use crate::support::load::{Closing, Load};
use crate::support::shared_node;

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root"]
fn not_one_request_fails_while_the_pods_are_replaced() {
    let node = shared_node();
    let kubeconfig = node.control_plane().kubeconfig();
    let web = || Deployer::of_workspace(&kubeconfig, "zero-loss", &node.reference("acme/web"));
    web().succeed("apply");
    let balancer = Balancer::start(node.control_plane(), "zero-loss", "skyward-service");
    std::thread::sleep(Duration::from_secs(3));
    let load = Load::start(balancer.address, 8, Closing::Fails);
    std::thread::sleep(Duration::from_secs(2));
    let started = Instant::now();
    for update in 1..=2 {
        web().set(&format!("k3s.env.UPDATE=\"{update}\"")).succeed("apply");
    }
    web().succeed("rollback 1");
    let time = started.elapsed();
    std::thread::sleep(Duration::from_secs(3));
    let counts = load.stop();
    let failures = counts.failures.lock().unwrap();
    println!(
        "{} requests over {} connections by 16 clients while all pods were replaced three times ({time:.1?}): {} failed",
        counts.answered.load(Ordering::SeqCst) + failures.len(),
        counts.connections.load(Ordering::SeqCst),
        failures.len()
    );
    let some: Vec<_> = failures.iter().take(20).collect();
    assert!(failures.is_empty(), "{some:#?}");
    assert!(counts.answered.load(Ordering::SeqCst) > 1000, "too little to show anything");
}
