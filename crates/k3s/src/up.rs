//! `up` and `join`: the plan is carried out, and a machine that fails does not keep the others from their nodes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use futures_util::future::join_all;
use skyward_config::Role;
use skyward_terminal::event::Finding;

use super::cluster::{Cluster, api_server};
use super::connection::HostKeys;
use super::error::ClusterError;
use super::facts::Facts;
use super::host::{Host, HostError};
use super::inspect::{self, Away, Inspection, Reached};
use super::install::{self, Tokens};
use super::kubeconfig::{self, Kubeconfig};
use super::nodes::{self, NodeState};
use super::plan::{self, ClusterPlan, MachineStep};
use super::preflight;
use super::quorum::{self, Found, Known};
use super::release::{Assets, Source};
use super::report::{Reporter, problem};
use super::token;
use super::version::Arch;

/// Bytes of a cluster's ID.
const ID_BYTES: usize = 16;

/// Options of `up`.
#[derive(Debug, Clone, Copy)]
pub struct UpOptions<'a> {
    /// The treatment of unknown host keys.
    pub keys: HostKeys,
    /// The kubeconfig that gets the context.
    pub kubeconfig: &'a Path,
    /// Requires that the cluster exists.
    pub join: bool,
    /// Stops after the plan.
    pub plan_only: bool,
}

/// The outcome of `up`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpOutcome {
    /// The number of steps that were done or, with `plan_only`, are left.
    pub steps: usize,
    /// The number of nodes that are ready.
    pub nodes: usize,
    /// The members that do not answer, on which nothing was done.
    pub away: Vec<String>,
}

/// Machines that passed the preflight, and their plan.
struct Prepared {
    inspection: Inspection,
    known: Known,
    plan: ClusterPlan,
}

/// Sets the cluster up or extends it, until every node is ready and the kubeconfig has its context.
///
/// # Errors
/// Findings, before the first change; or the machines that failed.
pub async fn up(
    cluster: &Cluster,
    source: &Source,
    options: UpOptions<'_>,
    report: &Reporter,
) -> Result<UpOutcome, ClusterError> {
    let command = if options.join { "cluster join" } else { "cluster up" };
    // The plan alone changes nothing, and keeps nobody from it.
    let reached = if options.plan_only {
        Reached::connect(cluster, options.keys, report).await
    } else {
        Reached::locked(cluster, options.keys, command, report).await?
    };
    Box::pin(complete(reached, source, options, report)).await
}

/// Sets the cluster up on machines that are connected to.
///
/// # Errors
/// As [`up`].
pub(crate) async fn complete(
    reached: Reached,
    source: &Source,
    options: UpOptions<'_>,
    report: &Reporter,
) -> Result<UpOutcome, ClusterError> {
    let Prepared { inspection, known, plan } = prepare(reached, source, options, report).await?;
    let Inspection { cluster, hosts, facts, away } = inspection;
    for (host, planned) in hosts.iter().zip(&plan.machines) {
        for step in &planned.steps {
            report.planned(&host.label(), step.to_string());
        }
    }
    let steps = plan.machines.iter().map(|planned| planned.steps.len()).sum();
    let silent: Vec<String> = away.iter().map(|away| away.machine.label()).collect();
    if options.plan_only {
        inspect::close(hosts).await;
        return Ok(UpOutcome { steps, nodes: 0, away: silent });
    }
    let work =
        Work { cluster: &cluster, hosts: &hosts, facts: &facts, away: &away, plan: &plan, report };
    let failed = work.run().await;
    let known = match known {
        Known::Running(running) if steps == 0 => Some(running.nodes),
        _ => None,
    };
    let ended = work.finish(options.kubeconfig, failed, known).await;
    inspect::close(hosts).await;
    ended.map(|nodes| UpOutcome { steps, nodes, away: silent })
}

