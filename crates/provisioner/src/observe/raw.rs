use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use crate::caller::{Caller, Fault, Patience};
use crate::topology::{Names, STACK_TAG};
use skyward_aws::model::{
    Address, Attributes, AutoScalingGroup, BucketPart, BucketSetting, DbCluster, DbSubnetGroup,
    FlowLog, InstanceProfile, InternetGateway, LaunchTemplate, LaunchTemplateData, Listener,
    LoadBalancer, NatGateway, Role, RouteTable, ScalingPolicy, SecurityGroup, Subnet, Tags,
    TargetGroup, TargetHealth, Vpc, VpcAttribute, VpcEndpoint,
};
#[allow(clippy::wildcard_imports, reason = "it asks for nearly everything that can be asked")]
use skyward_aws::*;

/// What the account says, before it is made sense of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Raw {
    pub(super) vpcs: Vec<Vpc>,
    /// DNS support and DNS names, by VPC.
    pub(super) dns: BTreeMap<String, (bool, bool)>,
    pub(super) subnets: Vec<Subnet>,
    pub(super) gateways: Vec<InternetGateway>,
    pub(super) addresses: Vec<Address>,
    pub(super) nats: Vec<NatGateway>,
    pub(super) tables: Vec<RouteTable>,
    /// Those of the stack, and all others in its VPCs.
    pub(super) groups: Vec<SecurityGroup>,
    pub(super) endpoints: Vec<VpcEndpoint>,
    pub(super) flow_logs: Vec<FlowLog>,
    pub(super) load_balancer: Option<(LoadBalancer, Attributes, Tags)>,
    pub(super) listeners: Vec<(Listener, Tags)>,
    pub(super) target_group: Option<(TargetGroup, Attributes, Tags)>,
    pub(super) health: Vec<TargetHealth>,
    pub(super) template: Option<(LaunchTemplate, LaunchTemplateData)>,
    pub(super) scaling: Option<AutoScalingGroup>,
    pub(super) policies: Vec<ScalingPolicy>,
    pub(super) db_group: Option<(DbSubnetGroup, Tags)>,
    pub(super) cluster: Option<DbCluster>,
    pub(super) role: Option<RawRole>,
    pub(super) profile: Option<InstanceProfile>,
    /// By the part of their name: `assets`, `logs`.
    pub(super) buckets: BTreeMap<&'static str, RawBucket>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawRole {
    pub(super) role: Role,
    pub(super) policies: BTreeMap<String, serde_json::Value>,
    pub(super) managed: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawBucket {
    /// It is there and someone else's.
    Taken,
    /// Each part that is set.
    Ours(BTreeMap<BucketPart, BucketSetting>),
}

/// The parts of a bucket's configuration.
pub(crate) const PARTS: [BucketPart; 8] = [
    BucketPart::Tagging,
    BucketPart::PublicAccessBlock,
    BucketPart::OwnershipControls,
    BucketPart::Encryption,
    BucketPart::Versioning,
    BucketPart::Policy,
    BucketPart::Lifecycle,
    BucketPart::Logging,
];

/// Asks for everything at once, and gathers what could not be answered.
struct Asker<'a, 'b> {
    caller: &'a Caller<'b>,
    names: &'a Names,
    stack: &'a str,
    faults: RefCell<Vec<Fault>>,
}

impl Asker<'_, '_> {
    /// The answer; where there is none, nothing, and the reason is kept.
    async fn ask<T: Default>(&self, answer: impl Future<Output = Result<T, Fault>>) -> T {
        answer.await.unwrap_or_else(|fault| {
            self.faults.borrow_mut().push(fault);
            T::default()
        })
    }

    fn stack(&self) -> Select {
        Select::Stack(self.stack.to_owned())
    }

    fn is_ours(&self, tags: &Tags) -> bool {
        tags.get(STACK_TAG).is_some_and(|stack| stack == self.stack)
    }
}

/// Asks for what there is of a stack. The number of calls does not depend on how much that is.
pub(super) async fn gather(
    caller: &Caller<'_>,
    names: &Names,
    stack: &str,
) -> Result<Raw, Vec<Fault>> {
    let asker = Asker { caller, names, stack, faults: RefCell::default() };
    let (mut network, balancer, instances, database, identity, buckets) = tokio::join!(
        Box::pin(network(&asker)),
        Box::pin(balancer(&asker)),
        Box::pin(instances(&asker)),
        Box::pin(database(&asker)),
        Box::pin(identity(&asker)),
        Box::pin(buckets(&asker)),
    );
    network.load_balancer = balancer.load_balancer;
    network.listeners = balancer.listeners;
    network.target_group = balancer.target_group;
    network.health = balancer.health;
    network.template = instances.template;
    network.scaling = instances.scaling;
    network.policies = instances.policies;
    network.db_group = database.db_group;
    network.cluster = database.cluster;
    network.role = identity.role;
    network.profile = identity.profile;
    network.buckets = buckets;
    let mut faults = asker.faults.into_inner();
    faults.dedup();
    if faults.is_empty() { Ok(network) } else { Err(faults) }
}

