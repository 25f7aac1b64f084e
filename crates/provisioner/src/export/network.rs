use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::reference::{attribute, reference, references};
use super::{Template, logical, zone_parameter};
use crate::topology::{
    FlowLog, Id, NatGateway, Peer, Resource, Route, RouteTable, Rule, SecurityGroup,
    SecurityGroupRules, Spec, Subnet, VpcEndpoint,
};

/// The name of the internet gateway's attachment.
pub(super) const ATTACHMENT: &str = "InternetGatewayAttachment";

impl Template<'_> {
    /// Adds what a resource is in CloudFormation: one, several or none.
    pub(super) fn resource(&mut self, Resource { id, spec, .. }: &Resource) {
        match spec {
            Spec::Vpc(vpc) => {
                let properties = json!({
                    "CidrBlock": vpc.network,
                    "EnableDnsSupport": vpc.dns_support,
                    "EnableDnsHostnames": vpc.dns_hostnames,
                    "Tags": self.tags(id),
                });
                self.add(&logical(id), "AWS::EC2::VPC", properties);
            }
            // Its rules are added with the group that they belong to.
            Spec::DefaultSecurityGroup(_) | Spec::SecurityGroupRules(_) => {}
            Spec::Subnet(subnet) => self.subnet(id, subnet),
            Spec::InternetGateway(gateway) => self.internet_gateway(id, gateway.vpc.as_ref()),
            Spec::Address(_) => {
                let properties = json!({ "Domain": "vpc", "Tags": self.tags(id) });
                let address = self.add(&logical(id), "AWS::EC2::EIP", properties);
                address["DependsOn"] = json!(ATTACHMENT);
            }
            Spec::NatGateway(gateway) => self.nat_gateway(id, gateway),
            Spec::RouteTable(table) => self.route_table(id, table),
            Spec::Route(route) => self.route(id, route),
            Spec::SecurityGroup(group) => self.security_group(id, group),
            Spec::VpcEndpoint(endpoint) => self.vpc_endpoint(id, endpoint),
            Spec::FlowLog(log) => self.flow_log(id, log),
            Spec::LoadBalancer(balancer) => self.load_balancer(id, balancer),
            Spec::TargetGroup(group) => self.target_group(id, group),
            Spec::Listener(listener) => self.listener(id, listener),
            Spec::Role(role) => self.role(id, role),
            Spec::InstanceProfile(profile) => self.instance_profile(id, profile),
            Spec::LaunchTemplate(template) => self.launch_template(id, template),
            Spec::AutoScalingGroup(group) => self.auto_scaling_group(id, group),
            Spec::ScalingPolicy(policy) => self.scaling_policy(id, policy),
            Spec::DbSubnetGroup(group) => self.db_subnet_group(id, group),
            Spec::DbCluster(cluster) => self.db_cluster(id, cluster),
            Spec::Bucket(bucket) => self.bucket(id, bucket),
        }
    }

    fn subnet(&mut self, id: &Id, subnet: &Subnet) {
        let properties = json!({
            "VpcId": reference(&subnet.vpc),
            "CidrBlock": subnet.network,
            "AvailabilityZone": { "Ref": zone_parameter(id) },
            "MapPublicIpOnLaunch": subnet.public_addresses,
            "Tags": self.tags(id),
        });
        self.add(&logical(id), "AWS::EC2::Subnet", properties);
    }

    fn internet_gateway(&mut self, id: &Id, vpc: Option<&Id>) {
        let tags = self.tags(id);
        self.add(&logical(id), "AWS::EC2::InternetGateway", json!({ "Tags": tags }));
        if let Some(vpc) = vpc {
            let properties = json!({ "VpcId": reference(vpc), "InternetGatewayId": reference(id) });
            self.add(ATTACHMENT, "AWS::EC2::VPCGatewayAttachment", properties);
        }
    }

    fn nat_gateway(&mut self, id: &Id, gateway: &NatGateway) {
        let mut properties =
            json!({ "SubnetId": reference(&gateway.subnet), "Tags": self.tags(id) });
        if let Some(address) = &gateway.address {
            properties["AllocationId"] = attribute(address, "AllocationId");
        }
        let gateway = self.add(&logical(id), "AWS::EC2::NatGateway", properties);
        gateway["DependsOn"] = json!(ATTACHMENT);
    }

    fn route_table(&mut self, id: &Id, table: &RouteTable) {
        let properties = json!({ "VpcId": reference(&table.vpc), "Tags": self.tags(id) });
        self.add(&logical(id), "AWS::EC2::RouteTable", properties);
        for subnet in &table.subnets {
            let properties =
                json!({ "RouteTableId": reference(id), "SubnetId": reference(subnet) });
            let name = association(subnet);
            self.add(&name, "AWS::EC2::SubnetRouteTableAssociation", properties);
        }
    }

    /// The associations of these tables: what waits for a route waits for its table's subnets too.
    fn associations<'a>(&self, tables: impl IntoIterator<Item = &'a Id>) -> Vec<String> {
        let mut names = Vec::new();
        for table in tables {
            if let Some(Spec::RouteTable(table)) = self.topology.get(table).map(|found| &found.spec)
            {
                names.extend(table.subnets.iter().map(association));
            }
        }
        names
    }

    fn route(&mut self, id: &Id, route: &Route) {
        let target = self.topology.get(&route.target).map(|resource| &resource.spec);
        let is_internet = matches!(target, Some(Spec::InternetGateway(_)));
        let by = if is_internet { "GatewayId" } else { "NatGatewayId" };
        let properties = json!({
            "RouteTableId": reference(&route.table),
            "DestinationCidrBlock": route.destination,
            by: reference(&route.target),
        });
        let mut first = self.associations([&route.table]);
        first.extend(is_internet.then(|| ATTACHMENT.to_owned()));
        self.add(&logical(id), "AWS::EC2::Route", properties)["DependsOn"] = json!(first);
    }

    /// A group with the rules for networks; those that refer to other groups are resources of their own, because groups may
    /// refer to each other.
    fn security_group(&mut self, id: &Id, group: &SecurityGroup) {
        let rules = self.topology.resources.iter().find_map(|resource| match &resource.spec {
            Spec::SecurityGroupRules(rules) if rules.group == *id => Some(rules),
            _ => None,
        });
        let (ingress, egress) = rules
            .map_or_else(Default::default, |SecurityGroupRules { ingress, egress, .. }| {
                (ingress.clone(), egress.clone())
            });
        let mut inside = networks(&egress);
        if inside.is_empty() {
            // A group that is given none is open to everywhere: this one leads nowhere.
            inside.push(json!({
                "IpProtocol": "-1",
                "CidrIp": "127.0.0.1/32",
                "Description": "instead of the rule that allows everything",
            }));
        }
        let mut properties = json!({
            "GroupName": group.name,
            "GroupDescription": group.description,
            "VpcId": reference(&group.vpc),
            "SecurityGroupEgress": inside,
            "Tags": self.tags(id),
        });
        let inside = networks(&ingress);
        if !inside.is_empty() {
            properties["SecurityGroupIngress"] = json!(inside);
        }
        self.add(&logical(id), "AWS::EC2::SecurityGroup", properties);
        self.rules_by_group(id, &ingress, "Ingress", "SourceSecurityGroupId");
        self.rules_by_group(id, &egress, "Egress", "DestinationSecurityGroupId");
    }

    fn rules_by_group(&mut self, id: &Id, rules: &BTreeSet<Rule>, way: &str, peer_is: &str) {
        for rule in rules {
            if let Peer::Group(peer) = &rule.peer {
                let mut properties = ports(rule);
                properties["GroupId"] = attribute(id, "GroupId");
                properties[peer_is] = attribute(peer, "GroupId");
                let port = rule.ports.map_or_else(String::new, |(first, _)| first.to_string());
                let name = format!("{}{way}{}{port}", logical(id), logical(peer));
                self.add(&name, &format!("AWS::EC2::SecurityGroup{way}"), properties);
            }
        }
    }

    fn vpc_endpoint(&mut self, id: &Id, endpoint: &VpcEndpoint) {
        let properties = json!({
            "VpcId": reference(&endpoint.vpc),
            "VpcEndpointType": "Gateway",
            "ServiceName": { "Fn::Sub": endpoint.service.replace(&self.topology.region, "${AWS::Region}") },
            "RouteTableIds": references(&endpoint.route_tables),
            "Tags": self.tags(id),
        });
        let first = self.associations(&endpoint.route_tables);
        self.add(&logical(id), "AWS::EC2::VPCEndpoint", properties)["DependsOn"] = json!(first);
    }

    fn flow_log(&mut self, id: &Id, log: &FlowLog) {
        let properties = json!({
            "ResourceId": reference(&log.vpc),
            "ResourceType": "VPC",
            "TrafficType": log.traffic,
            "LogDestinationType": "s3",
            "LogDestination": attribute(&log.bucket, "Arn"),
            "Tags": self.tags(id),
        });
        let policy = format!("{}Policy", logical(&log.bucket));
        self.add(&logical(id), "AWS::EC2::FlowLog", properties)["DependsOn"] = json!(policy);
    }
}

/// The name of a subnet's association with its table.
fn association(subnet: &Id) -> String {
    format!("{}Association", logical(subnet))
}

/// The rules for networks and prefix lists.
fn networks(rules: &BTreeSet<Rule>) -> Vec<Value> {
    let mut found = Vec::new();
    for rule in rules {
        let (name, peer) = match &rule.peer {
            Peer::Network(network) => ("CidrIp", network),
            Peer::PrefixList(list) => ("DestinationPrefixListId", list),
            Peer::Group(_) => continue,
        };
        let mut properties = ports(rule);
        properties[name] = json!(peer);
        found.push(properties);
    }
    found
}

fn ports(rule: &Rule) -> Value {
    let mut properties = json!({ "IpProtocol": rule.protocol, "Description": rule.description });
    if let Some((first, last)) = rule.ports {
        properties["FromPort"] = json!(first);
        properties["ToPort"] = json!(last);
    }
    properties
}
