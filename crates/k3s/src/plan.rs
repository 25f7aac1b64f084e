//! The plan: the steps that are left to do on each machine. Pure.

use std::collections::BTreeMap;
use std::fmt;

use skyward_config::Role;

use super::cluster::{Cluster, Machine};
use super::facts::Facts;
use super::files::{self, DesiredFile, Member};
use super::preflight::{Identity, node_name};
use super::record::{self, Record};
use super::release::{Assets, Verified};
use super::version::{Arch, Version};

/// The steps of all machines, in this order: the first server, the other servers one by one, the agents at the same time.
#[derive(Debug, Clone)]
pub struct ClusterPlan {
    /// The index of the machine that the cluster begins on.
    pub first: usize,
    /// One entry for each machine, in the configuration's order.
    pub machines: Vec<MachinePlan>,
}

/// The steps of a machine.
#[derive(Debug, Clone)]
pub struct MachinePlan {
    /// The record that it has or gets.
    pub record: Record,
    /// The stamp that k3s is started with.
    pub stamp: String,
    /// The steps that are left.
    pub steps: Vec<MachineStep>,
}

/// A step. Each is independent and may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineStep {
    /// Record what exists, and make folders.
    Record,
    /// Write k3s.
    Binary(Verified),
    /// Write the images, by file name, to where k3s imports them from.
    Images(String, Verified),
    /// Write a file.
    File(DesiredFile),
    /// Remove a file that is no longer wanted.
    Remove(String),
    /// Write the tokens.
    Token,
    /// Start or restart k3s.
    Start,
}

impl fmt::Display for MachineStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record => f.write_str("record what exists"),
            Self::Binary(file) => {
                write!(f, "write {} ({})", record::BINARY, &file.sum[..12])
            }
            Self::Images(name, _) => write!(f, "write {name}"),
            Self::File(file) => write!(f, "write {}", file.path),
            Self::Remove(path) => write!(f, "remove {path}"),
            Self::Token => write!(f, "write {}", record::TOKEN),
            Self::Start => write!(f, "start k3s and wait for its node"),
        }
    }
}

impl ClusterPlan {
    /// Returns true where no step is left.
    pub fn is_empty(&self) -> bool {
        self.machines.iter().all(|planned| planned.steps.is_empty())
    }
}

/// Returns the architectures of the machines that have no k3s of ours yet; `with_images`, where a folder has the release's images, also
/// of those that run the release, because other images may be in it by now.
pub fn needed(facts: &[Facts], wanted: &Version, with_images: bool) -> Vec<Arch> {
    let mut needed: Vec<Arch> = facts
        .iter()
        .filter(|facts| keeps(facts).is_none() || (with_images && runs(facts, wanted)))
        .filter_map(|facts| Arch::of_machine(&facts.machine))
        .collect();
    needed.sort_unstable();
    needed.dedup();
    needed
}

fn runs(facts: &Facts, wanted: &Version) -> bool {
    facts.version.as_deref() == Some(wanted.as_str())
}

/// The images that a machine lacks.
pub fn lacking<'a>(assets: &'a Assets, facts: &Facts) -> Option<&'a (String, Verified)> {
    let images = assets.images.as_ref()?;
    let there = facts.paths.get(&format!("{}/{}", record::IMAGES, images.0));
    (there.and_then(|entry| entry.sum.as_ref()) != Some(&images.1.sum)).then_some(images)
}

/// The checksum of the images that a machine will have: those that it gets, else those that it has.
pub fn images(assets: Option<&Assets>, facts: &Facts) -> Option<String> {
    let new = assets.and_then(|assets| assets.images.as_ref()).map(|(_, file)| file.sum.clone());
    let mut have = facts.paths.iter().filter(|(path, _)| path.starts_with(record::IMAGES));
    new.or_else(|| have.find_map(|(_, entry)| entry.sum.clone()))
}

/// The checksum of the binary that a member keeps. Only `upgrade` brings another version.
fn keeps(facts: &Facts) -> Option<&str> {
    let sum = facts.paths.get(record::BINARY)?.sum.as_deref()?;
    (facts.is_member() && facts.version.is_some()).then_some(sum)
}