async fn network(asker: &Asker<'_, '_>) -> Raw {
    let caller = asker.caller;
    let (select, page) = (|| asker.stack(), || None);
    let (vpcs, subnets, gateways, addresses, nats, tables, mut groups, endpoints, flow_logs) = tokio::join!(
        asker.ask(caller.list(DescribeVpcs { select: select(), page: page() })),
        asker.ask(caller.list(DescribeSubnets { select: select(), page: page() })),
        asker.ask(caller.list(DescribeInternetGateways { select: select(), page: page() })),
        asker.ask(caller.read(DescribeAddresses { select: select() })),
        asker.ask(caller.list(DescribeNatGateways { select: select(), page: page() })),
        asker.ask(caller.list(DescribeRouteTables { select: select(), page: page() })),
        asker.ask(caller.list(DescribeSecurityGroups { select: select(), page: page() })),
        asker.ask(caller.list(DescribeVpcEndpoints { select: select(), page: page() })),
        asker.ask(caller.list(DescribeFlowLogs { select: select(), page: page() })),
    );
    // There is one, but after an accident: then there are few.
    let mut dns = BTreeMap::new();
    for vpc in vpcs.iter().map(|vpc: &Vpc| vpc.id.clone()) {
        let attribute = |attribute| {
            let vpc = vpc.clone();
            asker.ask(async move {
                let call = DescribeVpcAttribute { vpc, attribute };
                // It was seen a moment ago: a call that does not see it is one to make again.
                let not_found = Duration::from_secs(5);
                let patience = Patience { not_found, ..Patience::READ };
                match caller.send(call, patience).await {
                    Err(fault) if fault.class() == Some(Class::NotFound) => Ok(false),
                    result => result,
                }
            })
        };
        let in_vpc = DescribeSecurityGroups { select: Select::Vpc(vpc.clone()), page: None };
        let (support, hostnames, others) = tokio::join!(
            attribute(VpcAttribute::DnsSupport),
            attribute(VpcAttribute::DnsHostnames),
            asker.ask(caller.list(in_vpc)),
        );
        dns.insert(vpc, (support, hostnames));
        for other in others {
            if !groups.iter().any(|group: &SecurityGroup| group.id == other.id) {
                groups.push(other);
            }
        }
    }
    Raw {
        vpcs,
        dns,
        subnets,
        gateways,
        addresses,
        nats,
        tables,
        groups,
        endpoints,
        flow_logs,
        ..Raw::default()
    }
}

async fn balancer(asker: &Asker<'_, '_>) -> Raw {
    let caller = asker.caller;
    let (name, group) = (asker.names.load_balancer(), asker.names.target_group());
    let (balancers, groups) = tokio::join!(
        asker.ask(caller.find(DescribeLoadBalancers { name })),
        asker.ask(caller.find(DescribeTargetGroups { name: group })),
    );
    let balancer = balancers.unwrap_or_default().into_iter().next();
    let group = groups.unwrap_or_default().into_iter().next();
    let of_balancer = async {
        let Some(LoadBalancer { arn, .. }) = &balancer else { return Default::default() };
        let attributes = DescribeLoadBalancerAttributes { load_balancer: arn.clone() };
        tokio::join!(asker.ask(caller.find(attributes)), asker.ask(listeners(caller, arn)),)
    };
    let of_group = async {
        let Some(TargetGroup { arn, .. }) = &group else { return Default::default() };
        tokio::join!(
            asker.ask(caller.find(DescribeTargetGroupAttributes { target_group: arn.clone() })),
            asker.ask(caller.find(DescribeTargetHealth { target_group: arn.clone() })),
        )
    };
    let ((attributes, listeners), (group_attributes, health)) = tokio::join!(of_balancer, of_group);
    // Each for itself: one that is gone meanwhile makes the call fail for all that it names.
    let names = listeners.iter().map(|listener| listener.arn.clone()).collect();
    let (balancer_tags, group_tags, listener_tags) = tokio::join!(
        tags(asker, balancer.iter().map(|balancer| balancer.arn.clone()).collect()),
        tags(asker, group.iter().map(|group| group.arn.clone()).collect()),
        tags(asker, names),
    );
    Raw {
        listeners: listeners
            .into_iter()
            .filter_map(|listener| {
                Some((listener.clone(), listener_tags.get(&listener.arn)?.clone()))
            })
            .collect(),
        load_balancer: balancer.and_then(|balancer| {
            let tags = balancer_tags.get(&balancer.arn)?.clone();
            Some((balancer, attributes.unwrap_or_default(), tags))
        }),
        target_group: group.and_then(|group| {
            let tags = group_tags.get(&group.arn)?.clone();
            Some((group, group_attributes.unwrap_or_default(), tags))
        }),
        health: health.unwrap_or_default(),
        ..Raw::default()
    }
}

