//! The checks before the first change: all problems of all machines at once. Pure.
//!
//! `machine` judges a machine by itself, `system` its kernel and the services of its system, `networks` those of pods and Services against
//! its own, and `cluster` the machines among each other: names, clocks, roles, and the cluster that each belongs to.

mod cluster;
mod machine;
mod networks;
mod system;

use skyward_terminal::event::Finding;

use super::cluster::Cluster;
use super::facts::Facts;
use super::peers;

pub use cluster::{Identity, clocks, node_name};

/// Returns all findings. `facts` are those of the machines in their order.
pub fn check(cluster: &Cluster, facts: &[Facts]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let identity = Identity::of(cluster, facts);
    for (index, (machine, facts)) in cluster.machines.iter().zip(facts).enumerate() {
        machine::check(cluster, machine, facts, &mut findings);
        system::check(cluster, machine, facts, &mut findings);
        networks::check(cluster, machine, facts, &mut findings);
        cluster::belongs(cluster, &identity, index, facts, &mut findings);
    }
    cluster::clocks(cluster, facts, &mut findings);
    cluster::names(cluster, facts, &mut findings);
    findings.extend(peers::check(cluster, facts));
    cluster::servers(cluster, &mut findings);
    cluster::versions(cluster, &identity, facts, &mut findings);
    findings
}
