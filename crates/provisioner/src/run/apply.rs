use std::time::Duration;

use tokio::time::Instant;

use super::survey::{self, Survey};
use super::{Context, Done, RunError};
use crate::caller::{Caller, Fault};
use crate::event::{Event, Outputs};
use crate::execute::{Failure, Report, Run, execute};
use crate::plan::{Action, Plan};
use crate::preflight::Finding;
use crate::timeline::Span;
use crate::topology::Names;
use skyward_aws::{DescribeDBClusters, DescribeLoadBalancers};

/// How often a run looks again whether all is as it should be, after something unclear.
const ROUNDS: u32 = 4;

/// Carries out what differs, once `consent` has agreed to the plan.
///
/// # Errors
/// Something stands in the way, or was not done.
pub async fn apply(
    context: &Context<'_>,
    consent: &dyn Fn(&Plan) -> bool,
) -> Result<Done, RunError> {
    let caller = context.caller();
    let mut survey = survey::compare(context, &caller).await?;
    if is_half_made(&survey) {
        // Someone was interrupted, or is at it now: what was made a moment ago may not be seen yet.
        let (what, why) = ("a part of the stack is there", "so that nothing is made twice");
        survey = survey::settled(context, &caller, &survey.names, what, why).await?;
    } else {
        survey = survey::recognize(context, &caller, survey).await?;
    }
    survey::check(context, &caller, &mut survey).await;
    if context.interrupt.is_raised() {
        return Err(RunError::Interrupted);
    }
    if !context.settings.may_replace {
        survey.findings.extend(guarded(&survey.plan));
    }
    survey.announce(context);
    if !survey.findings.is_empty() {
        return Err(RunError::Findings(survey.findings));
    }
    if survey.plan.is_empty() {
        let outputs = survey.observed.outputs.clone();
        context.sink.emit(Event::Outputs(outputs.clone()));
        finished(context, "Nothing to do: all is as it should be.");
        return Ok(Done { outputs, ..Done::default() });
    }
    if !consent(&survey.plan) {
        return Err(RunError::Declined);
    }
    let begun = Instant::now();
    let (spans, result) = rounds(context, &caller, survey, begun).await;
    timeline(context, &spans, begun.elapsed());
    let names = result?;
    let outputs = outputs(context, &caller, &names).await;
    context.sink.emit(Event::Outputs(outputs.clone()));
    finished(context, "All is as it should be.");
    Ok(Done { has_changed: true, spans, outputs })
}

fn finished(context: &Context<'_>, text: &str) {
    context.sink.emit(Event::Finished { is_done: true, text: text.into() });
}

pub(super) fn timeline(context: &Context<'_>, spans: &[Span], took: Duration) {
    let critical = spans.iter().filter(|span| span.is_critical);
    let critical: Duration = critical.map(|span| span.ended.saturating_sub(span.started)).sum();
    context.sink.emit(Event::Timeline {
        spans: spans.to_vec(),
        seconds: took.as_secs_f64(),
        critical_s: critical.as_secs_f64(),
    });
}

/// Something is there, and something that it needs is not.
fn is_half_made(survey: &Survey) -> bool {
    let makes = survey.plan.changes.iter().any(|change| change.action == Action::Create);
    !survey.observed.is_empty() && makes
}

/// Carries out the plan, and after anything unclear looks again and carries out what is left.
async fn rounds(
    context: &Context<'_>,
    caller: &Caller<'_>,
    mut survey: Survey,
    begun: Instant,
) -> (Vec<Span>, Result<Names, RunError>) {
    let mut spans = Vec::new();
    for round in 1.. {
        let unsure = caller.unsure();
        let Survey { names, topology, observed, plan, .. } = &survey;
        let run =
            Run::new(caller, (topology, names), observed, &context.settings, context.sink, begun);
        let Report { spans: more, failures } = execute(&run, plan).await;
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
        survey = match survey::again(context, caller, names).await {
            Ok(survey) => survey,
            Err(error) => return (spans, Err(error)),
        };
        if survey.plan.is_empty() {
            break;
        }
        if round == ROUNDS {
            return (spans, Err(unsettled(&survey.plan)));
        }
        // Nobody has agreed to this one: what takes data with it is never a repair.
        let guarded = guarded(&survey.plan);
        if !guarded.is_empty() {
            for finding in &guarded {
                context.sink.emit(Event::Finding(finding.clone()));
            }
            return (spans, Err(RunError::Findings(guarded)));
        }
        context.note(format!("looking again: {}", differing(&survey.plan)));
    }
    (spans, Ok(survey.names))
}

/// What would take data with it.
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
        fault: Fault::Failed(format!("{} does not stay as it was set", change.id)),
        is_skipped: false,
    });
    RunError::of(failures.collect())
}

/// What the stack offers, by the calls that tell it.
async fn outputs(context: &Context<'_>, caller: &Caller<'_>, names: &Names) -> Outputs {
    let (balancer, cluster) = tokio::join!(
        caller.find(DescribeLoadBalancers { name: names.load_balancer() }),
        caller.find(DescribeDBClusters { name: names.database() }),
    );
    let balancer = balancer.ok().flatten().unwrap_or_default().into_iter().next();
    let cluster = cluster.ok().flatten().unwrap_or_default().into_iter().next();
    let scheme = if context.aws.certificate.is_some() { "https" } else { "http" };
    let mut outputs = Outputs {
        page: balancer.map(|balancer| format!("{scheme}://{}/", balancer.dns_name)),
        bucket: Some(names.bucket("assets")),
        ..Outputs::default()
    };
    if let Some(cluster) = cluster {
        outputs.database = cluster.endpoint;
        outputs.database_reader = cluster.reader_endpoint;
        outputs.database_port = cluster.port;
        outputs.database_secret = cluster.secret;
    }
    outputs
}
