//! The program under test, and what disturbs it; the real Kubernetes that it talks to is that of the testkit.

pub mod deployer;
pub mod sweep;

pub use skyward_testkit::kubernetes::*;

use std::sync::OnceLock;

use control_plane::ControlPlane;
use hollow::{HollowNode, Pace};
use node::Node;

/// The control plane of this program, with controllers and the one node that pods are scheduled to. Each test has namespaces of its own
/// there; one that ends the API server has a control plane of its own.
pub fn cluster() -> &'static ControlPlane {
    static CLUSTER: OnceLock<(ControlPlane, HollowNode)> = OnceLock::new();
    let (control_plane, _) = CLUSTER.get_or_init(|| {
        let control_plane = ControlPlane::with_controllers();
        let node = HollowNode::start(&control_plane, Pace::default());
        (control_plane, node)
    });
    control_plane
}

/// A real node, and the control plane that it belongs to, for tests that leave what others make alone.
pub fn shared_node() -> &'static Node {
    static NODE: OnceLock<Node> = OnceLock::new();
    NODE.get_or_init(Node::start)
}
