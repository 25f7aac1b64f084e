//! A stack in a simulated account, driven through the library as the command line drives it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use skyward_aws::simulated::{Account, Client, Item};
use skyward_config::{Aws, Config, Run};
use skyward_provisioner::event::Event;
use skyward_provisioner::interrupt::Interrupt;
use skyward_provisioner::plan::Plan;
use skyward_provisioner::run::{self, Context, Done, RunError};
use skyward_provisioner::topology::{RESOURCE_TAG, STACK_TAG};
use skyward_provisioner::versions::{self, Version};
use skyward_provisioner::workload::{Release, Workload};

/// What each instance runs; the page that the simulator looks for is in it.
pub(crate) const USER_DATA: &str = include_str!("../../../../infra/user-data.sh");

/// Runs on a clock of its own, which jumps to the next thing that is due.
pub(crate) fn simulate<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap().block_on(future)
}

/// The configuration that nobody has changed, in a stack of this name.
pub(crate) fn aws(name: &str) -> Aws {
    Aws { name: name.into(), ..Aws::default() }
}

/// The same, where the instances run the service.
pub(crate) fn service(name: &str) -> Aws {
    Aws { run: Run::Service, health_path: "/readyz".into(), ..aws(name) }
}

/// A release with this text for its layer: in a simulation, nothing is unpacked.
pub(crate) fn release(text: &str) -> Release {
    Release::new(text.as_bytes().to_vec(), "/skyward-service")
}

/// One run of one process.
pub(crate) struct Process {
    pub(crate) client: Client,
    pub(crate) aws: Aws,
    pub(crate) workload: Workload,
    pub(crate) seed: u64,
    pub(crate) may_replace: bool,
    /// Destroying leaves a snapshot of the database.
    pub(crate) has_final_snapshot: bool,
    /// Destroying deletes what the stack leaves as well.
    pub(crate) removes_leftovers: bool,
    pub(crate) interrupt: Interrupt,
    pub(crate) events: Rc<RefCell<Vec<Event>>>,
}

impl Process {
    pub(crate) fn new(account: &Account, aws: &Aws, seed: u64) -> Self {
        Self {
            client: account.client(),
            aws: aws.clone(),
            workload: match aws.run {
                Run::Page => Workload::from(USER_DATA),
                Run::Service => Workload::service(&Config::default(), release("1")),
            },
            seed,
            may_replace: false,
            has_final_snapshot: false,
            removes_leftovers: false,
            interrupt: Interrupt::default(),
            events: Rc::default(),
        }
    }

    /// The same with another release of the service.
    pub(crate) fn releasing(self, text: &str) -> Self {
        Self { workload: Workload::service(&Config::default(), release(text)), ..self }
    }

    pub(crate) async fn with<T>(&self, run: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
        let events = Rc::clone(&self.events);
        let sink = move |event| events.borrow_mut().push(event);
        let mut context = Context::new(&self.client, &self.aws, &self.workload, &sink);
        context.settings.seed = self.seed;
        context.settings.may_replace = self.may_replace;
        context.settings.has_final_snapshot = self.has_final_snapshot;
        context.settings.removes_leftovers = self.removes_leftovers;
        context.interrupt = self.interrupt.clone();
        Box::pin(run(&context)).await
    }

    pub(crate) async fn plan(&self) -> Result<Plan, RunError> {
        self.with(async |context| run::plan(context).await).await
    }

    pub(crate) async fn drift(&self) -> Result<Plan, RunError> {
        self.with(async |context| run::drift(context).await).await
    }

    pub(crate) async fn apply(&self) -> Result<Done, RunError> {
        self.with(async |context| run::apply(context, &|_| true).await).await
    }

    pub(crate) async fn rollback(&self, version: Option<i64>) -> Result<Done, RunError> {
        self.with(async |context| versions::rollback(context, version, &|_| true).await).await
    }

    pub(crate) async fn history(&self) -> Vec<Version> {
        self.with(async |context| versions::history(context).await).await.unwrap()
    }

    pub(crate) async fn logs(&self, instance: &str) -> Result<Vec<(String, String)>, RunError> {
        self.with(async |context| versions::logs(context, Some(instance)).await).await
    }

    pub(crate) async fn destroy(&self) -> Result<Done, RunError> {
        self.with(async |context| run::destroy(context, &|_| true).await).await
    }

    /// None where the process was killed before it ended.
    pub(crate) async fn until_killed<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        let killed = self.client.killed();
        tokio::select! {
            biased;
            () = killed => None,
            done = run => Some(done),
        }
    }

    /// What was told, one line an event; for a test that fails.
    pub(crate) fn told(&self) -> String {
        let events = self.events.borrow();
        let lines = events.iter().filter(|event| {
            matches!(
                event,
                Event::Failed { .. }
                    | Event::Note { .. }
                    | Event::Finding(_)
                    | Event::Finished { .. }
            )
        });
        lines.map(|event| format!("{event:?}")).collect::<Vec<_>>().join("\n")
    }
}

/// What there is of a stack.
pub(crate) fn of_stack(account: &Account, stack: &str) -> Vec<Item> {
    let is_its = |item: &Item| item.tags.get(STACK_TAG).is_some_and(|name| name == stack);
    // Snapshots outlive their database by intent, instances are their group's matter.
    account
        .inventory()
        .into_iter()
        .filter(is_its)
        .filter(|item| {
            !matches!(item.kind, "db-cluster-snapshot" | "instance" | "network-interface")
        })
        .collect()
}

/// Ids that more than one thing carries.
pub(crate) fn duplicates(account: &Account, stack: &str) -> Vec<String> {
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for item in of_stack(account, stack) {
        let id = item.tags.get(RESOURCE_TAG).cloned().unwrap_or_default();
        *counts.entry((id, item.kind)).or_default() += 1;
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((id, _), count)| format!("{id} × {count}"))
        .collect()
}
