//! The commands as a library: what the command line calls, and what tests drive.

mod apply;
mod destroy;
mod inspect;

use serde::Serialize;
use skyward_config::Aws;

use crate::caller::{CallError, Caller};
use crate::event::{Event, Outputs, Sink};
use crate::execute::{Failure, Settings};
use crate::interrupt::Interrupt;
use crate::kind;
use crate::limits::Limits;
use crate::plan::Plan;
use crate::resource::{Finding, Foreign, Found, Kind};
use crate::timeline::Span;
use crate::workload::Workload;
use skyward_aws::Api;

pub use apply::apply;
pub(crate) use apply::timeline;
pub use destroy::destroy;
pub use inspect::{Inspection, inspect};
pub(crate) use inspect::{account, compare, refuse, refuse_errors};

/// The things that every command works with.
pub struct Context<'a> {
    /// The account.
    pub api: &'a dyn Api,
    /// The stack.
    pub aws: &'a Aws,
    /// The thing that the instances run.
    pub workload: Workload,
    /// The settings of the run.
    pub settings: Settings,
    /// Our own token buckets; shared by all who call the same account from here.
    pub limits: Limits,
    /// Raised when the run is to end.
    pub interrupt: Interrupt,
    /// Takes what happens.
    pub sink: &'a dyn Sink,
    /// The kinds that a stack consists of.
    kinds: Vec<Kind>,
}

impl<'a> Context<'a> {
    /// With the usual settings.
    pub fn new(
        api: &'a dyn Api,
        aws: &'a Aws,
        workload: impl Into<Workload>,
        sink: &'a dyn Sink,
    ) -> Self {
        Self {
            api,
            aws,
            workload: workload.into(),
            settings: Settings::default(),
            limits: Limits::default(),
            interrupt: Interrupt::default(),
            sink,
            kinds: kind::of(aws),
        }
    }

    pub(crate) fn caller(&self) -> Caller<'a> {
        Caller::new(self.api, self.limits.clone(), self.settings.seed, self.interrupt.clone())
    }

    fn note(&self, text: impl Into<String>) {
        self.sink.emit(Event::note(text));
    }
}

/// The reason for which a command did not do what it was asked for. All but its last sentence was told in events already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A check found something that would make it fail.
    #[error("{}. Next step: solve what is listed above, and run the command again", count(.0.len(), "problem prevents this", "problems prevent this"))]
    Findings(Vec<Finding>),
    /// The person who was asked did not agree.
    #[error("the answer was no. Nothing was changed")]
    Declined,
    /// The run was told to end.
    #[error("interrupted. Next step: run it again, and it continues from there; or `destroy`")]
    Interrupted,
    /// Something could not be done.
    #[error("{} not done. Next step: {next}", count(failures.iter().filter(|one| !one.is_skipped).count(), "resource is", "resources are"))]
    Failed {
        /// The steps and their reasons.
        failures: Vec<Failure>,
        /// The next step.
        next: String,
    },
}

fn count(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

impl RunError {
    pub(crate) fn of(failures: Vec<Failure>) -> Self {
        if failures.iter().any(|failure| failure.error == CallError::Interrupted) {
            return Self::Interrupted;
        }
        let first = failures.iter().find(|failure| !failure.is_skipped);
        let next = first.map(|failure| failure.error.next_step()).unwrap_or_default();
        Self::Failed { failures, next }
    }

    pub(crate) fn findings(errors: &[CallError]) -> Self {
        if errors.contains(&CallError::Interrupted) {
            return Self::Interrupted;
        }
        Self::Findings(errors.iter().map(Finding::of).collect())
    }
}

/// The result of a command that changes something.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Done {
    /// Something was changed.
    pub has_changed: bool,
    /// The time that each step took.
    pub spans: Vec<Span>,
    /// The things that the stack offers now.
    pub outputs: Outputs,
}

/// A stack as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The stack.
    pub stack: String,
    /// The region.
    pub region: String,
    /// Its resources.
    pub resources: Vec<Found>,
    /// Second ones that an interruption left.
    pub duplicates: Vec<Found>,
    /// Things with the name of a resource that are not the stack's.
    pub foreign: Vec<Foreign>,
    /// The things that it offers.
    pub outputs: Outputs,
}

/// Plans what would be changed.
///
/// # Errors
/// A check found what would make it fail: all of it.
pub async fn plan(context: &Context<'_>) -> Result<Plan, RunError> {
    let caller = context.caller();
    let inspection = inspect::inspect(context, &caller).await?;
    inspection.announce(context);
    if !inspection.findings.is_empty() {
        return Err(RunError::Findings(inspection.findings));
    }
    Ok(inspection.plan)
}

/// Plans what is not as the configuration says, by whomever it was changed.
///
/// # Errors
/// The account does not answer.
pub async fn drift(context: &Context<'_>) -> Result<Plan, RunError> {
    let caller = context.caller();
    Ok(inspect::compare(context, &caller).await?.plan)
}

/// Looks at what exists.
///
/// # Errors
/// The account does not answer.
pub async fn status(context: &Context<'_>) -> Result<Status, RunError> {
    let caller = context.caller();
    let (_, observed) = inspect::look(context, &caller).await?;
    Ok(Status {
        stack: context.aws.name.clone(),
        region: context.aws.region.clone(),
        resources: observed.found.into_values().collect(),
        duplicates: observed.duplicates,
        foreign: observed.foreign,
        outputs: observed.outputs,
    })
}
