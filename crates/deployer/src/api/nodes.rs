//! The addresses of the nodes, and the Ingress classes.

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::networking::v1::IngressClass as Class;

use super::ApiServer;
use super::error::{CallError, Reason};

/// A node's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAddress {
    /// The node's name.
    pub name: String,
    /// True where it takes pods' traffic: its `Ready` condition.
    pub ready: bool,
    /// `ExternalIP`, if it has one.
    pub external: Option<String>,
    /// `InternalIP`, if it has one.
    pub internal: Option<String>,
    /// True where it counts the disk space that pods use (`ephemeral-storage`); a kubelet can do without.
    pub counts_disk: bool,
}

/// An Ingress class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngressClass {
    /// Its name.
    pub name: String,
    /// The controller that serves it, such as `traefik.io/ingress-controller`.
    pub controller: String,
    /// True where an Ingress without a class gets this one.
    pub default: bool,
}

impl ApiServer {
    /// The nodes, ready ones first, by name; none where we may not list them.
    pub async fn addresses_of_nodes(&self) -> Result<Vec<NodeAddress>, CallError> {
        let nodes: Vec<Node> = permitted(self.list(None, "").await)?;
        let mut addresses: Vec<NodeAddress> = nodes.iter().map(address).collect();
        addresses.sort_by(|a, b| b.ready.cmp(&a.ready).then_with(|| a.name.cmp(&b.name)));
        Ok(addresses)
    }

    /// The Ingress classes, by name; none where we may not list them.
    pub async fn ingress_classes(&self) -> Result<Vec<IngressClass>, CallError> {
        let classes: Vec<Class> = permitted(self.list(None, "").await)?;
        let mut classes: Vec<IngressClass> = classes.into_iter().map(class).collect();
        classes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(classes)
    }
}

/// Nodes and classes are cluster-wide: a deployer that may only work in its namespace goes without.
fn permitted<T>(listed: Result<Vec<T>, CallError>) -> Result<Vec<T>, CallError> {
    match listed {
        Err(CallError { reason: Reason::Forbidden(_), .. }) => Ok(Vec::new()),
        listed => listed,
    }
}

fn address(node: &Node) -> NodeAddress {
    let status = node.status.as_ref();
    let of = |kind: &str| {
        let addresses = status.and_then(|status| status.addresses.as_ref())?;
        addresses.iter().find(|address| address.type_ == kind).map(|found| found.address.clone())
    };
    let ready = status.and_then(|status| status.conditions.as_ref()).is_some_and(|conditions| {
        conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
    });
    NodeAddress {
        name: node.metadata.name.clone().unwrap_or_default(),
        ready,
        external: of("ExternalIP"),
        internal: of("InternalIP"),
        counts_disk: status
            .and_then(|status| status.allocatable.as_ref())
            .is_some_and(|allocatable| allocatable.contains_key("ephemeral-storage")),
    }
}

fn class(class: Class) -> IngressClass {
    const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
    let annotations = class.metadata.annotations.unwrap_or_default();
    IngressClass {
        name: class.metadata.name.unwrap_or_default(),
        controller: class.spec.and_then(|spec| spec.controller).unwrap_or_default(),
        default: annotations.get(DEFAULT).is_some_and(|value| value == "true"),
    }
}
