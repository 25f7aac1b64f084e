//! The run of `destroy`: deletes everything of a stack, and proves that nothing is left.

use tokio::time::Instant;

use super::apply::timeline;
use super::{Context, Done, RunError, inspect};
use crate::caller::Caller;
use crate::event::{Event, Own};
use crate::execute::{Report, execute};
use crate::plan::{Plan, plan_destroy};
use crate::price::Amount;
use crate::resource::{Execution, Leftover, Observed, Reader, Topology};
use crate::stack::Names;

/// The number of times that what is left is deleted again: an interruption before may have left what is not seen at once.
const ROUNDS: u32 = 6;

/// Deletes everything of the stack, once `consent` has agreed; then looks whether anything is left.
///
/// # Errors
/// The account does not answer, or something was not deleted.
pub async fn destroy(
    context: &Context<'_>,
    consent: &dyn Fn(&Plan) -> bool,
) -> Result<Done, RunError> {
    let caller = context.caller();
    let (names, mut observed) = inspect::look(context, &caller).await?;
    let (stack, region) = (&context.aws.name, &context.aws.region);
    let mut plan = plan_destroy(stack, region, &observed);
    if context.settings.removes_leftovers {
        let kept = leftovers(context, &caller, &names).await?;
        let kept = kept.iter().filter(|one| one.monthly.is_some());
        plan.warnings.extend(kept.map(|one| format!("{}: it is deleted as well", one.what)));
    }
    context.sink.emit(Event::Own(Own::Plan(Box::new(plan.clone()))));
    let is_asked = !plan.is_empty() || !plan.warnings.is_empty();
    if is_asked && !consent(&plan) {
        return Err(RunError::Declined);
    }
    let has_changed = !plan.is_empty();
    let begun = Instant::now();
    let mut spans = Vec::new();
    let nothing = Topology::empty(stack, region);
    for round in 1.. {
        let settings = &context.settings;
        let run = Execution::new(&caller, (&nothing, &names), &observed, settings, begun);
        let Report { spans: more, failures } = execute(&run, &plan, context.sink).await;
        spans.extend(more);
        if !failures.is_empty() {
            timeline(context, &spans, begun.elapsed());
            return Err(RunError::of(failures));
        }
        // What is gone may be seen for some seconds, and what came last may not be seen for some.
        caller.sleep(settings.settle).await.map_err(|_| RunError::Interrupted)?;
        observed = inspect::look_again(context, &caller, &names).await?;
        plan = plan_destroy(stack, region, &observed);
        if plan.is_empty() || round == ROUNDS {
            break;
        }
    }
    if has_changed {
        timeline(context, &spans, begun.elapsed());
    }
    let removes = context.settings.removes_leftovers && is_asked;
    prove(context, &caller, &names, &observed, removes).await?;
    Ok(Done { has_changed, spans, ..Done::default() })
}

/// Asks for what is left although the resources are gone.
async fn leftovers(
    context: &Context<'_>,
    caller: &Caller<'_>,
    names: &Names,
) -> Result<Vec<Leftover>, RunError> {
    let reader = Reader::new(caller, names);
    let mut leftovers = Vec::new();
    for kind in &context.kinds {
        leftovers.extend((kind.functions().leftovers)(&reader).await);
    }
    let errors = reader.take_errors();
    if errors.is_empty() { Ok(leftovers) } else { Err(inspect::refuse_errors(context, &errors)) }
}

/// Removes what stays until somebody does; then looks again.
async fn remove(
    context: &Context<'_>,
    caller: &Caller<'_>,
    names: &Names,
    mut left: Vec<Leftover>,
) -> Result<Vec<Leftover>, RunError> {
    for _ in 1..ROUNDS {
        if left.iter().all(|one| one.monthly.is_none()) {
            break;
        }
        for one in left.iter().filter(|one| one.monthly.is_some()) {
            context.note(format!("deleting the {}", one.what));
            let removed = one.remove(caller).await;
            removed.map_err(|error| inspect::refuse_errors(context, &[error]))?;
        }
        let settle = context.settings.settle;
        caller.sleep(settle).await.map_err(|_| RunError::Interrupted)?;
        left = leftovers(context, caller, names).await?;
    }
    Ok(left)
}

/// Tells that nothing is left, or what is.
async fn prove(
    context: &Context<'_>,
    caller: &Caller<'_>,
    names: &Names,
    observed: &Observed,
    removes: bool,
) -> Result<(), RunError> {
    let stack = &context.aws.name;
    let mut leftovers = leftovers(context, caller, names).await?;
    if removes {
        leftovers = remove(context, caller, names, leftovers).await?;
    }
    let mut left: Vec<String> = observed
        .found
        .values()
        .chain(&observed.duplicates)
        .map(|found| format!("{} {} ({})", found.spec.kind(), found.id, found.physical))
        .collect();
    let (kept, others): (Vec<_>, Vec<_>) =
        leftovers.iter().partition(|one| one.monthly.is_some() && !removes);
    left.extend(others.iter().map(ToString::to_string));
    for one in &kept {
        context.note(format!("left: {one}"));
    }
    if left.is_empty() {
        let proof = format!(
            "no resource carries the tag skyward:stack={stack}, and none of its names is in use"
        );
        let text = if kept.is_empty() {
            format!("Nothing is left: {proof}.")
        } else {
            let monthly: Amount = kept.iter().filter_map(|one| one.monthly).sum();
            format!(
                "Nothing but what is listed above is left, for at most {} USD a month: {proof}. Next step: `destroy --everything` deletes that too.",
                monthly.to
            )
        };
        context.sink.emit(Event::finished(text));
        return Ok(());
    }
    for one in &left {
        context.note(format!("left: {one}"));
    }
    let next = "run destroy again".to_owned();
    Err(RunError::Failed { failures: Vec::new(), next })
}
