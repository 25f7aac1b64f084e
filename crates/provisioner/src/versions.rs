//! The versions of what the instances run, the way back to one of them, and what an instance has said.
//!
//! These are commands about one kind, the group of instances; the engine, which they run, knows none.

use serde::Serialize;
use skyward_aws::model::{AutoScalingGroup as Group, InstanceRefresh};
use skyward_aws::{
    DescribeAutoScalingGroups, DescribeInstanceRefreshes, DescribeLaunchTemplateVersions,
    DescribeLaunchTemplates, GetConsoleOutput, Select,
};
use skyward_config::Run;
use tokio::time::Instant;

use crate::caller::{CallError, Caller};
use crate::event::{Event, Own};
use crate::execute::{Report, execute};
use crate::kind::AutoScalingGroup;
use crate::plan::{Action, Change, Difference, Plan, Step};
use crate::resource::{Execution, Finding, Kind};
use crate::run::{self, Context, Done, Inspection, RunError};
use crate::stack::Names;
use crate::workload::release_in;

/// A version of what the instances run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its number in the launch template.
    pub version: i64,
    /// When it was made.
    pub created: String,
    /// The SHA-256 of its release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its state.
    pub state: VersionState,
}

/// The state of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionState {
    /// The instances have it.
    Current,
    /// All instances had it.
    Ran,
    /// It was given up before all instances had it.
    GivenUp,
    /// Nothing of it is known: AWS forgets after six weeks.
    Unknown,
}

impl VersionState {
    /// The state in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Current => "runs",
            Self::Ran => "ran before",
            Self::GivenUp => "given up",
            Self::Unknown => "",
        }
    }
}

/// The versions that a stack has.
struct Versions {
    group: Option<Group>,
    all: Vec<Version>,
}

async fn group(caller: &Caller<'_>, names: &Names) -> Result<Option<Group>, CallError> {
    let call = DescribeAutoScalingGroups { name: names.auto_scaling_group() };
    Ok(caller.find(call).await?.and_then(|groups| groups.into_iter().next()))
}

async fn versions(caller: &Caller<'_>, names: &Names) -> Result<Versions, CallError> {
    let group = group(caller, names).await?;
    let call =
        DescribeLaunchTemplates { select: Select::Name(names.launch_template()), page: None };
    let template = caller.find(call).await?;
    let Some(template) = template.and_then(|page| page.items.into_iter().next()) else {
        return Ok(Versions { group, all: Vec::new() });
    };
    let call = DescribeInstanceRefreshes { name: names.auto_scaling_group() };
    let refreshes = match &group {
        Some(_) => caller.find(call).await?.unwrap_or_default(),
        None => Vec::new(),
    };
    let own = group.as_ref().and_then(|group| group.launch_template.clone());
    let current = own.map(|(_, version)| match version.as_str() {
        "$Latest" => template.latest_version.to_string(),
        _ => version,
    });
    let call = DescribeLaunchTemplateVersions { template: template.id, version: None };
    let mut all = caller.find(call).await?.unwrap_or_default();
    all.sort_by_key(|version| std::cmp::Reverse(version.version));
    let version = |one: skyward_aws::model::LaunchTemplateVersion| {
        let state = state(one.version, current.as_deref(), &refreshes);
        let release = release_in(&one.data.user_data).map(str::to_owned);
        Version { version: one.version, created: one.created, release, state }
    };
    Ok(Versions { group, all: all.into_iter().map(version).collect() })
}

fn state(version: i64, current: Option<&str>, refreshes: &[InstanceRefresh]) -> VersionState {
    let number = version.to_string();
    if current == Some(&number) {
        return VersionState::Current;
    }
    let mut of_it = refreshes.iter().filter(|one| one.version.as_ref() == Some(&number));
    match of_it.clone().next() {
        // A group begins with its first version, without a refresh.
        None if version == 1 => VersionState::Ran,
        None => VersionState::Unknown,
        Some(_) if of_it.any(|one| one.status == "Successful") => VersionState::Ran,
        Some(_) => VersionState::GivenUp,
    }
}

/// The versions of what the instances run, the newest first.
///
/// # Errors
/// The account does not answer.
pub async fn history(context: &Context<'_>) -> Result<Vec<Version>, RunError> {
    let caller = context.caller();
    let names = run::account(context, &caller).await?;
    let found = versions(&caller, &names).await;
    Ok(found.map_err(|error| run::refuse_errors(context, &[error]))?.all)
}

