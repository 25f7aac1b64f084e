//! The cluster on machines: real sshd on hosts in network namespaces, which the test makes, and a stand-in for k3s. What they are
//! made of ends with the test, also where it fails: namespaces without a name live as long as their processes.
#![allow(missing_docs, unreachable_pub, reason = "these modules are seen by tests alone")]

mod bad_input;
mod crash;
mod cut;
mod life;
mod offer;
mod operator;
mod real;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
mod world;
