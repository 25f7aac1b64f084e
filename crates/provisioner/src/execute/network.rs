use std::time::Duration;

use tokio::time::Instant;

use super::context::{At, Run};
use super::unique::{self, Unique};
use super::{refresh, tags};
use crate::caller::{Fault, Patience};
use crate::observe;
use crate::topology::{FlowLog, RESOURCE_TAG, Subnet, Vpc};
use skyward_aws::model::{self, VpcAttribute};
use skyward_aws::{
    Class, CreateFlowLogs, CreateSubnet, CreateVpc, DeleteVpc, DescribeFlowLogs, DescribeSubnets,
    DescribeVpcs, ModifySubnetAttribute, ModifyVpcAttribute, Select,
};

struct Vpcs<'a> {
    at: &'a At<'a>,
    network: &'a str,
}

impl Unique for Vpcs<'_> {
    /// With how many subnets are in it.
    type Item = (model::Vpc, Vec<model::Subnet>);

    async fn list(&self) -> Result<Vec<Self::Item>, Fault> {
        let run = self.at.run;
        let vpcs = run.caller.list(DescribeVpcs { select: run.select(), page: None }).await?;
        let subnets = if vpcs.len() > 1 { run.subnets().await?.to_vec() } else { Vec::new() };
        let inside = |vpc: &model::Vpc| {
            subnets.iter().filter(|subnet| subnet.vpc == vpc.id).cloned().collect()
        };
        Ok(vpcs.into_iter().map(|vpc| (vpc.clone(), inside(&vpc))).collect())
    }

    async fn create(&self) -> Result<String, Fault> {
        let call = CreateVpc { cidr: self.network.to_owned(), tags: self.at.tags() };
        Ok(self.at.run.caller.send(call, Patience::ONCE).await?.id)
    }

    fn choose<'a>(&self, items: &'a [Self::Item]) -> Option<&'a Self::Item> {
        let vpcs: Vec<model::Vpc> = items.iter().map(|(vpc, _)| vpc.clone()).collect();
        let subnets: Vec<model::Subnet> =
            items.iter().flat_map(|(_, inside)| inside.clone()).collect();
        let kept = observe::choose_vpc(&vpcs, &subnets)?;
        items.iter().find(|(vpc, _)| vpc.id == kept.id)
    }

    fn id((vpc, _): &Self::Item) -> &str {
        &vpc.id
    }

    async fn delete(&self, vpc: String) -> Result<(), Fault> {
        self.at.run.caller.delete(DeleteVpc { vpc }).await
    }
}

/// The VPC.
pub(super) async fn vpc(at: &At<'_>, spec: &Vpc) -> Result<(), Fault> {
    let caller = at.run.caller;
    let existing = at.existing();
    let vpc = if let Some(vpc) = &existing {
        vpc.clone()
    } else {
        let (vpc, _) = unique::ensure(at, &Vpcs { at, network: &spec.network }).await?;
        if vpc.cidr != spec.network {
            return Err(Fault::Failed(format!(
                "{} was made meanwhile with the network {} instead of {}",
                vpc.id, vpc.cidr, spec.network
            )));
        }
        vpc.id
    };
    at.run.remember(at.id(), &vpc);
    while !is_available(at.run, &vpc).await? {
        at.pause("pending").await?;
    }
    // What is in it does not wait for its settings.
    (at.made)();
    for (attribute, field, value) in [
        (VpcAttribute::DnsSupport, "dns_support", spec.dns_support),
        (VpcAttribute::DnsHostnames, "dns_hostnames", spec.dns_hostnames),
    ] {
        if existing.is_none() || at.differs(field) {
            caller.change(ModifyVpcAttribute { vpc: vpc.clone(), attribute, value }).await?;
        }
    }
    tags::update(at, &vpc).await
}

async fn is_available(run: &Run<'_>, vpc: &str) -> Result<bool, Fault> {
    let select = Select::Ids(vec![vpc.to_owned()]);
    let found = run.caller.list(DescribeVpcs { select, page: None }).await?;
    Ok(found.iter().any(|found| found.state == "available"))
}

