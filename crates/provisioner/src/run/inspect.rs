//! The look that every command begins with: the account, what exists, what should, and what would fail.

use std::collections::BTreeSet;

use crate::caller::{CallError, Caller, RetryPolicy};
use crate::cost;
use crate::event::{self, Event, Own};
use crate::observe::observe;
use crate::plan::{Plan, plan};
use crate::preflight;
use crate::resource::{Finding, Observed, Topology};
use crate::run::{Context, RunError};
use crate::stack::{Names, Place};
use crate::topology::desired_knowing;
use skyward_aws::GetCallerIdentity;

/// A stack as it should be and as it is, the differences, and the findings of the checks.
#[derive(Debug)]
pub struct Inspection {
    /// The names.
    pub names: Names,
    /// As it should be.
    pub topology: Topology,
    /// As it is.
    pub observed: Observed,
    /// The differences.
    pub plan: Plan,
    /// The findings of the checks.
    pub findings: Vec<Finding>,
}

impl Inspection {
    /// Tells of the plan and the findings.
    pub(super) fn announce(&self, context: &Context<'_>) {
        context.sink.emit(Event::Own(Own::Plan(Box::new(self.plan.clone()))));
        // The findings last, where they are seen: a plan may be long.
        for finding in &self.findings {
            context.sink.emit(event::finding(finding));
        }
    }
}

/// Tells of findings, and ends the command for them.
pub(crate) fn refuse(context: &Context<'_>, findings: Vec<Finding>) -> RunError {
    // Calls that were not made any more are no finding.
    if context.interrupt.is_raised() {
        return RunError::Interrupted;
    }
    for finding in &findings {
        context.sink.emit(event::finding(finding));
    }
    RunError::Findings(findings)
}

/// The same of calls that failed.
pub(crate) fn refuse_errors(context: &Context<'_>, errors: &[CallError]) -> RunError {
    match RunError::findings(errors) {
        RunError::Findings(findings) => refuse(context, findings),
        other => other,
    }
}

/// The account, compared with the one that the configuration wants.
pub(crate) async fn account(context: &Context<'_>, caller: &Caller<'_>) -> Result<Names, RunError> {
    let aws = context.aws;
    let identity = caller.send(GetCallerIdentity {}, RetryPolicy::FIRST).await;
    let identity = identity.map_err(|error| refuse_errors(context, &[error]))?;
    if let Some(wanted) = aws.account.as_ref().filter(|wanted| **wanted != identity.account) {
        let problem = format!(
            "the credentials ({}) are of account {}, and [aws] account is {wanted}",
            identity.arn, identity.account
        );
        let next = "use credentials of that account (AWS_PROFILE), or change [aws] account";
        return Err(refuse(context, vec![Finding::new(problem, next)]));
    }
    context.sink.emit(Event::Own(Own::Account {
        account: identity.account.clone(),
        arn: identity.arn,
        region: aws.region.clone(),
        stack: aws.name.clone(),
    }));
    Ok(Names::new(&aws.name, &aws.region, &identity.account))
}

/// Asks for the caller and for what exists.
pub(super) async fn look(
    context: &Context<'_>,
    caller: &Caller<'_>,
) -> Result<(Names, Observed), RunError> {
    let names = account(context, caller).await?;
    let observed = look_again(context, caller, &names).await?;
    Ok((names, observed))
}

pub(super) async fn look_again(
    context: &Context<'_>,
    caller: &Caller<'_>,
    names: &Names,
) -> Result<Observed, RunError> {
    let observed = Box::pin(observe(&context.kinds, caller, names)).await;
    observed.map_err(|errors| refuse_errors(context, &errors))
}

/// Returns true where both name the same zones: their order means nothing.
fn same(some: &[String], others: &[String]) -> bool {
    let set = |zones: &[String]| zones.iter().cloned().collect::<BTreeSet<_>>();
    set(some) == set(others)
}

/// Compares what exists with what there should be.
async fn with(
    context: &Context<'_>,
    caller: &Caller<'_>,
    names: Names,
    observed: Observed,
) -> Result<Inspection, RunError> {
    let aws = context.aws;
    let zones = match observed.zones() {
        // A stack stays where it is, unless it is told otherwise.
        Some(zones) if aws.zones.is_empty() || same(&aws.zones, &zones) => zones,
        _ => {
            let zones = Box::pin(preflight::zones((&context.kinds, &names), caller, aws)).await;
            zones.map_err(|findings| refuse(context, findings))?
        }
    };
    let place = Place { account: names.account().to_owned(), zones };
    let topology =
        desired_knowing(aws, &place, &context.workload, &observed.outputs).map_err(|error| {
            let next = "change [aws] network";
            refuse(context, vec![Finding::new(format!("[aws] network: {error:#}"), next)])
        })?;
    let mut plan = plan(&topology, &observed);
    plan.cost = Some(Box::new(cost::monthly(&topology, &aws.region)));
    Ok(Inspection { names, topology, observed, plan, findings: Vec::new() })
}

/// Finds the differences, without the checks.
pub(crate) async fn compare(
    context: &Context<'_>,
    caller: &Caller<'_>,
) -> Result<Inspection, RunError> {
    let (names, observed) = look(context, caller).await?;
    with(context, caller, names, observed).await
}

/// Looks once more, and compares.
pub(super) async fn again(
    context: &Context<'_>,
    caller: &Caller<'_>,
    names: &Names,
) -> Result<Inspection, RunError> {
    let observed = look_again(context, caller, names).await?;
    with(context, caller, names.clone(), observed).await
}

/// Looks a second time where something has the name of a resource and not the tag of the stack: S3 may show a bucket that was made
/// a moment ago, and not its tags yet.
pub(super) async fn recognize(
    context: &Context<'_>,
    caller: &Caller<'_>,
    inspection: Inspection,
) -> Result<Inspection, RunError> {
    let Some(foreign) = inspection.observed.foreign.first() else { return Ok(inspection) };
    let what = format!("{} is there without the tag of this stack", foreign.name);
    settled(context, caller, &inspection.names, &what, "as tags may be seen late").await
}

/// Tells what is there and why it is looked at again, and looks when what was made a moment ago is to be seen.
pub(super) async fn settled(
    context: &Context<'_>,
    caller: &Caller<'_>,
    names: &Names,
    what: &str,
    why: &str,
) -> Result<Inspection, RunError> {
    let settle = context.settings.settle;
    context.note(format!("{what}: looking again in {} s, {why}", settle.as_secs()));
    caller.sleep(settle).await.map_err(|_| RunError::Interrupted)?;
    again(context, caller, names).await
}

/// Finds the differences, and what would make their change fail.
///
/// # Errors
/// The account does not answer, is another one than wanted, or has no three zones.
pub async fn inspect(context: &Context<'_>, caller: &Caller<'_>) -> Result<Inspection, RunError> {
    let inspection = compare(context, caller).await?;
    let mut inspection = recognize(context, caller, inspection).await?;
    check(context, caller, &mut inspection).await;
    Ok(inspection)
}

pub(super) async fn check(context: &Context<'_>, caller: &Caller<'_>, inspection: &mut Inspection) {
    let Inspection { names, topology, observed, plan, .. } = &*inspection;
    inspection.findings =
        preflight::check((&context.kinds, names), caller, context.aws, topology, observed, plan)
            .await;
}
