use std::collections::BTreeSet;

use super::{Id, ListenerAction, Peer, Rule, Spec};

fn peers<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Vec<&'a Id> {
    rules
        .into_iter()
        .filter_map(|rule| match &rule.peer {
            Peer::Group(group) => Some(group),
            _ => None,
        })
        .collect()
}

impl Spec {
    /// The resources that it refers to. A resource may need others without referring to them.
    pub fn refs(&self) -> BTreeSet<&Id> {
        let refs: Vec<&Id> = match self {
            Self::Vpc(_) | Self::Address(_) | Self::Role(_) => vec![],
            Self::DefaultSecurityGroup(spec) => {
                let rules = spec.ingress.iter().chain(&spec.egress);
                [vec![&spec.vpc], peers(rules)].concat()
            }
            Self::Subnet(spec) => vec![&spec.vpc],
            Self::InternetGateway(spec) => spec.vpc.iter().collect(),
            Self::NatGateway(spec) => spec.address.iter().chain([&spec.subnet]).collect(),
            Self::RouteTable(spec) => spec.subnets.iter().chain([&spec.vpc]).collect(),
            Self::Route(spec) => vec![&spec.table, &spec.target],
            Self::SecurityGroup(spec) => vec![&spec.vpc],
            Self::SecurityGroupRules(spec) => {
                let rules = spec.ingress.iter().chain(&spec.egress);
                [vec![&spec.group], peers(rules)].concat()
            }
            Self::VpcEndpoint(spec) => spec.route_tables.iter().chain([&spec.vpc]).collect(),
            Self::FlowLog(spec) => vec![&spec.vpc, &spec.bucket],
            Self::LoadBalancer(spec) => {
                spec.subnets.iter().chain(&spec.security_groups).chain(&spec.logs).collect()
            }
            Self::TargetGroup(spec) => vec![&spec.vpc],
            Self::Listener(spec) => match &spec.action {
                ListenerAction::Forward(group) => vec![&spec.load_balancer, group],
                _ => vec![&spec.load_balancer],
            },
            Self::InstanceProfile(spec) => spec.role.iter().collect(),
            Self::LaunchTemplate(spec) => {
                spec.security_groups.iter().chain([&spec.instance_profile]).collect()
            }
            Self::AutoScalingGroup(spec) => spec
                .subnets
                .iter()
                .chain(&spec.target_groups)
                .chain([&spec.launch_template])
                .collect(),
            Self::ScalingPolicy(spec) => vec![&spec.group],
            Self::DbSubnetGroup(spec) => spec.subnets.iter().collect(),
            Self::DbCluster(spec) => {
                spec.security_groups.iter().chain([&spec.subnet_group]).collect()
            }
            Self::Bucket(spec) => spec.logging.iter().map(|(bucket, _)| bucket).collect(),
        };
        refs.into_iter().collect()
    }
}
