//! Services that are not made with our server, each in a repository of its own, from `init` to `remove`.
//!
//! Their sources are the folders beside this file, with the versions of their dependencies; they are copied, so that cargo finds no
//! workspace above them. The cluster is a real one whose pods run.

mod repository;
#[path = "../scratch/mod.rs"]
mod scratch;
mod side_by_side;
mod walk;

use std::sync::OnceLock;

use skyward_testkit::kubernetes::node::Node;

/// A real node, and the control plane that it belongs to.
fn node() -> &'static Node {
    static NODE: OnceLock<Node> = OnceLock::new();
    NODE.get_or_init(Node::start)
}
