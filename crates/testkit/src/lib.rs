//! Peers, machines and measurements that the tests and benches of several crates share. Products do not depend on it.
//!
//! Protocols are tested against real peers, and each peer is started here, on free ports, so that nothing has to run beforehand and
//! nothing is left behind, also where a test is killed. What only some tests need is behind a cargo feature: a bench that prints a table
//! should not compile a Kubernetes client.
//!
//! - [`mod@bench`] is the frame of a bench: its options, its rows against the design's targets and its peers, and commands measured.
//! - `kubernetes` is a real Kubernetes in parts: a control plane, a node without containers, a node with them, and a proxy that does
//!   what a network does on a bad day.
//! - [`registry`] is Debian's `docker-registry`, with or without a login and TLS.
//! - [`mod@sample`] meets a sweep in part, chosen by a seed.
//! - `machines` are machines with roots, networks and processes of their own, a real sshd, and a stand-in for k3s.
#![allow(missing_docs, reason = "tests are read beside this code")]

pub mod bench;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(feature = "machines")]
pub mod machines;
pub mod registry;
pub mod sample;

use std::net::TcpListener;
use std::process::Command;

/// Ports that nobody listens on.
pub fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until all are known, so that they differ.
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}

/// Sends a signal, such as `TERM`, to a process. The shell has `kill` built in; a program of that name is not everywhere.
pub fn signal(pid: u32, signal: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status();
    assert!(sent.expect("sh").success(), "SIG{signal} to {pid}");
}
