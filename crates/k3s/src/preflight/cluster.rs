//! The checks of the machines among each other: names, clocks, roles, and the cluster that each belongs to.

use std::collections::BTreeMap;

use skyward_config::Role;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use super::machine;
use crate::cluster::{Cluster, Machine};
use crate::facts::Facts;
use crate::record::{self, Record};
use crate::report::problem;
use crate::version::Version;

/// Seconds that a clock may be off: certificates are valid from the moment they are made, and etcd warns from one second on. What is
/// told is a multiple of it, as the question itself takes a second or more of a busy machine.
const CLOCK_SECONDS: i64 = 10;
/// From so many machines on, the median of their clocks is the time; with fewer, the clock of this machine is.
const CLOCK_QUORUM: usize = 3;

/// The identity of the cluster that exists, as its machines recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The ID that tells it from other clusters; none where no machine has a record.
    pub id: Option<String>,
    /// The index of the server that the others are led through: the one that it began on or will begin on, else one that answers.
    pub first: usize,
    /// The hash of its authority, once it has one.
    pub authority: Option<String>,
    /// The fingerprint of the servers' token.
    pub token: Option<String>,
    /// The fingerprint of the agents' token.
    pub agent_token: Option<String>,
}

impl Identity {
    /// Reads the identity from the facts. The first machine that knows decides; the preflight finds those that contradict it.
    pub fn of(cluster: &Cluster, facts: &[Facts]) -> Self {
        let servers: Vec<usize> = (0..cluster.machines.len())
            .filter(|index| cluster.machines[*index].role == Role::Server)
            .collect();
        let record = |index: usize| ours(cluster, &facts[index]);
        let began = servers.iter().find(|index| record(**index).is_some_and(|record| record.first));
        let member =
            servers.iter().find(|index| record(**index).is_some() && facts[**index].is_member());
        let first = began.or(member).or(servers.first()).copied().unwrap_or(0);
        Self::through(cluster, facts, first)
    }

    /// Reads the identity as [`Identity::of`], with this server as the one that the others are led through.
    pub fn through(cluster: &Cluster, facts: &[Facts], first: usize) -> Self {
        let id = facts.get(first).into_iter().chain(facts).find_map(|facts| ours(cluster, facts));
        let of_first = facts.get(first).filter(|facts| ours(cluster, facts).is_some());
        Self {
            id: id.map(|record| record.id.clone()),
            first,
            authority: of_first.and_then(|facts| facts.authority.clone()),
            token: of_first.and_then(|facts| facts.token.clone()),
            agent_token: of_first.and_then(|facts| facts.agent_token.clone()),
        }
    }
}

/// The record of a machine that is in this cluster.
fn ours<'a>(cluster: &Cluster, facts: &'a Facts) -> Option<&'a Record> {
    facts.recorded().filter(|record| record.cluster == cluster.name)
}

/// The name of a machine's node: the configured one, that of an earlier run, or its host name.
pub fn node_name(machine: &Machine, facts: &Facts) -> String {
    let recorded = facts.recorded().map(|record| record.node.clone());
    let configured = machine.name.clone();
    configured.or(recorded).unwrap_or_else(|| facts.hostname.to_lowercase())
}

/// Finds a machine that belongs to another cluster, or to this one in another way than configured.
pub(super) fn belongs(
    cluster: &Cluster,
    identity: &Identity,
    index: usize,
    facts: &Facts,
    out: &mut Vec<Finding>,
) {
    let machine = &cluster.machines[index];
    let mut wrong = |text: String, next: &str| out.push(problem(machine.label(), text, next));
    if let Some(path) = machine::foreign(facts) {
        wrong(
            format!("it has a k3s already that this program did not install ({path})"),
            "remove it with its own uninstaller (k3s-uninstall.sh), or leave the machine out",
        );
        return;
    }
    let record = match &facts.record {
        None => return,
        Some(Err(reason)) => {
            wrong(
                format!("its record {} cannot be read: {reason}", record::RECORD),
                "repair the file by hand",
            );
            return;
        }
        Some(Ok(record)) => record,
    };
    if record.cluster != cluster.name || identity.id.as_ref().is_some_and(|id| *id != record.id) {
        let id = record.id.get(..8).unwrap_or(&record.id);
        wrong(
            format!("it is in another cluster, {} ({id})", record.cluster),
            "take that cluster down first, or leave the machine out",
        );
        return;
    }
    if record.role != machine.role {
        let (is, wanted) = (word(record.role), word(machine.role));
        wrong(
            format!("it is {is} and the configuration says {wanted}"),
            "run `cluster down` first, or keep its role",
        );
    }
    if machine.name.as_ref().is_some_and(|name| *name != record.node) {
        wrong(
            format!("its node is {} and the configuration gives another name", record.node),
            "keep the name: a node cannot be renamed",
        );
    }
    if let Some(text) = token(identity, index, machine.role, facts) {
        wrong(text, "remove the file, and `cluster up` writes the right one");
    }
}

/// Finds a token that pins another authority or is not the cluster's. The servers would refuse it again and again.
fn token(identity: &Identity, index: usize, role: Role, facts: &Facts) -> Option<String> {
    let wanted = match role {
        Role::Server => &identity.token,
        Role::Agent => &identity.agent_token,
    };
    let differs = |have: &Option<String>, want: &Option<String>| {
        have.is_some() && want.is_some() && have != want
    };
    let file = record::TOKEN;
    if differs(&facts.token_authority, &identity.authority)
        || differs(&facts.authority, &identity.authority)
    {
        return Some(format!("its token ({file}) is for a cluster with another authority"));
    }
    let is_other = index != identity.first && differs(&facts.token, wanted);
    is_other.then(|| format!("its token ({file}) does not fit the cluster"))
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Server => "a server",
        Role::Agent => "an agent",
    }
}

