//! What is wrong among the machines: names, clocks, roles, and which cluster each is of.

use std::collections::BTreeMap;

use skyward_config::Role;

use super::machine;
use crate::cluster::{Cluster, Machine};
use crate::event::Finding;
use crate::facts::Facts;
use crate::version::Version;

/// So far a clock may be off, in seconds: certificates begin when they are made, and etcd warns from one second on.
const CLOCK_S: i64 = 10;

/// Which cluster there is, as its machines tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What tells it from others; none where no machine has a record.
    pub id: Option<String>,
    /// Which machine it began on, or will.
    pub first: usize,
    /// The hash of its authority, once it has one.
    pub authority: Option<String>,
    /// The fingerprint of the servers' token.
    pub token: Option<String>,
    /// The fingerprint of the agents' token.
    pub agent_token: Option<String>,
}

impl Identity {
    /// What the machines tell. The first one that knows decides; who contradicts is found out by the preflight.
    pub fn of(cluster: &Cluster, facts: &[Option<Facts>]) -> Self {
        let record = |index: usize| facts[index].as_ref().and_then(Facts::recorded);
        let of_ours = |index: &usize| record(*index).is_some_and(|it| it.cluster == cluster.name);
        let servers: Vec<usize> = (0..cluster.machines.len())
            .filter(|index| cluster.machines[*index].role == Role::Server)
            .collect();
        let began = servers
            .iter()
            .copied()
            .find(|index| of_ours(index) && record(*index).is_some_and(|record| record.first));
        let member = servers
            .iter()
            .copied()
            .find(|index| of_ours(index) && facts[*index].as_ref().is_some_and(Facts::is_member));
        let first = began.or(member).or(servers.first().copied()).unwrap_or(0);
        let id = std::iter::once(first)
            .chain(0..facts.len())
            .filter(of_ours)
            .find_map(|index| record(index).map(|record| record.id.clone()));
        let of_first = facts.get(first).and_then(Option::as_ref).filter(|_| of_ours(&first));
        Self {
            id,
            first,
            authority: of_first.and_then(|facts| facts.authority.clone()),
            token: of_first.and_then(|facts| facts.token.clone()),
            agent_token: of_first.and_then(|facts| facts.agent_token.clone()),
        }
    }
}

/// The name of a machine's node: the configured one, that of an earlier run, its host name.
pub(crate) fn node_name(machine: &Machine, facts: &Facts) -> String {
    let recorded = facts.recorded().map(|record| record.node.clone());
    let configured = machine.name.clone();
    configured.or(recorded).unwrap_or_else(|| facts.hostname.to_lowercase())
}

/// Whether the machine is of this cluster, of another, or of none.
pub(super) fn belongs(
    cluster: &Cluster,
    identity: &Identity,
    index: usize,
    facts: &Facts,
    out: &mut Vec<Finding>,
) {
    let machine = &cluster.machines[index];
    let mut wrong = |text: String| out.push(Finding::new(machine.label(), text));
    if let Some(path) = machine::foreign(facts) {
        wrong(format!(
            "there is a k3s already that this program did not install ({path}); remove it by its own uninstaller (k3s-uninstall.sh), or \
             leave the machine out"
        ));
        return;
    }
    let record = match &facts.record {
        None => return,
        Some(Err(reason)) => {
            wrong(format!(
                "its record {} cannot be read: {reason}; put it right by hand",
                crate::record::RECORD
            ));
            return;
        }
        Some(Ok(record)) => record,
    };
    if record.cluster != cluster.name || identity.id.as_ref().is_some_and(|id| *id != record.id) {
        wrong(format!(
            "it is in another cluster, {} ({}); take it down there first, or leave the machine out",
            record.cluster,
            record.id.get(..8).unwrap_or(&record.id)
        ));
        return;
    }
    if record.role != machine.role {
        let (is, wanted) = (word(record.role), word(machine.role));
        wrong(format!(
            "it is {is} and the configuration says {wanted}; `cluster down` first, or leave it as it is"
        ));
    }
    if machine.name.as_ref().is_some_and(|name| *name != record.node) {
        wrong(format!(
            "its node is {} and the configuration says another name; a node keeps its name",
            record.node
        ));
    }
    token(identity, index, machine.role, facts, &mut wrong);
}

