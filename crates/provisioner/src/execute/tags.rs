use super::context::At;
use crate::caller::Fault;
use crate::topology::Kind;
use skyward_aws::{
    AddElbTags, AddRdsTags, CreateOrUpdateTags, CreateTags, TagInstanceProfile, TagRole,
};

/// Sets the tags of a resource that is there. Those of others stay.
pub(super) async fn set(at: &At<'_>, physical: &str) -> Result<(), Fault> {
    let (caller, tags, name) = (at.run.caller, at.tags(), physical.to_owned());
    match at.step.kind {
        Kind::LoadBalancer | Kind::TargetGroup | Kind::Listener => {
            caller.change(AddElbTags { resource: name, tags }).await
        }
        Kind::DbSubnetGroup | Kind::DbCluster => {
            caller.change(AddRdsTags { arn: name, tags }).await
        }
        Kind::AutoScalingGroup => caller.change(CreateOrUpdateTags { name, tags }).await,
        Kind::Role => caller.change(TagRole { name, tags }).await,
        Kind::InstanceProfile => caller.change(TagInstanceProfile { name, tags }).await,
        // A bucket's tags are a part of its configuration.
        Kind::Bucket | Kind::Route | Kind::SecurityGroupRules | Kind::ScalingPolicy => Ok(()),
        _ => caller.change(CreateTags { resources: vec![name], tags }).await,
    }
}

/// Sets the tags where they differ.
pub(super) async fn update(at: &At<'_>, physical: &str) -> Result<(), Fault> {
    if at.differs("tags.") { set(at, physical).await } else { Ok(()) }
}
