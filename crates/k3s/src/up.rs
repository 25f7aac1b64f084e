//! `up` and `join`: the plan is carried out, and a machine that fails does not keep the others from their nodes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use futures_util::future::join_all;
use skyward_config::Role;
use skyward_terminal::event::Finding;

use super::cluster::Cluster;
use super::connection::HostKeys;
use super::error::ClusterError;
use super::facts::Facts;
use super::host::{Host, HostError};
use super::inspect::{self, inspect};
use super::install::{self, Tokens};
use super::kubeconfig::{self, Kubeconfig};
use super::nodes;
use super::plan::{self, ClusterPlan, MachineStep};
use super::preflight::Identity;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpOutcome {
    /// The number of steps that were done or, with `plan_only`, are left.
    pub steps: usize,
    /// The number of nodes that are ready.
    pub nodes: usize,
}

/// Machines that passed the preflight, and their plan.
struct Prepared {
    hosts: Vec<Host>,
    facts: Vec<Facts>,
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
    let Prepared { hosts, facts, plan } = prepare(cluster, source, options, report).await?;
    for (host, planned) in hosts.iter().zip(&plan.machines) {
        for step in &planned.steps {
            report.planned(&host.label(), step.to_string());
        }
    }
    let steps = plan.machines.iter().map(|planned| planned.steps.len()).sum();
    if options.plan_only {
        inspect::close(hosts).await;
        return Ok(UpOutcome { steps, nodes: 0 });
    }
    let work = Work { cluster, hosts: &hosts, facts: &facts, plan: &plan, report };
    let failed = work.run().await;
    let ended = work.finish(options.kubeconfig, failed).await;
    inspect::close(hosts).await;
    ended.map(|nodes| UpOutcome { steps, nodes })
}

/// Inspects, checks and plans. Nothing is changed.
async fn prepare(
    cluster: &Cluster,
    source: &Source,
    options: UpOptions<'_>,
    report: &Reporter,
) -> Result<Prepared, ClusterError> {
    let began = Instant::now();
    let document = Kubeconfig::read(options.kubeconfig)?;
    let inspection = inspect(cluster, options.keys, report).await;
    let seen = inspection.facts();
    let identity = Identity::of(cluster, &seen);
    let mut others: Vec<Finding> = Vec::new();
    others.extend(kubeconfig::check(&document, &cluster.context, identity.id.as_deref()));
    if options.join && !seen.iter().flatten().any(Facts::is_member) {
        let text = "no machine of the configuration is in a cluster yet";
        others.push(problem("cluster", text, "begin one: `cluster up` begins one"));
    }
    let needed = plan::needed(&seen.into_iter().flatten().collect::<Vec<_>>());
    // A release that is not available is reported together with the problems of the machines.
    let mut assets: BTreeMap<Arch, Assets> = BTreeMap::new();
    for arch in needed {
        match source.fetch(arch, report).await {
            Ok(found) => drop(assets.insert(arch, found)),
            Err(error) => others.push(error.finding(&cluster.version)),
        }
    }
    let machines = inspection.pass(cluster, others, report).await?;
    report.ready("machines", format!("{} inspected, no problem found", machines.len()), began);
    let (hosts, facts): (Vec<Host>, Vec<Facts>) = machines.into_iter().unzip();
    for (host, facts) in hosts.iter().zip(&facts).filter(|(_, facts)| facts.is_member()) {
        if let Some(version) = facts.version.as_ref().filter(|it| *it != cluster.version.as_str()) {
            report.note(format!(
                "{} runs {version}, and the configuration says {}: `cluster upgrade` upgrades it",
                host.label(),
                cluster.version
            ));
        }
    }
    let id = token::random(ID_BYTES).map_err(ClusterError::Random)?;
    let plan = plan::plan(cluster, &facts, &identity, &assets, &id);
    Ok(Prepared { hosts, facts, plan })
}

struct Work<'a> {
    cluster: &'a Cluster,
    hosts: &'a [Host],
    facts: &'a [Facts],
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
        let agents = others.iter().copied().filter(is(Role::Agent));
        let joined = join_all(agents.map(|index| {
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
        install::start(host, planned.record.unit(), self.facts[index].init, &planned.stamp).await?;
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

    /// Writes the kubeconfig where the first server runs, then looks at every node once more, also where nothing was to be done.
    async fn finish(&self, kubeconfig: &Path, failed: Failures) -> Result<usize, ClusterError> {
        let mut failed: Vec<usize> = failed.into_keys().collect();
        if !failed.contains(&self.plan.first) {
            self.kubeconfig(kubeconfig).await?;
            // A server that does not answer yet is waited for below.
            let known = nodes::nodes(&self.hosts[self.plan.first]).await.unwrap_or_default();
            for (index, planned) in self.plan.machines.iter().enumerate() {
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
        }
        if failed.is_empty() {
            return Ok(self.hosts.len());
        }
        Err(ClusterError::Machines {
            operation: "setting the cluster up",
            machines: self.hosts.len(),
            failed: failed.into_iter().map(|index| self.hosts[index].label()).collect(),
            next: "solve what is reported above, then run the command again: it continues from there",
        })
    }

    async fn kubeconfig(&self, path: &Path) -> Result<(), ClusterError> {
        let host = &self.hosts[self.plan.first];
        let script = "cat /etc/rancher/k3s/k3s.yaml";
        let text = host.text("reading its kubeconfig", script, &[]).await?;
        let id = &self.plan.machines[self.plan.first].record.id;
        let server = host.machine.api_server();
        let document = Kubeconfig::read(path)?;
        let merged = document.merged(&self.cluster.context, id, &text, &server)?;
        if merged != document {
            merged.write()?;
            let context = &self.cluster.context;
            self.report.note(format!("{} has the context {context} now", path.display()));
        }
        Ok(())
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
