//! The deployed service on this machine, through a real node's port forwarding.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::Child;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::deployer::Deployer;
use crate::support::load::{Closing, Load};
use crate::support::pods;
use crate::support::shared_node;

#[test]
#[ignore = "needs etcd kube-apiserver kube-controller-manager kube-scheduler kubelet containerd containerd-shim-runc-v2 ctr runc docker-registry root"]
fn forwarding_outlives_a_rolling_update_and_ends_in_order() {
    let node = shared_node();
    let kubeconfig = node.control_plane().kubeconfig();
    let web = || Deployer::of_workspace(&kubeconfig, "forward", &node.reference("acme/web"));
    let nothing = web().run("forward --port 0");
    let said = String::from_utf8_lossy(&nothing.stderr);
    assert!(!nothing.status.success() && said.contains("no revision"), "{said}");

    web().succeed("apply");
    let configured = web();
    let mut forward = Serving(configured.start("forward --port 0"));
    let address = forward.announced();
    let (status, body) = pods::page(address).expect("a page");
    assert_eq!((status.as_str(), body.trim_end()), ("HTTP/1.1 200 OK", "Hello, World!"));

    let load = Load::start(address, 2, Closing::Fails);
    web().set("k3s.env.UPDATE=\"1\"").succeed("apply");
    std::thread::sleep(Duration::from_secs(2));
    let counts = load.stop();
    let answered = counts.answered.load(Ordering::SeqCst);
    let connections = counts.connections.load(Ordering::SeqCst);
    let failures = counts.failures.lock().unwrap();
    println!("{answered} requests over {connections} connections, {} failed", failures.len());
    // Two clients keep their connections, so that most requests of theirs come over one that was used before.
    assert!(answered > connections + 50, "{answered} over {connections}");
    assert!(failures.is_empty(), "{failures:?}");
    pods::page(address).expect("a page of the new pods");

    let taken = web().run(&format!("forward --port {}", address.port()));
    let said = String::from_utf8_lossy(&taken.stderr);
    assert!(!taken.status.success() && said.contains("--port 0"), "{said}");

    kill_process(Pid::from_child(&forward.0), Signal::TERM).expect("a signal");
    let mut rest = String::new();
    let stdout = forward.0.stdout.as_mut().expect("its standard output");
    stdout.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "", "the address alone");
    assert_eq!(forward.0.wait().expect("an end").code(), Some(0));
    TcpListener::bind(address).expect("the port is free again");
}

/// A command that serves; it is ended, whatever comes of the test.
struct Serving(Child);

impl Serving {
    /// The address that it says it serves on. The buffer holds one byte, so that nothing after the line is taken.
    fn announced(&mut self) -> SocketAddr {
        let mut line = String::new();
        let stdout = self.0.stdout.as_mut().expect("its standard output");
        BufReader::with_capacity(1, stdout).read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("http://").and_then(|it| it.strip_suffix('/'));
        address.and_then(|it| it.parse().ok()).unwrap_or_else(|| {
            let mut said = String::new();
            let _ = self.0.kill();
            let _ = self.0.stderr.as_mut().expect("its standard error").read_to_string(&mut said);
            panic!("no address: {line:?}; {said}")
        })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