/// A token that pins another authority, or is not the cluster's, would be refused by the servers again and again.
fn token(
    identity: &Identity,
    index: usize,
    role: Role,
    facts: &Facts,
    wrong: &mut impl FnMut(String),
) {
    let wanted = match role {
        Role::Server => &identity.token,
        Role::Agent => &identity.agent_token,
    };
    let differs = |have: &Option<String>, want: &Option<String>| {
        have.is_some() && want.is_some() && have != want
    };
    let file = crate::record::TOKEN;
    if differs(&facts.token_authority, &identity.authority)
        || differs(&facts.authority, &identity.authority)
    {
        wrong(format!(
            "its token ({file}) is for a cluster with another authority; remove the file, and `cluster up` writes the right one"
        ));
    } else if index != identity.first && differs(&facts.token, wanted) {
        wrong(format!(
            "its token ({file}) does not fit the cluster; remove the file, and `cluster up` writes the right one"
        ));
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Server => "a server",
        Role::Agent => "an agent",
    }
}

/// With three machines or more their median is the time; with fewer, this machine's.
pub(super) fn clocks(cluster: &Cluster, facts: &[Option<Facts>], out: &mut Vec<Finding>) {
    let mut ahead: Vec<i64> = facts.iter().flatten().map(|facts| facts.ahead_s).collect();
    ahead.sort_unstable();
    let (time, whose) = match ahead.len() {
        0..=2 => (0, "this machine's"),
        many => (ahead[many / 2], "the others'"),
    };
    for (machine, facts) in cluster.machines.iter().zip(facts) {
        let Some(facts) = facts else { continue };
        let off = facts.ahead_s.saturating_sub(time);
        if off.abs() > CLOCK_S {
            let way = if off > 0 { "ahead of" } else { "behind" };
            let text = format!(
                "its clock is {} s {way} {whose}; certificates would not be valid: let it keep time by NTP",
                off.abs()
            );
            out.push(Finding::new(machine.label(), text));
        }
    }
}

/// Two nodes of one name would be one node, now with the one machine, now with the other.
pub(super) fn names(cluster: &Cluster, facts: &[Option<Facts>], out: &mut Vec<Finding>) {
    let mut by_name: BTreeMap<String, Vec<&Machine>> = BTreeMap::new();
    for (machine, facts) in cluster.machines.iter().zip(facts) {
        if let Some(facts) = facts {
            let name = node_name(machine, facts);
            if name.is_empty() || name == "localhost" {
                let text =
                    "its host name is no name of its own; set one there, or `name` of the machine";
                out.push(Finding::new(machine.label(), text));
            } else {
                by_name.entry(name).or_default().push(machine);
            }
        }
    }
    for (name, machines) in by_name.into_iter().filter(|(_, machines)| machines.len() > 1) {
        for machine in &machines {
            let others: Vec<String> = machines
                .iter()
                .filter(|other| **other != *machine)
                .map(|other| other.label())
                .collect();
            let text = format!(
                "its node would be {name}, as that of {}; give each a host name, or `name`, of its own",
                others.join(", ")
            );
            out.push(Finding::new(machine.label(), text));
        }
    }
}

/// etcd needs a majority: an even number bears no more losses than one less.
pub(super) fn servers(cluster: &Cluster, out: &mut Vec<Finding>) {
    let count = cluster.servers().count();
    if count > 0 && count.is_multiple_of(2) {
        let text = format!(
            "{count} servers are configured; etcd needs an odd number, since {count} bear no more losses than {}: make one an agent or add one",
            count - 1
        );
        out.push(Finding::new("k3s.machine", text));
    }
    if cluster.machines.len() > 1 {
        for machine in cluster.servers().filter(|machine| machine.reached_at().is_none()) {
            let text = "the other machines need its address: give it `ip`";
            out.push(Finding::new(machine.label(), text));
        }
    }
}

/// A node that is newer than its servers is not supported; one that joins gets the configured release.
pub(super) fn versions(
    cluster: &Cluster,
    identity: &Identity,
    facts: &[Option<Facts>],
    out: &mut Vec<Finding>,
) {
    let running = facts.get(identity.first).and_then(Option::as_ref).filter(|it| it.is_member());
    let Some(running) = running.and_then(|facts| facts.version.as_deref()).and_then(Version::parse)
    else {
        return;
    };
    if running == cluster.version {
        return;
    }
    for (machine, facts) in cluster.machines.iter().zip(facts) {
        if facts.as_ref().is_some_and(|facts| !facts.is_member()) {
            let text = format!(
                "it would join with {}, and the cluster runs {running}; `cluster upgrade` first (with this machine left out), or set k3s.version",
                cluster.version
            );
            out.push(Finding::new(machine.label(), text));
        }
    }
}