/// Inspects, checks and plans. Nothing is changed.
async fn prepare(
    reached: Reached,
    source: &Source,
    options: UpOptions<'_>,
    report: &Reporter,
) -> Result<Prepared, ClusterError> {
    let began = Instant::now();
    let document = Kubeconfig::read(options.kubeconfig)?;
    let Found { inspection, identity, known } = quorum::look(reached).await;
    let Inspection { cluster, facts, .. } = &inspection;
    let mut findings: Vec<Finding> = quorum::absences(&inspection, &known);
    findings.extend(preflight::check(cluster, facts));
    let half = |facts: &Facts| facts.restored.as_ref().is_some_and(|mark| !mark.ends_with("done"));
    for (machine, _) in cluster.machines.iter().zip(facts).filter(|(_, facts)| half(facts)) {
        let next = "run `cluster restore` again, which continues it, or `cluster down`";
        findings.push(problem(machine.label(), "a restore has begun on it", next));
    }
    if let Known::Running(running) = &known {
        findings.extend(quorum::taken(cluster, facts, running));
    }
    findings.extend(kubeconfig::check(&document, &cluster.context, identity.id.as_deref()));
    if options.join && !facts.iter().any(Facts::is_member) {
        let text = "no machine of the configuration is in a cluster yet";
        findings.push(problem("cluster", text, "begin one: `cluster up` begins one"));
    }
    // A release that is not available is reported together with the problems of the machines.
    let mut assets: BTreeMap<Arch, Assets> = BTreeMap::new();
    for arch in plan::needed(facts, &cluster.version, source.folder.is_some()) {
        match source.fetch(arch, report).await {
            Ok(found) => drop(assets.insert(arch, found)),
            Err(error) => findings.push(error.finding(&cluster.version)),
        }
    }
    let inspection = inspection.require(findings, report).await?;
    let Inspection { cluster, hosts, facts, .. } = &inspection;
    report.ready("machines", format!("{} inspected, no problem found", hosts.len()), began);
    for (host, facts) in hosts.iter().zip(facts).filter(|(_, facts)| facts.is_member()) {
        if let Some(version) = facts.version.as_ref().filter(|it| *it != cluster.version.as_str()) {
            report.note(format!(
                "{} runs {version}, and the configuration says {}: `cluster upgrade` upgrades it",
                host.label(),
                cluster.version
            ));
        }
    }
    let id = token::random(ID_BYTES).map_err(ClusterError::Random)?;
    let plan = plan::plan(cluster, facts, &identity, &assets, &id);
    Ok(Prepared { inspection, known, plan })
}

struct Work<'a> {
    cluster: &'a Cluster,
    hosts: &'a [Host],
    facts: &'a [Facts],
    away: &'a [Away],
    plan: &'a ClusterPlan,
    report: &'a Reporter,
}

/// The machines that failed, by index.
type Failures = BTreeMap<usize, HostError>;

