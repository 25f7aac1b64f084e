use super::context::At;
use super::{refresh, tags};
use crate::caller::Fault;
use crate::topology::{Listener, ListenerAction, LoadBalancer, TargetGroup};
use skyward_aws::model::{self, Tags};
use skyward_aws::{
    Class, CreateListener, CreateLoadBalancer, CreateTargetGroup, DescribeElbTags,
    DescribeListeners, DescribeLoadBalancers, DescribeTargetGroups, ModifyListener,
    ModifyLoadBalancerAttributes, ModifyTargetGroup, ModifyTargetGroupAttributes,
    SetSecurityGroups, SetSubnets,
};

/// With its tags, where there is one.
async fn tagged(at: &At<'_>, arn: Option<String>) -> Result<Option<(String, Tags)>, Fault> {
    let Some(arn) = arn else { return Ok(None) };
    let call = DescribeElbTags { resources: vec![arn.clone()] };
    let tags = at.run.caller.find(call).await?.unwrap_or_default().remove(&arn);
    Ok(Some((arn, tags.unwrap_or_default())))
}

async fn balancer(at: &At<'_>, name: &str) -> Result<Option<model::LoadBalancer>, Fault> {
    let call = DescribeLoadBalancers { name: name.to_owned() };
    Ok(at.run.caller.find(call).await?.unwrap_or_default().into_iter().next())
}

/// The load balancer, until it is active. Its listeners do not wait for that.
pub(super) async fn load_balancer(at: &At<'_>, spec: &LoadBalancer) -> Result<(), Fault> {
    let run = at.run;
    let subnets = run.physicals(&spec.subnets)?;
    let security_groups = run.physicals(&spec.security_groups)?;
    let existing = at.existing();
    let arn = if let Some(arn) = &existing {
        let load_balancer = arn.clone();
        if at.differs("subnets") {
            run.caller.change(SetSubnets { load_balancer: load_balancer.clone(), subnets }).await?;
        }
        if at.differs("security_groups") {
            run.caller.change(SetSecurityGroups { load_balancer, security_groups }).await?;
        }
        arn.clone()
    } else {
        let (name, tags) = (spec.name.clone(), at.tags());
        let call = CreateLoadBalancer { name, subnets, security_groups, tags };
        match run.caller.change(call).await {
            Ok(balancer) => balancer.arn,
            Err(fault) if fault.class() == Some(Class::Exists) => {
                let look =
                    async || tagged(at, balancer(at, &spec.name).await?.map(|one| one.arn)).await;
                refresh::adopt(at, "load balancer", &spec.name, look).await?
            }
            Err(fault) => return Err(fault),
        }
    };
    run.remember(at.id(), &arn);
    if existing.is_none() || at.differs("attributes.") || at.differs("logs") {
        let attributes = spec.attributes.clone();
        let call = ModifyLoadBalancerAttributes { load_balancer: arn.clone(), attributes };
        run.caller.change(call).await?;
    }
    tags::update(at, &arn).await?;
    (at.made)();
    loop {
        let state = balancer(at, &spec.name).await?.map(|balancer| balancer.state);
        match state.as_deref() {
            Some("active" | "active_impaired") => return Ok(()),
            Some("failed") => {
                return Err(Fault::Failed(format!("the load balancer {} has failed", spec.name)));
            }
            state => at.pause(state.unwrap_or("not visible yet")).await?,
        }
    }
}

/// The target group.
pub(super) async fn target_group(at: &At<'_>, spec: &TargetGroup) -> Result<(), Fault> {
    let run = at.run;
    let existing = at.existing();
    let arn = if let Some(arn) = &existing {
        if at.differs("health_check") {
            let (target_group, health_check) = (arn.clone(), spec.health_check.clone());
            run.caller.change(ModifyTargetGroup { target_group, health_check }).await?;
        }
        arn.clone()
    } else {
        let call = CreateTargetGroup {
            name: spec.name.clone(),
            vpc: run.physical(&spec.vpc)?,
            protocol: spec.protocol.clone(),
            port: spec.port,
            health_check: spec.health_check.clone(),
            tags: at.tags(),
        };
        match run.caller.change(call).await {
            Ok(group) => group.arn,
            Err(fault) if fault.class() == Some(Class::Exists) => {
                let look = async || {
                    let call = DescribeTargetGroups { name: spec.name.clone() };
                    let found = run.caller.find(call).await?.unwrap_or_default().into_iter().next();
                    tagged(at, found.map(|group| group.arn)).await
                };
                refresh::adopt(at, "target group", &spec.name, look).await?
            }
            Err(fault) => return Err(fault),
        }
    };
    run.remember(at.id(), &arn);
    if existing.is_none() || at.differs("attributes.") {
        let (target_group, attributes) = (arn.clone(), spec.attributes.clone());
        run.caller.change(ModifyTargetGroupAttributes { target_group, attributes }).await?;
    }
    tags::update(at, &arn).await
}

/// A listener. Its port is its name.
pub(super) async fn listener(at: &At<'_>, spec: &Listener) -> Result<(), Fault> {
    let run = at.run;
    let load_balancer = run.physical(&spec.load_balancer)?;
    let action = match &spec.action {
        ListenerAction::Forward(group) => model::ListenerAction::Forward(run.physical(group)?),
        ListenerAction::RedirectToHttps(port) => model::ListenerAction::RedirectToHttps(*port),
        ListenerAction::Other(other) => model::ListenerAction::Other(other.clone()),
    };
    let modify = |listener: String| ModifyListener {
        listener,
        protocol: spec.protocol.clone(),
        certificate: spec.certificate.clone(),
        tls_policy: spec.tls_policy.clone(),
        action: action.clone(),
    };
    if let Some(arn) = at.existing() {
        if at.differences.iter().any(|one| !one.field.starts_with("tags.")) {
            run.caller.change(modify(arn.clone())).await?;
        }
        return tags::update(at, &arn).await;
    }
    let call = CreateListener {
        load_balancer: load_balancer.clone(),
        port: spec.port,
        protocol: spec.protocol.clone(),
        certificate: spec.certificate.clone(),
        tls_policy: spec.tls_policy.clone(),
        action: action.clone(),
        tags: at.tags(),
    };
    let arn = match run.caller.change(call).await {
        Ok(listener) => listener.arn,
        Err(fault) if fault.class() == Some(Class::Exists) => {
            let look = async || {
                let call = DescribeListeners { load_balancer: load_balancer.clone(), page: None };
                let all = run.caller.list(call).await?;
                let found = all.into_iter().find(|one| one.port == spec.port);
                // The load balancer is ours, and so is what it listens on.
                Ok(found.map(|one| (one.arn, at.tags())))
            };
            let arn = refresh::adopt(at, "listener", at.id().as_str(), look).await?;
            run.caller.change(modify(arn.clone())).await?;
            tags::set(at, &arn).await?;
            arn
        }
        Err(fault) => return Err(fault),
    };
    run.remember(at.id(), &arn);
    Ok(())
}
