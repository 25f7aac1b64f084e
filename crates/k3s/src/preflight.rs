//! What is wrong with the machines, all of it at once. Pure.

mod cluster;
mod machine;
#[cfg(test)]
mod tests;

use super::cluster::Cluster;
use super::event::Finding;
use super::facts::Facts;

pub use cluster::Identity;
pub(crate) use cluster::node_name;

/// Everything that is wrong. `facts` are those of the cluster's machines in their order; none where a machine did not answer, which
/// is a finding of whoever asked.
pub fn check(cluster: &Cluster, facts: &[Option<Facts>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let identity = Identity::of(cluster, facts);
    for (index, (machine, facts)) in cluster.machines.iter().zip(facts).enumerate() {
        if let Some(facts) = facts {
            machine::check(cluster, machine, facts, &mut findings);
            cluster::belongs(cluster, &identity, index, facts, &mut findings);
        }
    }
    cluster::clocks(cluster, facts, &mut findings);
    cluster::names(cluster, facts, &mut findings);
    cluster::servers(cluster, &mut findings);
    cluster::versions(cluster, &identity, facts, &mut findings);
    findings
}
