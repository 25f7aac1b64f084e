//! The cluster on machines: its decisions by tables and properties, and the whole by the command that a user types, with a real sshd on
//! machines in namespaces and a stand-in for k3s. Everything that a test makes ends with it, also where it fails.
#![allow(missing_docs, unreachable_pub, reason = "these modules are seen by tests alone")]

mod away;
mod bad_input;
mod crash;
mod dead;
mod diagnosis;
mod download;
mod files;
mod kubeconfig;
mod life;
mod lock;
mod networks;
mod operator;
mod plan;
mod preflight;
mod real;
mod replace;
mod restore;
mod secrets;
mod values;

use std::path::Path;

use skyward_testkit::machines::World;

/// So many machines, whose operator runs the program of this crate.
fn world(count: usize) -> World {
    World::new(Path::new(env!("CARGO_BIN_EXE_skyward-k3s")), count)
}
