//! The whole, on a real node: from the source to a page, and back to nothing.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Output;
use std::time::{Duration, Instant};

use crate::support::census::{self, Census, Item};
use crate::support::control_plane::ControlPlane;
use crate::support::deployer::{Deployer, said};
use crate::support::node::Node;
use crate::support::{block_on, pods, shared_node};

const NAMESPACE: &str = "end-to-end";

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root"]
fn install_upgrade_bad_image_crash_loop_rollback_remove() {
    let node = Node::start();
    let control_plane = node.control_plane();
    let kubeconfig = control_plane.kubeconfig();
    let repository = node.reference("acme/web");
    let web = || Deployer::of_workspace(&kubeconfig, NAMESPACE, &repository);
    let before = names(control_plane);

    timed("install, with compiling and pushing", || web().succeed("apply"));
    let first = serving(control_plane);
    assert!(first.starts_with(&format!("{repository}@sha256:")), "{first}");
    timed("nothing to do", || web().succeed("apply"));
    assert_eq!(web().history().len(), 1);

    let upgraded = || web().set("image.labels.edition=second");
    timed("upgrade, with packing and pushing", || upgraded().succeed("apply"));
    let second = serving(control_plane);
    assert_ne!(first, second);

    let missing = node.reference("acme/web:missing");
    let (output, reason_after) = failing(&upgraded(), &format!("apply --image {missing}"));
    println!("bad image: the reason after {reason_after:.1?}");
    assert!(said(&output).contains("acme/web:missing is not there"), "{}", said(&output));
    assert_eq!(serving(control_plane), second);

    let crashing = upgraded().set("service.args=[\"--no-such-flag\"]");
    let (output, reason_after) = failing(&crashing, &format!("apply --image {second}"));
    println!("crash loop: the reason after {reason_after:.1?}");
    assert!(said(&output).contains("--no-such-flag"), "the container's log: {}", said(&output));
    assert_eq!(serving(control_plane), second);

    timed("rollback", || web().succeed("rollback 1"));
    assert_eq!(serving(control_plane), first);
    print!("{}", web().succeed("history"));

    timed("remove", || web().succeed("remove --yes"));
    let left: Vec<_> = names(control_plane).difference(&before).cloned().collect();
    assert!(left.is_empty(), "left over: {left:?}");
}

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root"]
fn who_listens_to_itself_alone_is_told_to_listen_to_all() {
    let node = shared_node();
    let kubeconfig = node.control_plane().kubeconfig();
    let web = Deployer::of_workspace(&kubeconfig, "loopback", &node.reference("acme/web"))
        .set("service.args=[\"--host\", \"127.0.0.1\"]")
        .set("k3s.progress_deadline_s=10");
    // Where the configuration says so, nothing is built for it.
    let refused = web.run("apply --set service.host=127.0.0.1");
    assert!(said(&refused).contains("nothing outside the pod reaches"), "{}", said(&refused));
    let (output, _) = failing(&web, "apply");
    for part in ["connection refused", "let the service listen on 0.0.0.0"] {
        assert!(said(&output).contains(part), "{part}: {}", said(&output));
    }
    web.succeed("remove --yes");
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let answer = run();
    println!("{what}: {:.1?}", started.elapsed());
    answer
}

/// Runs a command that must fail. Returns how long it took until the reason was told.
fn failing(web: &Deployer, command: &str) -> (Output, Duration) {
    let started = Instant::now();
    let mut child = web.start(command);
    let mut told = None;
    let mut text = String::new();
    for line in BufReader::new(child.stderr.take().expect("its standard error")).lines() {
        let line = line.expect("text");
        if line.starts_with("FAILED") {
            told = Some(started.elapsed());
        }
        text += &line;
        text.push('\n');
    }
    let mut output = child.wait_with_output().expect("an end");
    output.stderr = text.into_bytes();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let told = told.unwrap_or_else(|| panic!("no reason: {}", said(&output)));
    (output, told)
}

/// Asks every pod that is ready for its page: all answer, and all are of one image. Returns the image.
fn serving(control_plane: &ControlPlane) -> String {
    let pods = block_on(pods::running(control_plane, NAMESPACE));
    let ready: Vec<_> = pods.into_iter().filter(|pod| pod.ready).collect();
    assert_eq!(ready.len(), 2, "{ready:?}");
    for pod in &ready {
        let (status, body) =
            pods::page(pod.address).unwrap_or_else(|error| panic!("{}: {error}", pod.address));
        assert_eq!((status.as_str(), body.trim_end()), ("HTTP/1.1 200 OK", "Hello, World!"));
    }
    assert_eq!(ready[0].image, ready[1].image);
    ready[0].image.clone()
}

/// The names of all objects, of whatever kind and namespace. A kubelet makes its own lease when it likes.
fn names(control_plane: &ControlPlane) -> BTreeSet<String> {
    let census: Census = block_on(async { census::take(&control_plane.client().await).await });
    let names = |(namespace, items): (&String, &Vec<Item>)| {
        items.iter().map(|item| format!("{namespace} {}", item.name)).collect::<Vec<_>>()
    };
    census.iter().filter(|(namespace, _)| *namespace != "kube-node-lease").flat_map(names).collect()
}