/// Returns the console of an instance, or of each of the stack's.
///
/// # Errors
/// The account does not answer, or has no such instance.
pub async fn logs(
    context: &Context<'_>,
    instance: Option<&str>,
) -> Result<Vec<(String, String)>, RunError> {
    let caller = context.caller();
    let failed = |error| run::refuse_errors(context, &[error]);
    let names = run::account(context, &caller).await?;
    let ids = if let Some(id) = instance {
        vec![id.to_owned()]
    } else {
        let group = group(&caller, &names).await.map_err(failed)?;
        group.into_iter().flat_map(|group| group.instances).map(|one| one.id).collect()
    };
    let mut all = Vec::new();
    for id in ids {
        let call = GetConsoleOutput { instance: id.clone() };
        let console = caller.read(call).await.map_err(failed)?;
        all.push((id, console));
    }
    Ok(all)
}

/// Brings the instances back to an earlier version: to this one, or to the last one before the present one that ran.
///
/// # Errors
/// There is no such version, or it does not get healthy.
pub async fn rollback(
    context: &Context<'_>,
    wanted: Option<i64>,
    consent: &dyn Fn(&Plan) -> bool,
) -> Result<Done, RunError> {
    let caller = context.caller();
    let inspection = run::compare(context, &caller).await?;
    let found = versions(&caller, &inspection.names).await;
    let Versions { group, all } = found.map_err(|error| run::refuse_errors(context, &[error]))?;
    let refused =
        |problem: &str, next: &str| run::refuse(context, vec![Finding::new(problem, next)]);
    let (group, target) = match (group, target(context, &all, wanted)) {
        (Some(group), Ok(target)) => (group, target),
        (None, _) => {
            return Err(refused("there are no instances", "apply"));
        }
        (_, Err((problem, next))) => return Err(refused(&problem, next)),
    };
    let plan = plan(&inspection, &group, &all, target);
    context.sink.emit(Event::Own(Own::Plan(Box::new(plan.clone()))));
    if !consent(&plan) {
        return Err(RunError::Declined);
    }
    let begun = Instant::now();
    let mut settings = context.settings.clone();
    settings.version = Some(target);
    let Inspection { names, topology, observed, .. } = &inspection;
    let run = Execution::new(&caller, (topology, names), observed, &settings, begun);
    let Report { spans, failures } = execute(&run, &plan, context.sink).await;
    run::timeline(context, &spans, begun.elapsed());
    if !failures.is_empty() {
        return Err(RunError::of(failures));
    }
    let text = format!(
        "The instances run version {target}. The next `apply` brings them to what the configuration and the image say."
    );
    context.sink.emit(Event::finished(text));
    Ok(Done { has_changed: true, spans, ..Done::default() })
}

/// The version to go back to; else the reason why there is none, and what to do.
fn target(
    context: &Context<'_>,
    all: &[Version],
    wanted: Option<i64>,
) -> Result<i64, (String, &'static str)> {
    if context.aws.run != Run::Service {
        let problem = "the instances run a page, whose versions are those of its script".to_owned();
        return Err((problem, "take back the change of the script, and apply"));
    }
    let current = all.iter().find(|one| one.state == VersionState::Current);
    let current = current.map_or(i64::MAX, |one| one.version);
    let found = match wanted {
        Some(number) => all.iter().find(|one| one.version == number),
        None => all.iter().find(|one| one.version < current && one.state == VersionState::Ran),
    };
    match (found, wanted) {
        (Some(found), _) => Ok(found.version),
        (None, Some(number)) => Err((format!("there is no version {number}"), "see `history`")),
        (None, None) => {
            Err(("no version before the present one is known to have run".into(), "see `history`"))
        }
    }
}

fn plan(inspection: &Inspection, group: &Group, all: &[Version], target: i64) -> Plan {
    let (id, kind) = ("auto-scaling-group".into(), Kind::of::<AutoScalingGroup>());
    let own = group.launch_template.as_ref().map(|(_, version)| version.clone());
    let release = all.iter().find(|one| one.version == target).and_then(|one| one.release.clone());
    let release = release.map(|release| format!(", release {release}")).unwrap_or_default();
    let change = Change {
        id,
        kind,
        action: Action::Update,
        physical: Some(group.name.clone()),
        detail: String::new(),
        differences: vec![Difference {
            field: "version".into(),
            observed: own.into(),
            desired: target.to_string().into(),
        }],
        reason: Some(format!("back to version {target}{release}")),
        is_guarded: false,
    };
    let step = Step {
        id: change.id.clone(),
        kind,
        action: change.action,
        is_replacement: false,
        physical: change.physical.clone(),
        after: std::collections::BTreeSet::new(),
    };
    let estimate = kind.estimate(Action::Update);
    Plan {
        stack: inspection.topology.stack.clone(),
        region: inspection.topology.region.clone(),
        changes: vec![change],
        unchanged: inspection.topology.resources.len() - 1,
        expected_s: estimate.usual.as_secs_f64(),
        range_s: (estimate.soonest.as_secs_f64(), estimate.latest.as_secs_f64()),
        steps: vec![step],
        cost: None,
        warnings: Vec::new(),
    }
}