/// Plans the steps for machines that passed the preflight. A cluster that has no ID yet gets `id`.
pub fn plan(
    cluster: &Cluster,
    facts: &[Facts],
    identity: &Identity,
    assets: &BTreeMap<Arch, Assets>,
    id: &str,
) -> ClusterPlan {
    let first = identity.first;
    let machines = facts.iter().enumerate().map(|(index, own)| {
        let joins = joins(cluster, facts, first, index);
        let facts = own;
        let machine = &cluster.machines[index];
        let node = node_name(machine, facts);
        let record = facts.recorded().cloned().unwrap_or_else(|| Record {
            cluster: cluster.name.clone(),
            id: identity.id.clone().unwrap_or_else(|| id.to_owned()),
            role: machine.role,
            node: node.clone(),
            first: index == first && identity.id.is_none(),
            before: facts.paths.keys().cloned().collect(),
            cni_rules: facts.cni_rules,
            sysctls: facts.sysctls.clone(),
        });
        let is_first = index == first;
        let member = Member { machine, node: &node, joins: joins.as_deref() };
        let files = files::desired(cluster, &member, facts.init);
        let assets = Arch::of_machine(&facts.machine).and_then(|arch| assets.get(&arch));
        planned((&cluster.version, machine.role), facts, identity, is_first, record, files, assets)
    });
    ClusterPlan { first, machines: machines.collect() }
}

/// The address by which a machine joins. A member keeps the one that it joined by, so that a server that dies restarts no other; it
/// gets another one where that server is none of the configuration's any more.
pub fn joins(cluster: &Cluster, facts: &[Facts], first: usize, index: usize) -> Option<String> {
    let own = cluster.machines[index].api_server();
    let is_member = facts[index].is_member();
    if is_member {
        if facts[index].recorded().is_some_and(|record| record.first) {
            return None;
        }
        let mut others = cluster.servers().map(Machine::api_server).filter(|server| *server != own);
        let kept = facts[index].joined.as_ref();
        if let Some(kept) = kept.filter(|joined| others.any(|server| server == **joined)) {
            return Some(kept.clone());
        }
    }
    if index != first {
        return Some(cluster.machines[first].api_server());
    }
    // The server that the cluster began on is gone: this one leads the others, and needs one of them to come back by.
    let mut others =
        cluster.machines.iter().zip(facts).enumerate().filter(|(other, _)| *other != first);
    let other = others.find(|(_, (machine, facts))| {
        machine.role == Role::Server && facts.is_member() && is_member
    });
    other.map(|(_, (machine, _))| machine.api_server())
}

fn planned(
    (wanted, role): (&Version, Role),
    facts: &Facts,
    identity: &Identity,
    is_first: bool,
    record: Record,
    files: Vec<DesiredFile>,
    assets: Option<&Assets>,
) -> MachinePlan {
    let mut steps = Vec::new();
    if facts.recorded().is_none() {
        steps.push(MachineStep::Record);
    }
    let installed = facts.paths.get(record::BINARY).and_then(|entry| entry.sum.clone());
    let kept = keeps(facts).map(str::to_owned);
    let binary = kept.or_else(|| assets.map(|assets| assets.binary.sum.clone()));
    if keeps(facts).is_none()
        && let Some(assets) = assets
    {
        let mode = facts.paths.get(record::BINARY).map(|entry| entry.mode.as_str());
        if installed.as_ref() != Some(&assets.binary.sum) || mode != Some("755") {
            steps.push(MachineStep::Binary(assets.binary.clone()));
        }
    }
    // A member that is to be upgraded gets the images with its new binary.
    let assets = assets.filter(|_| keeps(facts).is_none() || runs(facts, wanted));
    if let Some((name, file)) = assets.and_then(|assets| lacking(assets, facts)) {
        steps.push(MachineStep::Images(name.clone(), file.clone()));
    }
    let images = images(assets, facts);
    let stamp = files::stamp(&binary.unwrap_or_default(), images.as_deref(), &files);
    let wants_registries = files.iter().any(|file| file.path == record::REGISTRIES);
    let is_ours = !record.before.contains(record::REGISTRIES);
    if !wants_registries && facts.has(record::REGISTRIES) && is_ours {
        steps.push(MachineStep::Remove(record::REGISTRIES.to_owned()));
    }
    steps.extend(files.into_iter().filter(|file| !file.is_there(facts)).map(MachineStep::File));
    if !token_is_there(facts, identity, is_first, role) {
        steps.push(MachineStep::Token);
    }
    if !facts.active || !facts.enabled || facts.started.as_ref() != Some(&stamp) {
        steps.push(MachineStep::Start);
    }
    MachinePlan { record, stamp, steps }
}

/// Returns true where the tokens are the right ones and only root can read them.
fn token_is_there(facts: &Facts, identity: &Identity, is_first: bool, role: Role) -> bool {
    let is_private = |path: &str| {
        let entry = facts.paths.get(path);
        entry.is_some_and(|entry| entry.mode == "600" && entry.owner == "0:0")
    };
    let own = is_private(record::TOKEN) && facts.token.is_some();
    let agents = is_private(record::AGENT_TOKEN) && facts.agent_token.is_some();
    match role {
        // The first server's token is that of the cluster.
        Role::Server if is_first => own && agents,
        Role::Server => {
            own && agents
                && facts.token == identity.token
                && facts.agent_token == identity.agent_token
        }
        Role::Agent => own && facts.token == identity.agent_token,
    }
}
