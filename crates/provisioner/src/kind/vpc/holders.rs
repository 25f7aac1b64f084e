//! The things in a stack's VPC that are not the stack's, and by which it is held.

use skyward_aws::{
    DeleteNetworkInterface, DescribeNetworkInterfaces, DescribeSecurityGroups, DescribeSubnets,
};

use crate::resource::prelude::*;

/// The most that are named.
const NAMED: usize = 4;

/// Network interfaces that nothing uses: EC2 deletes none that is in use. Those that services have left carry no tag of the stack, and so
/// one without any stack's tag may go, and none of another stack's. The condition `ec2:Vpc` that the action has beside that takes the
/// VPC's ARN, whose id no policy knows before there is a VPC.
pub(crate) const LEFT_INTERFACE: Scope = Scope::new(
    (37, "LeftInterface"),
    Area::Network,
    |stack| stack.arns("ec2", &["network-interface/*"]),
    Condition::Other(|stack| json!({ "StringEqualsIfExists": { resource_tag(): stack.aws.name } })),
);

/// The network interfaces in the stack's VPC, and the subnets and groups of others there, in words. Where all that is left is to go, the
/// network interfaces that nothing uses are deleted.
pub(crate) async fn holders(step: &StepContext<'_>) -> Result<Option<String>, CallError> {
    let run = step.run;
    let Ok(vpc) = run.physical(&"vpc".into()) else { return Ok(None) };
    let select = || Select::Vpc(vpc.clone());
    let (interfaces, subnets, groups) = tokio::try_join!(
        run.caller.list(DescribeNetworkInterfaces { select: select(), page: None }),
        run.caller.list(DescribeSubnets { select: select(), page: None }),
        run.caller.list(DescribeSecurityGroups { select: select(), page: None }),
    )?;
    let mut held = Vec::new();
    for one in interfaces {
        if run.settings.removes_leftovers && one.status == "available" {
            step.progress(&format!("deleting the network interface {}", one.id));
            run.caller.delete(DeleteNetworkInterface { interface: one.id }).await?;
        } else {
            let words = [one.status.as_str(), one.description.as_str()];
            let words = words.into_iter().filter(|word| !word.is_empty());
            let words = words.collect::<Vec<_>>().join(", ");
            held.push(format!("network interface {} ({words})", one.id));
        }
    }
    let others = subnets.iter().filter(|one| !run.is_ours(&one.tags));
    held.extend(others.map(|one| format!("subnet {}", one.id)));
    let others = groups.iter().filter(|one| !run.is_ours(&one.tags) && one.name != "default");
    held.extend(others.map(|one| format!("security group {}", one.id)));
    if held.is_empty() {
        return Ok(None);
    }
    let more = held.len().saturating_sub(NAMED);
    held.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Ok(Some(format!("{}{more}", held.join(", "))))
}