async fn tags(asker: &Asker<'_, '_>, resources: Vec<String>) -> BTreeMap<String, Tags> {
    if resources.is_empty() {
        return BTreeMap::new();
    }
    asker.ask(asker.caller.find(DescribeElbTags { resources })).await.unwrap_or_default()
}

/// None of a load balancer that is not there any more, or not seen by this call yet.
async fn listeners(caller: &Caller<'_>, balancer: &str) -> Result<Vec<Listener>, Fault> {
    let call = DescribeListeners { load_balancer: balancer.to_owned(), page: None };
    match caller.list(call).await {
        Err(fault) if fault.class() == Some(Class::NotFound) => Ok(Vec::new()),
        result => result,
    }
}

async fn instances(asker: &Asker<'_, '_>) -> Raw {
    let caller = asker.caller;
    let template = async {
        let select = Select::Name(asker.names.launch_template());
        let call = DescribeLaunchTemplates { select, page: None };
        let found = asker.ask(caller.find(call)).await.map(|page| page.items).unwrap_or_default();
        let template = found.into_iter().next()?;
        let call = DescribeLaunchTemplateVersions {
            template: template.id.clone(),
            version: "$Latest".into(),
        };
        let versions = asker.ask(caller.find(call)).await.unwrap_or_default();
        let version = versions.into_iter().max_by_key(|version| version.version)?;
        Some((template, version.data))
    };
    let scaling = async {
        let name = asker.names.auto_scaling_group();
        let call = DescribeAutoScalingGroups { name: name.clone() };
        let group = asker.ask(caller.find(call)).await.unwrap_or_default().into_iter().next();
        let is_ours = group.as_ref().is_some_and(|group| asker.is_ours(&group.tags));
        let policies = if is_ours {
            asker.ask(caller.find(DescribePolicies { name })).await.unwrap_or_default()
        } else {
            Vec::new()
        };
        (group, policies)
    };
    let (template, (scaling, policies)) = tokio::join!(template, scaling);
    Raw { template, scaling, policies, ..Raw::default() }
}

async fn database(asker: &Asker<'_, '_>) -> Raw {
    let caller = asker.caller;
    let name = asker.names.database();
    let group = async {
        let found = asker.ask(caller.find(DescribeDBSubnetGroups { name: name.clone() })).await;
        let group = found.unwrap_or_default().into_iter().next()?;
        let tags = asker.ask(caller.find(ListRdsTags { arn: group.arn.clone() })).await?;
        Some((group, tags))
    };
    let cluster = asker.ask(caller.find(DescribeDBClusters { name: name.clone() }));
    let (db_group, clusters) = tokio::join!(group, cluster);
    let cluster = clusters.unwrap_or_default().into_iter().next();
    Raw { db_group, cluster, ..Raw::default() }
}

async fn identity(asker: &Asker<'_, '_>) -> Raw {
    let caller = asker.caller;
    let name = asker.names.role();
    let role = async {
        let role = asker.ask(caller.find(GetRole { name: name.clone() })).await?;
        if !asker.is_ours(&role.tags) {
            return Some(RawRole { role, policies: BTreeMap::new(), managed: BTreeSet::new() });
        }
        let policy = crate::topology::ROLE_POLICY;
        let call = GetRolePolicy { role: name.clone(), policy: policy.into() };
        let (document, managed) = tokio::join!(
            asker.ask(caller.find(call)),
            asker.ask(caller.find(ListAttachedRolePolicies { role: name.clone() })),
        );
        let policies = document.map(|document| (policy.to_owned(), document)).into_iter().collect();
        Some(RawRole { role, policies, managed: managed.unwrap_or_default() })
    };
    let profile = asker.ask(caller.find(GetInstanceProfile { name: name.clone() }));
    let (role, profile) = tokio::join!(role, profile);
    Raw { role, profile, ..Raw::default() }
}

async fn buckets(asker: &Asker<'_, '_>) -> BTreeMap<&'static str, RawBucket> {
    let found = ["assets", "logs"].map(|part| async move {
        let bucket = asker.names.bucket(part);
        let bucket = asker.ask(raw_bucket(asker.caller, &bucket)).await?;
        Some((part, bucket))
    });
    futures_util::future::join_all(found).await.into_iter().flatten().collect()
}

async fn raw_bucket(caller: &Caller<'_>, bucket: &str) -> Result<Option<RawBucket>, Fault> {
    match caller.find(HeadBucket { bucket: bucket.into() }).await {
        Ok(Some(())) => {}
        Ok(None) => return Ok(None),
        Err(fault) if fault.class() == Some(Class::Denied) => return Ok(Some(RawBucket::Taken)),
        Err(fault) => return Err(fault),
    }
    let settings = futures_util::future::try_join_all(PARTS.map(|part| async move {
        let call = GetBucketSetting { bucket: bucket.into(), part };
        Ok::<_, Fault>((part, caller.find(call).await?.flatten()))
    }))
    .await?;
    let settings = settings.into_iter().filter_map(|(part, setting)| Some((part, setting?)));
    Ok(Some(RawBucket::Ours(settings.collect())))
}
