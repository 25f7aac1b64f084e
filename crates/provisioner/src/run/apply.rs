//! The run of `apply`: carries the plan out, and looks again until the stack is as it should be.

use std::time::Duration;

use tokio::time::Instant;

use super::inspect::{self, Inspection};
use super::{Context, Done, RunError};
use crate::caller::{CallError, Caller};
use crate::event::{self, Event, Outputs, Own};
use crate::execute::{Failure, Report, execute};
use crate::plan::{Action, Plan};
use crate::resource::{Execution, Finding, Reader};
use crate::stack::Names;
use crate::timeline::Span;

/// The number of times that a run looks again after something unclear.
const ROUNDS: u32 = 4;

/// Carries out what differs, once `consent` has agreed to the plan.
///
/// # Errors
/// A check found what would make it fail, or something was not done.
pub async fn apply(
    context: &Context<'_>,
    consent: &dyn Fn(&Plan) -> bool,
) -> Result<Done, RunError> {
    let caller = context.caller();
    let mut inspection = inspect::compare(context, &caller).await?;
    if is_half_made(&inspection) {
        // Someone was interrupted, or is at it now: what was made a moment ago may not be seen yet.
        let (what, why) = ("a part of the stack is there", "so that nothing is made twice");
        inspection = inspect::settled(context, &caller, &inspection.names, what, why).await?;
    } else {
        inspection = inspect::recognize(context, &caller, inspection).await?;
    }
    inspect::check(context, &caller, &mut inspection).await;
    if context.interrupt.is_raised() {
        return Err(RunError::Interrupted);
    }
    if !context.settings.may_replace {
        inspection.findings.extend(guarded(&inspection.plan));
    }
    inspection.announce(context);
    if !inspection.findings.is_empty() {
        return Err(RunError::Findings(inspection.findings));
    }
    if inspection.plan.is_empty() {
        let outputs = inspection.observed.outputs.clone();
        finished(context, &outputs, "Nothing to do: the stack is as the configuration says.");
        return Ok(Done { outputs, ..Done::default() });
    }
    if !consent(&inspection.plan) {
        return Err(RunError::Declined);
    }
    let begun = Instant::now();
    let (spans, result) = rounds(context, &caller, inspection, begun).await;
    timeline(context, &spans, begun.elapsed());
    let names = result?;
    let outputs = outputs(context, &caller, &names).await;
    finished(context, &outputs, "The stack is as the configuration says.");
    Ok(Done { has_changed: true, spans, outputs })
}

fn finished(context: &Context<'_>, outputs: &Outputs, text: &str) {
    context.sink.emit(Event::Own(Own::Outputs(outputs.clone())));
    context.sink.emit(Event::Finished { text: text.into(), address: outputs.page.clone() });
}

pub(crate) fn timeline(context: &Context<'_>, spans: &[Span], took: Duration) {
    let critical = spans.iter().filter(|span| span.is_critical);
    let critical: Duration = critical.map(|span| span.ended.saturating_sub(span.started)).sum();
    context.sink.emit(Event::Own(Own::Timeline {
        spans: spans.to_vec(),
        seconds: took.as_secs_f64(),
        critical_s: critical.as_secs_f64(),
    }));
}

/// Something is there, and something that it needs is not.
fn is_half_made(inspection: &Inspection) -> bool {
    let makes = inspection.plan.changes.iter().any(|change| change.action == Action::Create);
    !inspection.observed.is_empty() && makes
}

/// Carries out the plan, and after anything unclear looks again and carries out what is left.
async fn rounds(
    context: &Context<'_>,
    caller: &Caller<'_>,
    mut inspection: Inspection,
    begun: Instant,
) -> (Vec<Span>, Result<Names, RunError>) {
    let mut spans = Vec::new();
    for round in 1.. {
        let unsure = caller.unsure();
        let Inspection { names, topology, observed, plan, .. } = &inspection;
        let settings = &context.settings;
        let run = Execution::new(caller, (topology, names), observed, settings, begun);
        let Report { spans: more, failures } = execute(&run, plan, context.sink).await;
        spans.extend(more);
        if !failures.is_empty() {
            return (spans, Err(RunError::of(failures)));
        }
        // Whether all is as it should be is looked at, not concluded: what was waited for or made by someone else may be set
        // otherwise, and what had no answer may be there twice.
        let is_unclear = run.has_adopted() || caller.unsure() > unsure;
        let settle = context.settings.settle;
        if caller.sleep(if is_unclear { settle } else { settle / 2 }).await.is_err() {
            return (spans, Err(RunError::Interrupted));
        }
        inspection = match inspect::again(context, caller, names).await {
            Ok(inspection) => inspection,
            Err(error) => return (spans, Err(error)),
        };
        if inspection.plan.is_empty() {
            break;
        }
        if round == ROUNDS {
            return (spans, Err(unsettled(&inspection.plan)));
        }
        // Nobody has agreed to this one: what takes data with it is never a repair.
        let guarded = guarded(&inspection.plan);
        if !guarded.is_empty() {
            for finding in &guarded {
                context.sink.emit(event::finding(finding));
            }
            return (spans, Err(RunError::Findings(guarded)));
        }
        context.note(format!("looking again: {}", differing(&inspection.plan)));
    }
    (spans, Ok(inspection.names))
}

/// Findings of the changes that would delete data.
fn guarded(plan: &Plan) -> Vec<Finding> {
    let guarded = plan.guarded().map(|change| {
        Finding::new(
            format!("{} would be {}d, with the data in it", change.id, change.action),
            "take back the change of [aws]; or give --replace, which deletes the data",
        )
    });
    guarded.collect()
}

fn differing(plan: &Plan) -> String {
    let names = plan.changes.iter().map(|change| format!("{} ({})", change.id, change.action));
    names.collect::<Vec<_>>().join(", ")
}

/// Somebody changes what this run has just set, or AWS does not take it and does not say so.
fn unsettled(plan: &Plan) -> RunError {
    let failures = plan.changes.iter().map(|change| Failure {
        id: change.id.clone(),
        error: CallError::Failed(format!("{} does not stay as it was set", change.id)),
        is_skipped: false,
    });
    RunError::of(failures.collect())
}

/// Asks for what the stack offers.
async fn outputs(context: &Context<'_>, caller: &Caller<'_>, names: &Names) -> Outputs {
    let reader = Reader::new(caller, names);
    let mut outputs = Outputs::default();
    for kind in &context.kinds {
        (kind.functions().outputs)(&reader, context.aws, &mut outputs).await;
    }
    outputs
}
