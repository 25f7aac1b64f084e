use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::context::At;
use super::{refresh, tags};
use crate::caller::{Fault, Patience};
use crate::observe;
use crate::topology::{AutoScalingGroup, LaunchTemplate, ScalingPolicy};
use skyward_aws::model::{self, LaunchTemplateData};
use skyward_aws::{
    AttachLoadBalancerTargetGroups, Class, CreateAutoScalingGroup, CreateLaunchTemplate,
    CreateLaunchTemplateVersion, DescribeAutoScalingGroups, DescribeInstanceRefreshes,
    DescribeLaunchTemplateVersions, DescribeLaunchTemplates, DescribeTargetHealth,
    DetachLoadBalancerTargetGroups, ModifyLaunchTemplate, PutScalingPolicy, Select,
    StartInstanceRefresh, UpdateAutoScalingGroup,
};

fn data(at: &At<'_>, spec: &LaunchTemplate) -> Result<LaunchTemplateData, Fault> {
    // The instances carry the stack's tag, so that what is left of them is found.
    let mut tags = at.run.topology.tags.clone();
    tags.insert("Name".into(), format!("{}-cms", at.run.topology.stack));
    Ok(LaunchTemplateData {
        image: spec.image.clone(),
        instance_type: spec.instance_type.clone(),
        security_groups: at.run.physicals(&spec.security_groups)?,
        instance_profile: at.run.physical(&spec.instance_profile)?,
        user_data: spec.user_data.clone(),
        http_tokens: spec.http_tokens.clone(),
        http_hop_limit: spec.http_hop_limit,
        volume: spec.volume.clone(),
        detailed_monitoring: spec.detailed_monitoring,
        tags,
    })
}

