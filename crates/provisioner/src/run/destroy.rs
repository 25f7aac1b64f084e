use std::collections::BTreeMap;

use tokio::time::Instant;

use super::apply::timeline;
use super::{Context, Done, RunError, survey};
use crate::caller::Caller;
use crate::event::Event;
use crate::execute::{Report, Run, execute};
use crate::observe::Observed;
use crate::plan::{Plan, plan_destroy};
use crate::topology::Topology;
use skyward_aws::{DescribeInstances, Select};

/// How often what is left is deleted again: an interruption before may have left what is not seen at once.
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
    let (names, mut observed) = survey::look(context, &caller).await?;
    let (stack, region) = (&context.aws.name, &context.aws.region);
    let mut plan = plan_destroy(stack, region, &observed);
    context.sink.emit(Event::Planned(Box::new(plan.clone())));
    if !plan.is_empty() && !consent(&plan) {
        return Err(RunError::Declined);
    }
    let has_changed = !plan.is_empty();
    let begun = Instant::now();
    let mut spans = Vec::new();
    let nothing = Topology {
        stack: stack.clone(),
        region: region.clone(),
        resources: Vec::new(),
        tags: BTreeMap::new(),
    };
    for round in 1.. {
        let settings = &context.settings;
        let run = Run::new(&caller, (&nothing, &names), &observed, settings, context.sink, begun);
        let Report { spans: more, failures } = execute(&run, &plan).await;
        spans.extend(more);
        if !failures.is_empty() {
            timeline(context, &spans, begun.elapsed());
            return Err(RunError::of(failures));
        }
        // What is gone may be seen for some seconds, and what came last may not be seen for some.
        caller.sleep(settings.settle).await.map_err(|_| RunError::Interrupted)?;
        observed = survey::look_again(context, &caller, &names).await?;
        plan = plan_destroy(stack, region, &observed);
        if plan.is_empty() || round == ROUNDS {
            break;
        }
    }
    if has_changed {
        timeline(context, &spans, begun.elapsed());
    }
    prove(context, &caller, &observed).await?;
    Ok(Done { has_changed, spans, ..Done::default() })
}

/// Says that nothing is left, or what.
async fn prove(
    context: &Context<'_>,
    caller: &Caller<'_>,
    observed: &Observed,
) -> Result<(), RunError> {
    let stack = &context.aws.name;
    let call = DescribeInstances { select: Select::Stack(stack.clone()), page: None };
    let instances = caller.list(call).await.map_err(|fault| RunError::findings(&[fault]))?;
    let mut left: Vec<String> = observed
        .found
        .values()
        .chain(&observed.duplicates)
        .map(|found| format!("{} {} ({})", found.spec.kind(), found.id, found.physical))
        .collect();
    let running = instances.iter().filter(|instance| instance.state != "terminated");
    left.extend(running.map(|instance| format!("instance {} ({})", instance.id, instance.state)));
    if left.is_empty() {
        let text = format!(
            "Nothing is left: no resource carries the tag skyward:stack={stack}, and none of its names is in use."
        );
        context.sink.emit(Event::Finished { is_done: true, text });
        return Ok(());
    }
    for one in &left {
        context.note(format!("left: {one}"));
    }
    let next = "run destroy again".to_owned();
    Err(RunError::Failed { failures: Vec::new(), next })
}
