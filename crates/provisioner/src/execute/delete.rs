use std::collections::BTreeSet;

use super::context::At;
use super::{bucket, database, groups};
use crate::caller::{Fault, Patience};
use crate::topology::{Kind, ROLE_POLICY};
use skyward_aws::{
    ApiError, Class, DbClusterChanges, DeleteAutoScalingGroup, DeleteDBCluster,
    DeleteDBSubnetGroup, DeleteFlowLogs, DeleteInstanceProfile, DeleteInternetGateway,
    DeleteLaunchTemplate, DeleteListener, DeleteLoadBalancer, DeleteNatGateway, DeletePolicy,
    DeleteRole, DeleteRolePolicy, DeleteRoute, DeleteRouteTable, DeleteSecurityGroup, DeleteSubnet,
    DeleteTargetGroup, DeleteVpc, DeleteVpcEndpoints, DescribeAutoScalingGroups,
    DescribeInternetGateways, DescribeLoadBalancers, DescribeRouteTables, DetachInternetGateway,
    DetachRolePolicy, DisassociateRouteTable, GetInstanceProfile, ListAttachedRolePolicies,
    ModifyDBCluster, ModifyLoadBalancerAttributes, ReleaseAddress, RemoveRoleFromInstanceProfile,
    Select,
};

/// Deletes what the step names, and waits until it is gone.
pub(super) async fn delete(at: &At<'_>) -> Result<(), Fault> {
    let caller = at.run.caller;
    let name = at.step.physical.clone().unwrap_or_default();
    match at.step.kind {
        Kind::Vpc => caller.delete(DeleteVpc { vpc: name }).await,
        // It goes with its VPC.
        Kind::DefaultSecurityGroup => Ok(()),
        Kind::Subnet => caller.delete(DeleteSubnet { subnet: name }).await,
        Kind::InternetGateway => internet_gateway(at, &name).await,
        Kind::Address => caller.delete(ReleaseAddress { allocation: name }).await,
        Kind::NatGateway => nat_gateway(at, &name).await,
        Kind::RouteTable => route_table(at, &name).await,
        Kind::Route => {
            let (table, destination) = name.split_once(' ').unwrap_or_default();
            let (table, destination) = (table.to_owned(), destination.to_owned());
            caller.delete(DeleteRoute { table, destination }).await
        }
        Kind::SecurityGroup => caller.delete(DeleteSecurityGroup { group: name }).await,
        Kind::SecurityGroupRules => groups::revoke_all(at, &name).await,
        Kind::VpcEndpoint => endpoint(at, &name).await,
        Kind::FlowLog => caller.delete(DeleteFlowLogs { flow_log: name }).await,
        Kind::LoadBalancer => load_balancer(at, &name).await,
        Kind::TargetGroup => caller.delete(DeleteTargetGroup { target_group: name }).await,
        Kind::Listener => caller.delete(DeleteListener { listener: name }).await,
        Kind::Role => role(at, &name).await,
        Kind::InstanceProfile => profile(at, &name).await,
        Kind::LaunchTemplate => caller.delete(DeleteLaunchTemplate { template: name }).await,
        Kind::AutoScalingGroup => auto_scaling_group(at, &name).await,
        Kind::ScalingPolicy => {
            let group = at.run.names.auto_scaling_group();
            caller.delete(DeletePolicy { name: group, policy: name }).await
        }
        Kind::DbSubnetGroup => caller.delete(DeleteDBSubnetGroup { name }).await,
        Kind::DbCluster => db_cluster(at, &name).await,
        Kind::Bucket => bucket::delete(at, &name).await,
    }?;
    let is_kept = at.run.observed.found.get(at.id());
    if is_kept.is_some_and(|found| Some(&found.physical) == at.step.physical.as_ref()) {
        at.run.forget(at.id());
    }
    Ok(())
}

async fn internet_gateway(at: &At<'_>, gateway: &str) -> Result<(), Fault> {
    let caller = at.run.caller;
    let select = Select::Ids(vec![gateway.to_owned()]);
    let found = caller.list(DescribeInternetGateways { select, page: None }).await?;
    let mut vpcs: BTreeSet<String> = found.into_iter().filter_map(|gateway| gateway.vpc).collect();
    vpcs.extend(at.run.physical(&"vpc".into()).ok());
    for vpc in vpcs {
        loop {
            let call = DetachInternetGateway { gateway: gateway.to_owned(), vpc: vpc.clone() };
            let patience = Patience { not_yet: std::time::Duration::ZERO, ..Patience::DELETE };
            match caller.send(call, patience).await {
                Ok(()) => break,
                Err(Fault::Api(error)) if is_detached(&error) => break,
                // Addresses are still mapped.
                Err(fault) if fault.class() == Some(Class::NotYet) => {
                    at.pause("waiting until no address is mapped").await?;
                }
                Err(fault) => return Err(fault),
            }
        }
    }
    caller.delete(DeleteInternetGateway { gateway: gateway.to_owned() }).await
}

/// It is not attached to that VPC, or not there at all.
fn is_detached(error: &ApiError) -> bool {
    error.class() == Class::NotFound
        || matches!(error.code.as_str(), "Gateway.NotAttached" | "InvalidParameterValue")
}

async fn nat_gateway(at: &At<'_>, gateway: &str) -> Result<(), Fault> {
    at.run.caller.delete(DeleteNatGateway { gateway: gateway.to_owned() }).await?;
    loop {
        let nats = at.run.nats().await?;
        match nats.iter().find(|nat| nat.id == gateway).map(|nat| nat.state.as_str()) {
            None | Some("deleted" | "failed") => return Ok(()),
            Some(state) => at.pause(state).await?,
        }
    }
}