impl Work<'_> {
    /// Carries the plan out.
    async fn run(&self) -> Failures {
        let mut failed = Failures::new();
        let prepared = join_all(self.indices(|_| true).into_iter().map(|index| async move {
            let (host, planned) = (&self.hosts[index], &self.plan.machines[index]);
            (index, install::prepare(host, planned, self.report).await)
        }));
        for (index, done) in prepared.await {
            self.keep(&mut failed, index, done);
        }
        self.revive(&mut failed).await;
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
        } else {
            self.join_all(&mut failed).await;
        }
        failed
    }

    /// Starts the servers that have stopped, before any is waited for: etcd needs its majority for one of them to be ready.
    async fn revive(&self, failed: &mut Failures) {
        let stopped = self.indices(|index| self.has_stopped(index) && !failed.contains_key(&index));
        let started = join_all(stopped.into_iter().map(|index| async move {
            let (host, planned) = (&self.hosts[index], &self.plan.machines[index]);
            let (unit, init) = (planned.record.unit(), self.facts[index].init);
            (index, install::start(host, unit, init, &planned.stamp).await)
        }));
        for (index, done) in started.await {
            self.keep(failed, index, done);
        }
    }

    fn has_stopped(&self, index: usize) -> bool {
        let (facts, planned) = (&self.facts[index], &self.plan.machines[index]);
        planned.record.role == Role::Server
            && facts.is_member()
            && !facts.active
            && !planned.steps.contains(&MachineStep::Token)
    }

    /// Lets the other servers join one by one, because etcd takes one member at a time; then the agents at the same time.
    async fn join_all(&self, failed: &mut Failures) {
        let first = self.plan.first;
        let is = |role: Role| move |index: &usize| self.hosts[*index].machine.role == role;
        let others = self.indices(|index| index != first && !failed.contains_key(&index));
        let needs_token =
            |index: &usize| self.plan.machines[*index].steps.contains(&MachineStep::Token);
        let mut tokens = None;
        if others.iter().any(needs_token) {
            match install::read_tokens(&self.hosts[first]).await {
                Ok(read) => tokens = Some(read),
                Err(error) => {
                    for index in others {
                        self.keep(failed, index, Err(error.clone()));
                    }
                    return;
                }
            }
        }
        for index in others.iter().copied().filter(is(Role::Server)) {
            let joined = self.join(index, tokens.as_ref()).await;
            self.keep(failed, index, joined);
        }
        // Agents that run already are restarted one after the other, new ones join at the same time.
        let agents = others.iter().copied().filter(is(Role::Agent));
        let (running, new): (Vec<usize>, Vec<usize>) =
            agents.partition(|index| self.facts[*index].is_member());
        for index in running {
            let joined = self.join(index, tokens.as_ref()).await;
            self.keep(failed, index, joined);
        }
        let joined = join_all(new.into_iter().map(|index| {
            let tokens = tokens.as_ref();
            async move { (index, self.join(index, tokens).await) }
        }));
        for (index, done) in joined.await {
            self.keep(failed, index, done);
        }
    }

    async fn begin(&self, first: usize) -> Result<(), HostError> {
        let (host, planned) = (&self.hosts[first], &self.plan.machines[first]);
        install::write_first_tokens(host, planned).await?;
        if planned.steps.contains(&MachineStep::Token) {
            self.report.done(&host.label(), MachineStep::Token.to_string());
        }
        self.start(first).await
    }

    async fn join(&self, index: usize, tokens: Option<&Tokens>) -> Result<(), HostError> {
        let (host, planned) = (&self.hosts[index], &self.plan.machines[index]);
        if planned.steps.contains(&MachineStep::Token)
            && let Some(tokens) = tokens
        {
            install::write_tokens(host, tokens).await?;
            self.report.done(&host.label(), MachineStep::Token.to_string());
        }
        self.start(index).await
    }

    /// Starts k3s where that is planned, and waits for the node.
    async fn start(&self, index: usize) -> Result<(), HostError> {
        let (host, planned) = (&self.hosts[index], &self.plan.machines[index]);
        if !planned.steps.contains(&MachineStep::Start) {
            return Ok(());
        }
        if !self.has_stopped(index) {
            let (unit, init) = (planned.record.unit(), self.facts[index].init);
            install::start(host, unit, init, &planned.stamp).await?;
        }
        self.await_ready(index).await?;
        self.report.done(&host.label(), MachineStep::Start.to_string());
        Ok(())
    }

    async fn await_ready(&self, index: usize) -> Result<(), HostError> {
        let server = &self.hosts[self.plan.first];
        let (host, record) = (&self.hosts[index], &self.plan.machines[index].record);
        let (node, limit) = ((record.node.as_str(), None), self.cluster.node_timeout());
        nodes::await_ready(server, (host, record.unit()), node, limit, self.report).await
    }

    /// Writes the kubeconfig where the first server runs, then looks at every node once more, also where nothing was to be done. `known`
    /// are the nodes where nothing has changed since they were asked for.
    async fn finish(
        &self,
        kubeconfig: &Path,
        failed: Failures,
        known: Option<BTreeMap<String, NodeState>>,
    ) -> Result<usize, ClusterError> {
        let mut failed: Vec<usize> = failed.into_keys().collect();
        let (first, planned) = (&self.hosts[self.plan.first], &self.plan.machines);
        let mut missing: Vec<&Away> = self.away.iter().collect();
        if !failed.contains(&self.plan.first) {
            let id = &planned[self.plan.first].record.id;
            write_kubeconfig(self.cluster, first, id, kubeconfig, self.report).await?;
            // A server that does not answer yet is waited for below.
            let known = match known {
                Some(known) => known,
                None => nodes::nodes(first).await.unwrap_or_default(),
            };
            for (index, planned) in planned.iter().enumerate() {
                let is_ready = known.get(&planned.record.node).is_some_and(|node| node.ready);
                let was_awaited = planned.steps.contains(&MachineStep::Start);
                if failed.contains(&index) || was_awaited || is_ready {
                    continue;
                }
                if let Err(error) = self.await_ready(index).await {
                    self.report.failed(&error);
                    failed.push(index);
                }
            }
            let members: Vec<&str> =
                planned.iter().map(|planned| planned.record.node.as_str()).collect();
            missing = quorum::not_joined(self.away, &known, &members);
        }
        if failed.is_empty() && missing.is_empty() {
            return Ok(self.hosts.len());
        }
        let failed = failed.into_iter().map(|index| self.hosts[index].label());
        Err(ClusterError::Machines {
            operation: "setting the cluster up",
            machines: self.cluster.all().count(),
            failed: failed.chain(missing.into_iter().map(|away| away.machine.label())).collect(),
            next: "solve what is reported above, then run the command again: it continues from there",
        })
    }

    fn indices(&self, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.hosts.len()).filter(|index| wanted(*index)).collect()
    }

    /// Reports a failure of a machine, and remembers it.
    fn keep(&self, failed: &mut Failures, index: usize, done: Result<(), HostError>) {
        if let Err(error) = done {
            let error = HostError { machine: self.hosts[index].label(), ..error };
            self.report.failed(&error);
            failed.insert(index, error);
        }
    }
}

/// Puts the cluster's context into the kubeconfig: it leads to the configured endpoint, else to this server.
///
/// # Errors
/// The server does not answer, or the file cannot be written.
pub(crate) async fn write_kubeconfig(
    cluster: &Cluster,
    server: &Host,
    id: &str,
    path: &Path,
    report: &Reporter,
) -> Result<(), ClusterError> {
    let script = "cat /etc/rancher/k3s/k3s.yaml";
    let text = server.text("reading its kubeconfig", script, &[]).await?;
    let endpoint = cluster.settings.endpoint.as_deref().map(api_server);
    let address = endpoint.unwrap_or_else(|| server.machine.api_server());
    let document = Kubeconfig::read(path)?;
    let merged = document.merged(&cluster.context, id, &text, &address)?;
    if merged != document {
        merged.write()?;
        report.note(format!("{} has the context {} now", path.display(), cluster.context));
    }
    Ok(())
}