/// Finds clocks that are wrong.
pub fn clocks(cluster: &Cluster, facts: &[Facts], out: &mut Vec<Finding>) {
    let mut ahead: Vec<i64> = facts.iter().map(|facts| facts.ahead_s).collect();
    ahead.sort_unstable();
    let (time, whose) = match ahead.len() {
        many if many >= CLOCK_QUORUM => (ahead[many / 2], "the others'"),
        _ => (0, "this machine's"),
    };
    let tell = |machine: &Machine, off: i64, whose: &str| {
        let direction = if off > 0 { "ahead of" } else { "behind" };
        let text = format!(
            "its clock is {} s {direction} {whose}, so certificates would not be valid",
            (off.abs() + CLOCK_SECONDS / 2) / CLOCK_SECONDS * CLOCK_SECONDS
        );
        problem(machine.label(), text, "let NTP set its clock")
    };
    let before = out.len();
    for (machine, facts) in cluster.machines.iter().zip(facts) {
        let off = facts.ahead_s.saturating_sub(time);
        if off.abs() > CLOCK_SECONDS {
            out.push(tell(machine, off, whose));
        }
    }
    // Each may be near that time, and two of them still too far apart.
    let (Some(least), Some(most)) = (ahead.first(), ahead.last()) else { return };
    let apart = most.saturating_sub(*least);
    if out.len() == before && apart > CLOCK_SECONDS {
        let of = |ahead: i64| facts.iter().position(|facts| facts.ahead_s == ahead);
        if let (Some(slow), Some(fast)) = (of(*least), of(*most)) {
            let whose = format!("that of {}", cluster.machines[slow].label());
            out.push(tell(&cluster.machines[fast], apart, &whose));
        }
    }
}

/// Returns true for a name that a node may have: an object's name (RFC 1123) that is a label's value too, in `kubernetes.io/hostname`.
fn is_node_name(name: &str) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.first().is_some_and(is_letter)
            && bytes.last().is_some_and(is_letter)
            && bytes.iter().all(|byte| is_letter(byte) || *byte == b'-')
    };
    name.len() <= 63 && name.split('.').all(is_part)
}

/// Finds machines whose nodes would have the same name, and so would be one node, now on this machine and now on that.
pub(super) fn names(cluster: &Cluster, facts: &[Facts], out: &mut Vec<Finding>) {
    let mut by_name: BTreeMap<String, Vec<&Machine>> = BTreeMap::new();
    for (machine, facts) in cluster.machines.iter().zip(facts) {
        let name = node_name(machine, facts);
        if name.is_empty() || name == "localhost" {
            let text = format!("its host name, `{name}`, does not tell it from other machines");
            let next = "set a host name on it, or give the machine a `name`";
            out.push(problem(machine.label(), text, next));
        } else if !is_node_name(&name) {
            let text = format!(
                "its host name, `{name}`, is not one that a node may have: 1 to 63 of a-z, 0-9, - and ., with a letter or digit at both ends of each part"
            );
            let next = "set such a host name on it, or give the machine a `name`";
            out.push(problem(machine.label(), text, next));
        } else {
            by_name.entry(name).or_default().push(machine);
        }
    }
    for (name, machines) in by_name.into_iter().filter(|(_, machines)| machines.len() > 1) {
        for machine in &machines {
            let others = machines.iter().filter(|other| **other != *machine);
            let others: Vec<String> = others.map(|other| other.label()).collect();
            let text = format!("its node would be {name}, like that of {}", others.join(", "));
            let next = "give each machine a host name, or a `name`, of its own";
            out.push(problem(machine.label(), text, next));
        }
    }
}

/// Finds an even number of servers. etcd needs a majority, so an even number survives no more losses than one less.
pub(super) fn servers(cluster: &Cluster, out: &mut Vec<Finding>) {
    let count = cluster.servers().count();
    if count > 0 && count.is_multiple_of(2) {
        let text = format!(
            "{count} servers are configured; an odd number is better, because {count} survive no more losses than {}",
            count - 1
        );
        let finding = problem("k3s.machine", text, "make one of them an agent, or add one");
        out.push(Finding { severity: Severity::Warning, ..finding });
    }
    if cluster.all().count() > 1 {
        for machine in cluster.servers().filter(|machine| machine.address_for_others().is_none()) {
            let text = "the other machines need its address";
            out.push(problem(machine.label(), text, "give it an `ip`"));
        }
    }
}

/// Finds machines that would join with another release than the servers run. A node that is newer than its servers is not supported.
pub(super) fn versions(
    cluster: &Cluster,
    identity: &Identity,
    facts: &[Facts],
    out: &mut Vec<Finding>,
) {
    let first = facts.get(identity.first).filter(|facts| facts.is_member());
    let running = first.and_then(|facts| facts.version.as_deref()).and_then(Version::parse);
    let Some(running) = running.filter(|running| *running != cluster.version) else { return };
    for (machine, facts) in cluster.machines.iter().zip(facts) {
        if !facts.is_member() {
            let text =
                format!("it would join with {}, and the cluster runs {running}", cluster.version);
            let next =
                "run `cluster upgrade` first, with this machine left out, or change k3s.version";
            out.push(problem(machine.label(), text, next));
        }
    }
}
