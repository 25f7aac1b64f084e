//! `up` and `join`: what is planned is done, and what fails on one machine does not keep the others from theirs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use skyward_config::Role;

use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::event::Finding;
use super::event::{MachineState, Reporter};
use super::facts::Facts;
use super::host::{Host, HostError, SHORT};
use super::inspect::{self, inspect};
use super::install::{self, Tokens};
use super::kubeconfig::{self, Kubeconfig};
use super::nodes;
use super::plan::{self, ClusterPlan, MachineStep};
use super::preflight::Identity;
use super::release::{Assets, Source};
use super::version::Arch;
use super::{ClusterError, token};

/// How `up` goes about it.
#[derive(Debug, Clone, Copy)]
pub struct UpOptions<'a> {
    /// What is done about host keys that are not known.
    pub keys: HostKeys,
    /// The kubeconfig that gets the context.
    pub kubeconfig: &'a Path,
    /// Whether there must be a cluster already.
    pub join: bool,
    /// Whether the plan alone is shown.
    pub plan_only: bool,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpOutcome {
    /// Steps that were done, or are to be done where the plan alone was asked for.
    pub steps: usize,
    /// Nodes that are ready.
    pub nodes: usize,
}

/// The machines and what is to be done on them.
struct Ready {
    hosts: Vec<Host>,
    facts: Vec<Facts>,
    plan: ClusterPlan,
}

/// Sets the cluster up, or widens it, until every node is ready and the kubeconfig has its context.
///
/// # Errors
/// Findings, before anything is changed; or the machines that did not get there.
pub async fn up(
    cluster: &Cluster,
    source: &Source,
    options: UpOptions<'_>,
    report: &Reporter,
) -> Result<UpOutcome, ClusterError> {
    let Ready { hosts, facts, plan } = look(cluster, source, options, report).await?;
    let steps = plan.machines.iter().map(|planned| planned.steps.len()).sum();
    for (host, planned) in hosts.iter().zip(&plan.machines) {
        let steps: Vec<String> = planned.steps.iter().map(MachineStep::to_string).collect();
        if !steps.is_empty() {
            report.machine(&host.label(), MachineState::Planned, steps.join(", "));
        }
    }
    if options.plan_only {
        inspect::close(hosts).await;
        return Ok(UpOutcome { steps, nodes: 0 });
    }
    let work = Work { cluster, hosts: &hosts, facts: &facts, plan: &plan, report };
    let failed = work.run().await;
    let ended = work.finish(options, failed).await;
    inspect::close(hosts).await;
    ended.map(|nodes| UpOutcome { steps, nodes })
}

/// Everything up to the plan: nothing is changed.
async fn look(
    cluster: &Cluster,
    source: &Source,
    options: UpOptions<'_>,
    report: &Reporter,
) -> Result<Ready, ClusterError> {
    let began = Instant::now();
    let document = Kubeconfig::read(options.kubeconfig)?;
    let inspection = inspect(cluster, options.keys).await;
    let seen = inspection.facts();
    let identity = Identity::of(cluster, &seen);
    let mut others: Vec<Finding> = Vec::new();
    others.extend(kubeconfig::check(&document, &cluster.context, identity.id.as_deref()));
    if options.join && !seen.iter().flatten().any(Facts::is_member) {
        let text = "no machine of the configuration is in a cluster yet; `cluster up` begins one";
        others.push(Finding::new("cluster", text));
    }
    let needed = plan::needed(&seen.into_iter().flatten().collect::<Vec<_>>());
    // What cannot be had is said together with what is wrong with the machines.
    let mut assets: BTreeMap<Arch, Assets> = BTreeMap::new();
    for arch in needed {
        match source.clone().assets_aside(arch, report).await {
            Ok(found) => drop(assets.insert(arch, found)),
            Err(error) => others.push(Finding::new(format!("k3s {}", cluster.version), error)),
        }
    }
    let machines = inspection.pass(cluster, others, report).await?;
    let state = format!("{} looked at, nothing stands against it", machines.len());
    report.ready("machines", state, began);
    let (hosts, facts): (Vec<Host>, Vec<Facts>) = machines.into_iter().unzip();
    for (host, facts) in hosts.iter().zip(&facts).filter(|(_, facts)| facts.is_member()) {
        if let Some(version) = facts.version.as_ref().filter(|it| *it != cluster.version.as_str()) {
            report.note(format!(
                "{} runs {version}, and the configuration says {}: `cluster upgrade` brings it there",
                host.label(),
                cluster.version
            ));
        }
    }
    let id = token::random(16)
        .map_err(|error| ClusterError::Unfit(format!("making the cluster's id: {error}")))?;
    let plan = plan::plan(cluster, &facts, &identity, &assets, &id);
    Ok(Ready { hosts, facts, plan })
}