fn digest(data: &LaunchTemplateData) -> String {
    let text = serde_json::to_string(data).unwrap_or_default();
    Sha256::digest(text).iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

async fn find_template(at: &At<'_>, name: &str) -> Result<Option<model::LaunchTemplate>, Fault> {
    let call = DescribeLaunchTemplates { select: Select::Name(name.to_owned()), page: None };
    Ok(at.run.caller.find(call).await?.and_then(|page| page.items.into_iter().next()))
}

/// The launch template. A change is a new version of it.
pub(super) async fn template(at: &At<'_>, spec: &LaunchTemplate) -> Result<(), Fault> {
    let (run, data) = (at.run, data(at, spec)?);
    let template = match at.existing() {
        Some(template) => template,
        None => match make_template(at, spec, &data).await? {
            Some(template) => {
                run.remember(at.id(), &template);
                return Ok(());
            }
            // Someone else made it meanwhile.
            None => adopt_template(at, spec).await?,
        },
    };
    run.remember(at.id(), &template);
    let call =
        DescribeLaunchTemplateVersions { template: template.clone(), version: "$Latest".into() };
    let versions = run.caller.find(call).await?.unwrap_or_default();
    let latest = versions.iter().max_by_key(|version| version.version);
    if latest.is_none_or(|latest| latest.data != data) {
        let newest = latest.map_or(0, |latest| latest.version);
        // The same change from the same version is the same call, whoever repeats it.
        let token = format!("{} after {template} {newest}", digest(&data));
        let client_token = run.names.client_token(at.id(), &token);
        let call = CreateLaunchTemplateVersion { template: template.clone(), data, client_token };
        let version = run.caller.change(call).await?;
        run.set_newest(version);
        let call = ModifyLaunchTemplate { template: template.clone(), default_version: version };
        run.caller.change(call).await?;
    }
    tags::update(at, &template).await
}

/// None where there is one of this name.
async fn make_template(
    at: &At<'_>,
    spec: &LaunchTemplate,
    data: &LaunchTemplateData,
) -> Result<Option<String>, Fault> {
    let run = at.run;
    for attempt in 0..3 {
        let replaced = at.step.physical.as_deref().unwrap_or_default();
        let token = format!("{} {replaced} {attempt}", digest(data));
        let call = CreateLaunchTemplate {
            name: spec.name.clone(),
            data: data.clone(),
            client_token: run.names.client_token(at.id(), &token),
            tags: at.tags(),
        };
        let template = match run.caller.change(call).await {
            Ok(template) => template.id,
            Err(fault) if fault.class() == Some(Class::Exists) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        // An old token tells of a template that was deleted since: then there is none of the name.
        let asked = Instant::now();
        while asked.elapsed() <= run.settings.settle {
            if find_template(at, &spec.name).await?.is_some_and(|found| found.id == template) {
                return Ok(Some(template));
            }
            run.caller.sleep(Duration::from_secs(1)).await?;
        }
    }
    Err(Fault::Failed(format!("{} was made and cannot be seen", at.id())))
}

async fn adopt_template(at: &At<'_>, spec: &LaunchTemplate) -> Result<String, Fault> {
    let look =
        async || Ok(find_template(at, &spec.name).await?.map(|found| (found.id, found.tags)));
    refresh::adopt(at, "launch template", &spec.name, look).await
}

async fn find_group(at: &At<'_>, name: &str) -> Result<Option<model::AutoScalingGroup>, Fault> {
    let call = DescribeAutoScalingGroups { name: name.to_owned() };
    Ok(at.run.caller.find(call).await?.unwrap_or_default().into_iter().next())
}

/// The auto scaling group, until its instances answer the load balancer.
pub(super) async fn group(at: &At<'_>, spec: &AutoScalingGroup) -> Result<(), Fault> {
    let (run, name) = (at.run, spec.name.clone());
    let mut is_there = at.existing().is_some();
    if !is_there {
        is_there = !create_group(at, &wire(at, spec, spec.min)?).await?;
    }
    run.remember(at.id(), &name);
    (at.made)();
    if is_there && at.existing().is_some() {
        let current = find_group(at, &name).await?;
        let desired = current.as_ref().map_or(spec.min, |group| group.desired);
        if at.differences.iter().any(|one| !one.field.starts_with("tags.")) {
            let group = wire(at, spec, desired.clamp(spec.min, spec.max))?;
            run.caller.change(UpdateAutoScalingGroup { group }).await?;
        }
        if at.differs("target_groups") {
            let current = current.map(|group| group.target_groups).unwrap_or_default();
            attach(at, spec, &current).await?;
        }
        tags::update(at, &name).await?;
        follow(at, spec).await?;
    }
    wait(at, spec).await
}

fn wire(
    at: &At<'_>,
    spec: &AutoScalingGroup,
    desired: i32,
) -> Result<model::AutoScalingGroup, Fault> {
    Ok(model::AutoScalingGroup {
        name: spec.name.clone(),
        min: spec.min,
        max: spec.max,
        desired,
        subnets: at.run.physicals(&spec.subnets)?,
        target_groups: at.run.physicals(&spec.target_groups)?,
        launch_template: Some((at.run.physical(&spec.launch_template)?, "$Latest".into())),
        health_check: spec.health_check.clone(),
        grace_s: spec.grace_s,
        instances: Vec::new(),
        status: None,
        tags: at.tags(),
    })
}

/// Whether this call made it; false where it was there.
async fn create_group(at: &At<'_>, group: &model::AutoScalingGroup) -> Result<bool, Fault> {
    let run = at.run;
    loop {
        let fault = match run.caller.change(CreateAutoScalingGroup { group: group.clone() }).await {
            Ok(()) => return Ok(true),
            Err(fault) => fault,
        };
        match &fault {
            // A new instance profile takes some seconds until Auto Scaling knows it, and so does a new template.
            Fault::Api(error)
                if error.code == "ValidationError"
                    && at.begun.elapsed() < Duration::from_secs(90) =>
            {
                at.progress("waiting until Auto Scaling knows the instance profile");
                run.caller.sleep(Duration::from_secs(3)).await?;
            }
            _ if fault.class() == Some(Class::Exists) => match find_group(at, &group.name).await? {
                // The old one is going: its name gets free.
                Some(found) if found.status.is_some() => at.pause("the old one is going").await?,
                _ => {
                    let look = async || {
                        Ok(find_group(at, &group.name).await?.map(|found| ((), found.tags)))
                    };
                    refresh::adopt(at, "auto scaling group", &group.name, look).await?;
                    return Ok(false);
                }
            },
            _ => return Err(fault),
        }
    }
}

async fn attach(
    at: &At<'_>,
    spec: &AutoScalingGroup,
    current: &std::collections::BTreeSet<String>,
) -> Result<(), Fault> {
    let desired = at.run.physicals(&spec.target_groups)?;
    let missing: std::collections::BTreeSet<String> =
        desired.difference(current).cloned().collect();
    let extra: std::collections::BTreeSet<String> = current.difference(&desired).cloned().collect();
    let name = || spec.name.clone();
    if !missing.is_empty() {
        let call = AttachLoadBalancerTargetGroups { name: name(), target_groups: missing };
        at.run.caller.change(call).await?;
    }
    if !extra.is_empty() {
        let call = DetachLoadBalancerTargetGroups { name: name(), target_groups: extra };
        at.run.caller.change(call).await?;
    }
    Ok(())
}

/// Replaces the instances by those of the newest template, where they are not.
async fn follow(at: &At<'_>, spec: &AutoScalingGroup) -> Result<(), Fault> {
    let (run, name) = (at.run, spec.name.clone());
    let mut started: Option<(String, Instant)> = None;
    loop {
        let latest = match run.topology.get(&spec.launch_template).map(|one| &one.spec) {
            Some(crate::topology::Spec::LaunchTemplate(template)) => {
                find_template(at, &template.name).await?.map(|template| template.latest_version)
            }
            _ => None,
        };
        let newest = latest.max(run.newest());
        let group = find_group(at, &name).await?;
        let is_newest = group.as_ref().is_some_and(|group| observe::is_newest(group, newest));
        let call = DescribeInstanceRefreshes { name: name.clone() };
        let refreshes = run.caller.find(call).await?.unwrap_or_default();
        let mine = started.as_ref().and_then(|(id, _)| refreshes.iter().find(|one| one.id == *id));
        let active = refreshes.iter().find(|one| {
            matches!(
                one.status.as_str(),
                "Pending" | "InProgress" | "Baking" | "Cancelling" | "RollbackInProgress"
            )
        });
        match (active, mine, &started) {
            (Some(active), ..) => {
                at.pause(&format!("replacing the instances, {} %", active.percent)).await?;
            }
            (None, ..) if is_newest => return Ok(()),
            (None, Some(mine), _) if mine.status != "Successful" => {
                let reason = mine.reason.clone().unwrap_or_else(|| mine.status.clone());
                return Err(Fault::Failed(format!("replacing the instances of {name}: {reason}")));
            }
            // What is seen of it is older than it is.
            (None, _, Some((_, since))) if since.elapsed() < run.settings.settle * 2 => {
                at.pause("replacing the instances").await?;
            }
            (None, Some(_), Some((id, _))) => {
                let (id, settle) = (id.clone(), run.settings.settle);
                run.caller.sleep(settle).await?;
                // Successful, and instances of an older version are there: one more, for the version that came meanwhile.
                started = start_refresh(at, &name).await?.or(Some((id, Instant::now())));
            }
            (None, ..) => started = start_refresh(at, &name).await?,
        }
    }
}

/// None where one is under way.
async fn start_refresh(at: &At<'_>, name: &str) -> Result<Option<(String, Instant)>, Fault> {
    let call = StartInstanceRefresh { name: name.to_owned() };
    let patience = Patience { not_yet: Duration::ZERO, ..Patience::CHANGE };
    match at.run.caller.send(call, patience).await {
        Ok(id) => Ok(Some((id, Instant::now()))),
        Err(fault) if fault.class() == Some(Class::NotYet) => {
            at.pause("replacing the instances").await?;
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

/// Waits until as many instances as there must be answer the load balancer.
async fn wait(at: &At<'_>, spec: &AutoScalingGroup) -> Result<(), Fault> {
    let run = at.run;
    let targets = run.physicals(&spec.target_groups)?;
    loop {
        let group = find_group(at, &spec.name).await?;
        let mut health = Vec::new();
        for target_group in &targets {
            let call = DescribeTargetHealth { target_group: target_group.clone() };
            health.extend(run.caller.find(call).await?.unwrap_or_default());
        }
        let healthy = group.as_ref().map_or(0, |group| observe::healthy(group, &health));
        if healthy >= usize::try_from(spec.min).unwrap_or_default() {
            return Ok(());
        }
        let instances = group.map_or(0, |group| group.instances.len());
        let why =
            health.iter().find(|one| one.state == "unhealthy").and_then(|one| one.reason.clone());
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let state = format!("{healthy} of {} healthy, {instances} launched{why}", spec.min);
        at.pause(&state).await?;
    }
}

/// The scaling policy: set by its name, as often as one likes.
pub(super) async fn policy(at: &At<'_>, spec: &ScalingPolicy) -> Result<(), Fault> {
    let call = PutScalingPolicy {
        name: at.run.physical(&spec.group)?,
        policy: spec.name.clone(),
        target_cpu: spec.target_cpu.unwrap_or(50),
    };
    at.run.caller.change(call).await?;
    at.run.remember(at.id(), &spec.name);
    Ok(())
}