/// A subnet. Its network is its name: no two subnets of a VPC have the same.
pub(super) async fn subnet(at: &At<'_>, spec: &Subnet) -> Result<(), Fault> {
    let run = at.run;
    let existing = at.existing();
    let subnet = if let Some(subnet) = &existing {
        subnet.clone()
    } else {
        let vpc = run.physical(&spec.vpc)?;
        let (cidr, zone, tags) = (spec.network.clone(), spec.zone.clone(), at.tags());
        let call = CreateSubnet { vpc: vpc.clone(), cidr, zone, tags };
        match run.caller.change(call).await {
            Ok(subnet) => subnet.id,
            Err(fault) if fault.class() == Some(Class::Exists) => {
                conflicting(at, &vpc, spec).await?
            }
            Err(fault) => return Err(fault),
        }
    };
    run.remember(at.id(), &subnet);
    loop {
        let subnets = run.subnets().await?;
        if subnets.iter().any(|one| one.id == subnet && one.state == "available") {
            break;
        }
        at.pause("pending").await?;
    }
    if at.differs("public_addresses") || (existing.is_none() && spec.public_addresses) {
        let public_addresses = spec.public_addresses;
        let call = ModifySubnetAttribute { subnet: subnet.clone(), public_addresses };
        run.caller.change(call).await?;
    }
    tags::update(at, &subnet).await
}

/// Who has the network that the subnet was to have.
async fn conflicting(at: &At<'_>, vpc: &str, spec: &Subnet) -> Result<String, Fault> {
    let run = at.run;
    loop {
        let select = Select::Vpc(vpc.to_owned());
        let found = run.caller.list(DescribeSubnets { select, page: None }).await?;
        let same = found.iter().find(|subnet| subnet.cidr == spec.network);
        if let Some(subnet) = same.filter(|subnet| run.is_ours(&subnet.tags)) {
            run.adopted();
            return Ok(subnet.id.clone());
        }
        // One that overlaps; or one that cannot be seen yet.
        if at.begun.elapsed() > run.settings.settle * 2 {
            let others: Vec<&str> = found
                .iter()
                .filter(|subnet| !run.is_ours(&subnet.tags))
                .map(|subnet| subnet.id.as_str())
                .collect();
            return Err(Fault::Foreign {
                what: format!("subnet that overlaps {}:", spec.network),
                name: others.join(", "),
            });
        }
        refresh::soon(at).await?;
    }
}

/// What the network records, in the bucket for logs.
pub(super) async fn flow_log(at: &At<'_>, spec: &FlowLog) -> Result<(), Fault> {
    let run = at.run;
    if let Some(log) = at.existing() {
        return tags::update(at, &log).await;
    }
    let (vpc, bucket) = (run.physical(&spec.vpc)?, run.physical(&spec.bucket)?);
    for attempt in 0..3 {
        let replaced = at.step.physical.as_deref().unwrap_or_default();
        let call = CreateFlowLogs {
            vpc: vpc.clone(),
            destination: format!("arn:aws:s3:::{bucket}"),
            traffic: spec.traffic.clone(),
            client_token: run.names.client_token(at.id(), &format!("{vpc} {replaced} {attempt}")),
            tags: at.tags(),
        };
        match run.caller.change(call).await {
            Ok(_) => {}
            Err(fault) if fault.class() == Some(Class::Exists) => run.adopted(),
            Err(fault) => return Err(fault),
        }
        // An old token tells of a flow log that was deleted since: then there is none to be seen.
        if let Some(log) = seen_flow_log(at, &vpc).await? {
            run.remember(at.id(), &log);
            return Ok(());
        }
    }
    Err(Fault::Failed(format!("{} was made and cannot be seen", at.id())))
}

async fn seen_flow_log(at: &At<'_>, vpc: &str) -> Result<Option<String>, Fault> {
    let asked = Instant::now();
    while asked.elapsed() <= at.run.settings.settle {
        let call = DescribeFlowLogs { select: at.run.select(), page: None };
        let logs = at.run.caller.list(call).await?;
        let is_it = |log: &&model::FlowLog| {
            log.resource == vpc
                && log.tags.get(RESOURCE_TAG).is_some_and(|id| id == at.id().as_str())
        };
        if let Some(log) = logs.iter().find(is_it) {
            return Ok(Some(log.id.clone()));
        }
        at.run.caller.sleep(Duration::from_secs(1)).await?;
    }
    Ok(None)
}
