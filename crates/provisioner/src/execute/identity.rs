use super::context::At;
use super::{refresh, tags};
use crate::caller::Fault;
use crate::topology::{InstanceProfile, Role};
use skyward_aws::{
    AddRoleToInstanceProfile, AttachRolePolicy, Class, CreateInstanceProfile, CreateRole,
    DetachRolePolicy, GetInstanceProfile, GetRole, ListAttachedRolePolicies, PutRolePolicy,
    RemoveRoleFromInstanceProfile, UpdateAssumeRolePolicy,
};

/// The role, with its policies. Each part is a call of its own, and each can be made twice.
pub(super) async fn role(at: &At<'_>, spec: &Role) -> Result<(), Fault> {
    let (run, name) = (at.run, spec.name.clone());
    let mut is_known = at.existing().is_some();
    if !is_known {
        let call = CreateRole { name: name.clone(), trust: spec.trust.clone(), tags: at.tags() };
        match run.caller.change(call).await {
            Ok(_) => {}
            Err(fault) if fault.class() == Some(Class::Exists) => {
                let look = async || {
                    let role = run.caller.find(GetRole { name: name.clone() }).await?;
                    Ok(role.map(|role| ((), role.tags)))
                };
                refresh::adopt(at, "IAM role", &name, look).await?;
                is_known = true;
            }
            Err(fault) => return Err(fault),
        }
    }
    run.remember(at.id(), &name);
    if is_known && (at.existing().is_none() || at.differs("trust")) {
        let (name, trust) = (name.clone(), spec.trust.clone());
        run.caller.change(UpdateAssumeRolePolicy { name, trust }).await?;
    }
    if at.existing().is_none() || at.differs("policy") {
        let (role, policy) = (name.clone(), spec.policy_name.clone());
        let call = PutRolePolicy { role, policy, document: spec.policy.clone() };
        run.caller.change(call).await?;
    }
    if at.existing().is_none() || at.differs("managed") {
        let attached = run.caller.find(ListAttachedRolePolicies { role: name.clone() }).await?;
        let attached = attached.unwrap_or_default();
        for arn in spec.managed.difference(&attached) {
            let call = AttachRolePolicy { role: name.clone(), arn: arn.clone() };
            run.caller.change(call).await?;
        }
        for arn in attached.difference(&spec.managed) {
            let call = DetachRolePolicy { role: name.clone(), arn: arn.clone() };
            run.caller.delete(call).await?;
        }
    }
    tags::update(at, &name).await
}

/// The instance profile, with the role in it.
pub(super) async fn profile(at: &At<'_>, spec: &InstanceProfile) -> Result<(), Fault> {
    let (run, name) = (at.run, spec.name.clone());
    let get = || GetInstanceProfile { name: name.clone() };
    if at.existing().is_none() {
        let call = CreateInstanceProfile { name: name.clone(), tags: at.tags() };
        match run.caller.change(call).await {
            Ok(_) => {}
            Err(fault) if fault.class() == Some(Class::Exists) => {
                let look = async || {
                    let profile = run.caller.find(get()).await?;
                    Ok(profile.map(|profile| ((), profile.tags)))
                };
                refresh::adopt(at, "instance profile", &name, look).await?;
            }
            Err(fault) => return Err(fault),
        }
    }
    run.remember(at.id(), &name);
    if let Some(role) = &spec.role
        && (at.existing().is_none() || at.differs("role"))
    {
        let role = run.physical(role)?;
        let current = run.caller.find(get()).await?.and_then(|profile| profile.role);
        if let Some(other) = current.filter(|current| *current != role) {
            let call = RemoveRoleFromInstanceProfile { profile: name.clone(), role: other };
            run.caller.delete(call).await?;
        }
        let call = AddRoleToInstanceProfile { profile: name.clone(), role: role.clone() };
        match run.caller.change(call).await {
            Ok(()) => {}
            // It takes one role, and has one: this one, or the look above was too old.
            Err(fault) if matches!(fault.class(), Some(Class::Quota | Class::Exists)) => {
                run.adopted();
            }
            Err(fault) => return Err(fault),
        }
    }
    tags::update(at, &name).await
}