struct Work<'a> {
    cluster: &'a Cluster,
    hosts: &'a [Host],
    facts: &'a [Facts],
    plan: &'a ClusterPlan,
    report: &'a Reporter,
}

impl Work<'_> {
    /// Does the plan; the machines that failed.
    async fn run(&self) -> Vec<String> {
        let prepared = join_all(self.indices(|_| true).into_iter().map(|index| async move {
            let done =
                install::prepare(&self.hosts[index], &self.plan.machines[index], self.report).await;
            (index, done)
        }))
        .await;
        let mut failed: BTreeMap<usize, HostError> = BTreeMap::new();
        for (index, done) in prepared {
            self.keep(&mut failed, index, done);
        }
        let first = self.plan.first;
        if !failed.contains_key(&first) {
            let begun = self.begin(first).await;
            self.keep(&mut failed, first, begun);
        }
        if failed.contains_key(&first) {
            for index in self.indices(|index| index != first && !failed.contains_key(&index)) {
                let error = self.hosts[index].refused("joining", "the first server does not run");
                self.keep(&mut failed, index, Err(error));
            }
            return self.labels(&failed);
        }
        self.join_all(&mut failed).await;
        self.labels(&failed)
    }

    /// The other servers one by one, since etcd takes one member at a time; then the agents at the same time.
    async fn join_all(&self, failed: &mut BTreeMap<usize, HostError>) {
        let first = self.plan.first;
        let is = |role: Role| move |index: &usize| self.hosts[*index].machine.role == role;
        let others = self.indices(|index| index != first && !failed.contains_key(&index));
        let need = others
            .iter()
            .any(|index| self.plan.machines[*index].steps.contains(&MachineStep::Token));
        let tokens = if need {
            match install::read_tokens(&self.hosts[first]).await {
                Ok(tokens) => Some(tokens),
                Err(error) => {
                    for index in others {
                        self.keep(failed, index, Err(error.clone()));
                    }
                    return;
                }
            }
        } else {
            None
        };
        for index in others.iter().copied().filter(is(Role::Server)) {
            let joined = self.join(index, tokens.as_ref()).await;
            self.keep(failed, index, joined);
        }
        let agents = others.iter().copied().filter(is(Role::Agent));
        let joined = join_all(agents.map(|index| {
            let tokens = tokens.as_ref();
            async move { (index, self.join(index, tokens).await) }
        }))
        .await;
        for (index, done) in joined {
            self.keep(failed, index, done);
        }
    }

    async fn begin(&self, first: usize) -> Result<(), HostError> {
        let (host, planned) = (&self.hosts[first], &self.plan.machines[first]);
        install::write_first_tokens(host, planned).await?;
        if planned.steps.contains(&MachineStep::Token) {
            self.report.machine(&host.label(), MachineState::Done, MachineStep::Token.to_string());
        }
        self.start(first).await
    }

    async fn join(&self, index: usize, tokens: Option<&Tokens>) -> Result<(), HostError> {
        let (host, planned) = (&self.hosts[index], &self.plan.machines[index]);
        if planned.steps.contains(&MachineStep::Token)
            && let Some(tokens) = tokens
        {
            install::write_tokens(host, tokens).await?;
            self.report.machine(&host.label(), MachineState::Done, MachineStep::Token.to_string());
        }
        self.start(index).await
    }

    /// Starts where that is planned, and waits for the node.
    async fn start(&self, index: usize) -> Result<(), HostError> {
        let (host, planned) = (&self.hosts[index], &self.plan.machines[index]);
        if !planned.steps.contains(&MachineStep::Start) {
            return Ok(());
        }
        let (record, unit) = (&planned.record, planned.record.unit());
        install::start(host, unit, self.facts[index].init, &planned.stamp).await?;
        let server = &self.hosts[self.plan.first];
        let node = (record.node.as_str(), None);
        nodes::await_ready(server, (host, unit), node, self.limit(), self.report).await?;
        self.report.machine(&host.label(), MachineState::Done, MachineStep::Start.to_string());
        Ok(())
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(self.cluster.settings.node_timeout_s.into())
    }

    /// The kubeconfig where the first server runs; then every node once more, also where nothing was to be done.
    async fn finish(
        &self,
        options: UpOptions<'_>,
        mut failed: Vec<String>,
    ) -> Result<usize, ClusterError> {
        let first = self.plan.first;
        let host = &self.hosts[first];
        if !failed.contains(&host.label()) {
            self.kubeconfig(options.kubeconfig).await?;
            let server = &self.hosts[first];
            // One that does not answer yet is waited for below.
            let known = nodes::nodes(server).await.unwrap_or_default();
            for (host, planned) in self.hosts.iter().zip(&self.plan.machines) {
                if failed.contains(&host.label()) || planned.steps.contains(&MachineStep::Start) {
                    continue;
                }
                let (node, unit) = (planned.record.node.as_str(), planned.record.unit());
                if known.get(node).is_some_and(|node| node.ready) {
                    continue;
                }
                let waited = nodes::await_ready(
                    server,
                    (host, unit),
                    (node, None),
                    self.limit(),
                    self.report,
                );
                if let Err(error) = waited.await {
                    self.report.failed(&error);
                    failed.push(host.label());
                }
            }
        }
        if failed.is_empty() {
            return Ok(self.hosts.len());
        }
        Err(ClusterError::Machines {
            of: "setting the cluster up",
            machines: self.hosts.len(),
            failed,
            next: "correct what is said above, then run this again: it goes on from there",
        })
    }

    async fn kubeconfig(&self, path: &Path) -> Result<(), ClusterError> {
        let host = &self.hosts[self.plan.first];
        let doing = "reading its kubeconfig";
        let script = "cat /etc/rancher/k3s/k3s.yaml";
        let stdout = host.run(doing, script, &[], Input::None, SHORT).await?;
        let text = String::from_utf8_lossy(&stdout);
        let id = &self.plan.machines[self.plan.first].record.id;
        let server = host.machine.api_server();
        let document = Kubeconfig::read(path)?;
        let merged = document.merged(&self.cluster.context, id, &text, &server)?;
        if merged != document {
            merged.write()?;
            let text = format!("context {} is in {}", self.cluster.context, path.display());
            self.report.note(text);
        }
        Ok(())
    }

    fn indices(&self, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.hosts.len()).filter(|index| wanted(*index)).collect()
    }

    fn keep(
        &self,
        failed: &mut BTreeMap<usize, HostError>,
        index: usize,
        done: Result<(), HostError>,
    ) {
        if let Err(error) = done {
            self.report.failed(&HostError { machine: self.hosts[index].label(), ..error.clone() });
            failed.insert(index, error);
        }
    }

    fn labels(&self, failed: &BTreeMap<usize, HostError>) -> Vec<String> {
        failed.keys().map(|index| self.hosts[*index].label()).collect()
    }
}