async fn route_table(at: &At<'_>, table: &str) -> Result<(), Fault> {
    let caller = at.run.caller;
    loop {
        let select = Select::Ids(vec![table.to_owned()]);
        let found = caller.list(DescribeRouteTables { select, page: None }).await?;
        for association in found.into_iter().flat_map(|table| table.associations) {
            let call = DisassociateRouteTable { association: association.id };
            caller.delete(call).await?;
        }
        let patience = Patience { not_yet: std::time::Duration::ZERO, ..Patience::DELETE };
        match caller.send(DeleteRouteTable { table: table.to_owned() }, patience).await {
            Ok(()) => return Ok(()),
            Err(fault) if fault.class() == Some(Class::NotFound) => return Ok(()),
            // An association that the look did not see.
            Err(fault) if fault.class() == Some(Class::NotYet) => at.pause("in use").await?,
            Err(fault) => return Err(fault),
        }
    }
}

async fn endpoint(at: &At<'_>, endpoint: &str) -> Result<(), Fault> {
    at.run.caller.delete(DeleteVpcEndpoints { endpoint: endpoint.to_owned() }).await?;
    loop {
        let all = at.run.endpoints().await?;
        match all.iter().find(|one| one.id == endpoint).map(|one| one.state.as_str()) {
            None | Some("deleted") => return Ok(()),
            Some(state) => at.pause(state).await?,
        }
    }
}

async fn load_balancer(at: &At<'_>, arn: &str) -> Result<(), Fault> {
    let caller = at.run.caller;
    let attributes = [("deletion_protection.enabled".to_owned(), "false".to_owned())].into();
    let load_balancer = arn.to_owned();
    let call = ModifyLoadBalancerAttributes { load_balancer: load_balancer.clone(), attributes };
    caller.delete(call).await?;
    caller.delete(DeleteLoadBalancer { load_balancer }).await?;
    let name = at.run.names.load_balancer();
    while let Some(found) = caller.find(DescribeLoadBalancers { name: name.clone() }).await? {
        if found.iter().all(|balancer| balancer.arn != arn) {
            break;
        }
        at.pause("deleting").await?;
    }
    Ok(())
}

async fn role(at: &At<'_>, name: &str) -> Result<(), Fault> {
    let (caller, role) = (at.run.caller, name.to_owned());
    let call = ListAttachedRolePolicies { role: role.clone() };
    for arn in caller.find(call).await?.unwrap_or_default() {
        caller.delete(DetachRolePolicy { role: role.clone(), arn }).await?;
    }
    let policy = ROLE_POLICY.to_owned();
    caller.delete(DeleteRolePolicy { role: role.clone(), policy }).await?;
    caller.delete(DeleteRole { name: role }).await
}

async fn profile(at: &At<'_>, name: &str) -> Result<(), Fault> {
    let caller = at.run.caller;
    let found = caller.find(GetInstanceProfile { name: name.to_owned() }).await?;
    // What was added a moment ago may not be seen: it has the one role, or none.
    let role = found.and_then(|profile| profile.role).unwrap_or_else(|| at.run.names.role());
    let call = RemoveRoleFromInstanceProfile { profile: name.to_owned(), role };
    caller.delete(call).await?;
    caller.delete(DeleteInstanceProfile { name: name.to_owned() }).await
}

async fn auto_scaling_group(at: &At<'_>, name: &str) -> Result<(), Fault> {
    let caller = at.run.caller;
    let call = DeleteAutoScalingGroup { name: name.to_owned(), force: true };
    match caller.delete(call).await {
        // There is none of the name.
        Err(Fault::Api(error)) if error.code == "ValidationError" => {}
        result => result?,
    }
    loop {
        let call = DescribeAutoScalingGroups { name: name.to_owned() };
        let found = caller.find(call).await?.unwrap_or_default();
        let Some(group) = found.into_iter().next() else { return Ok(()) };
        at.pause(&format!("{} instances are left", group.instances.len())).await?;
    }
}

async fn db_cluster(at: &At<'_>, name: &str) -> Result<(), Fault> {
    let (caller, settings) = (at.run.caller, at.run.settings);
    loop {
        let Some(cluster) = database::find(at, name).await? else { return Ok(()) };
        if cluster.status == "deleting" {
            break;
        }
        // It can be changed and deleted only between its other states.
        let patience = Patience { not_yet: std::time::Duration::ZERO, ..Patience::DELETE };
        let result = if cluster.deletion_protection {
            at.progress("lifting the protection against deletion");
            let changes =
                DbClusterChanges { deletion_protection: Some(false), ..Default::default() };
            caller.send(ModifyDBCluster { name: name.to_owned(), changes }, patience).await
        } else {
            let stamp = settings.now.strftime("%Y%m%d-%H%M%S");
            let final_snapshot = settings.has_final_snapshot.then(|| format!("{name}-{stamp}"));
            let call = DeleteDBCluster { name: name.to_owned(), final_snapshot };
            match caller.send(call, patience).await {
                Ok(()) => break,
                Err(fault) => Err(fault),
            }
        };
        match result {
            Ok(()) => at.pause(&cluster.status).await?,
            Err(fault) if fault.class() == Some(Class::NotFound) => return Ok(()),
            Err(fault) if fault.class() == Some(Class::NotYet) => at.pause(&cluster.status).await?,
            // The protection is lifted, and what is seen of it is older.
            Err(Fault::Api(error)) if error.code == "InvalidParameterCombination" => {
                at.pause(&cluster.status).await?;
            }
            Err(fault) => return Err(fault),
        }
    }
    while let Some(cluster) = database::find(at, name).await? {
        at.pause(&cluster.status).await?;
    }
    Ok(())
}
