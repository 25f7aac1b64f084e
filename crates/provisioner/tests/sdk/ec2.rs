//! EC2's requests, name by name and value by value, as the AWS SDK for Rust sends them.

use std::collections::BTreeSet;

use skyward_aws::model::{LaunchTemplateData, Peer, RouteTarget, Rule, Tags, Volume, VpcAttribute};
use skyward_aws::{
    AllocateAddress, AssociateRouteTable, AttachInternetGateway, AuthorizeSecurityGroupEgress,
    AuthorizeSecurityGroupIngress, CreateFlowLogs, CreateInternetGateway, CreateLaunchTemplate,
    CreateLaunchTemplateVersion, CreateNatGateway, CreateRoute, CreateRouteTable,
    CreateSecurityGroup, CreateSubnet, CreateTags, CreateVpc, CreateVpcEndpoint, DeleteFlowLogs,
    DeleteInternetGateway, DeleteLaunchTemplate, DeleteLaunchTemplateVersions, DeleteNatGateway,
    DeleteNetworkInterface, DeleteRoute, DeleteRouteTable, DeleteSecurityGroup, DeleteSubnet,
    DeleteTags, DeleteVpc, DeleteVpcEndpoints, DescribeAccountAttributes, DescribeAddresses,
    DescribeAvailabilityZones, DescribeFlowLogs, DescribeInstanceTypeOfferings,
    DescribeInstanceTypes, DescribeInstances, DescribeInternetGateways,
    DescribeLaunchTemplateVersions, DescribeLaunchTemplates, DescribeNatGateways,
    DescribeNetworkInterfaces, DescribeRouteTables, DescribeSecurityGroups, DescribeSubnets,
    DescribeVpcAttribute, DescribeVpcEndpoints, DescribeVpcs, DetachInternetGateway,
    DisassociateRouteTable, GetConsoleOutput, ModifyLaunchTemplate, ModifySubnetAttribute,
    ModifyVpcAttribute, ModifyVpcEndpoint, ReleaseAddress, ReplaceRoute,
    ReplaceRouteTableAssociation, RevokeSecurityGroupEgress, RevokeSecurityGroupIngress, Select,
    Service,
};

use crate::recorder::{Sent, names, tags, text};

/// These calls as `aws-sdk-ec2` 1.274.0 sent them: a block for each, its parameters decoded and in order. The one thing left out
/// is the random token that it adds to `ModifyLaunchTemplate`, which nothing here would send twice. The deletion of versions, the console,
/// instance types and the deletion of network interfaces are as botocore 1.44.8 writes them, by the same model.
const AS_THE_SDK: &str = include_str!("ec2.txt");

fn rules() -> BTreeSet<Rule> {
    let rule = |peer, ports, protocol: &str, description: &str| Rule {
        protocol: text(protocol),
        ports,
        peer,
        description: text(description),
    };
    [
        rule(Peer::Network(text("10.0.0.0/8")), Some((80, 443)), "tcp", "from within"),
        rule(Peer::Network(text("::/0")), None, "-1", ""),
        rule(Peer::Group(text("sg-2")), Some((5432, 5432)), "tcp", "the group"),
        rule(Peer::PrefixList(text("pl-1")), Some((-1, -1)), "icmp", ""),
    ]
    .into()
}

fn data(tags: Tags) -> LaunchTemplateData {
    LaunchTemplateData {
        image: text("resolve:ssm:/aws/service/ami"),
        instance_type: text("t3.micro"),
        security_groups: names(&["sg-1", "sg-2"]),
        instance_profile: text("profile"),
        user_data: text("#!/bin/sh\n"),
        http_tokens: text("required"),
        http_hop_limit: 1,
        volume: Volume {
            device: text("/dev/xvda"),
            size_gib: 8,
            kind: text("gp3"),
            encrypted: true,
        },
        detailed_monitoring: false,
        tags,
    }
}

async fn networks(sent: &mut Sent) {
    let id = |id: &str| text(id);
    let all = || Select::All;
    sent.send(CreateVpc { cidr: id("10.0.0.0/16"), tags: tags() }).await;
    sent.send(CreateVpc { cidr: id("10.0.0.0/16"), tags: Tags::new() }).await;
    sent.send(DescribeVpcs { select: Select::Stack(id("shop")), page: None }).await;
    for attribute in [VpcAttribute::DnsSupport, VpcAttribute::DnsHostnames] {
        sent.send(DescribeVpcAttribute { vpc: id("vpc-1"), attribute }).await;
        sent.send(ModifyVpcAttribute { vpc: id("vpc-1"), attribute, value: true }).await;
    }
    sent.send(DeleteVpc { vpc: id("vpc-1") }).await;
    let (vpc, cidr, zone) = (id("vpc-1"), id("10.0.1.0/24"), id("eu-central-1a"));
    sent.send(CreateSubnet { vpc, cidr, zone, tags: tags() }).await;
    let select = Select::Ids(names(&["subnet-1", "subnet-2"]));
    sent.send(DescribeSubnets { select, page: Some(id("page 2")) }).await;
    sent.send(ModifySubnetAttribute { subnet: id("subnet-1"), public_addresses: false }).await;
    sent.send(DeleteSubnet { subnet: id("subnet-1") }).await;
    sent.send(CreateInternetGateway { tags: tags() }).await;
    sent.send(DescribeInternetGateways { select: Select::Vpc(id("vpc-1")), page: None }).await;
    sent.send(AttachInternetGateway { gateway: id("igw-1"), vpc: id("vpc-1") }).await;
    sent.send(DetachInternetGateway { gateway: id("igw-1"), vpc: id("vpc-1") }).await;
    sent.send(DeleteInternetGateway { gateway: id("igw-1") }).await;
    sent.send(AllocateAddress { tags: tags() }).await;
    sent.send(DescribeAddresses { select: Select::Ids(names(&["eipalloc-1"])) }).await;
    sent.send(ReleaseAddress { allocation: id("eipalloc-1") }).await;
    let (subnet, allocation, client_token) = (id("subnet-1"), id("eipalloc-1"), id("token"));
    sent.send(CreateNatGateway { subnet, allocation, client_token, tags: tags() }).await;
    sent.send(DescribeNatGateways { select: Select::Vpc(id("vpc-1")), page: None }).await;
    sent.send(DeleteNatGateway { gateway: id("nat-1") }).await;
    sent.send(DescribeNetworkInterfaces { select: Select::Vpc(id("vpc-1")), page: None }).await;
    sent.send(DescribeInstances { select: all(), page: None }).await;
}

async fn routes(sent: &mut Sent) {
    let (table, destination) = (|| text("rtb-1"), || text("0.0.0.0/0"));
    let (vpc, client_token) = (text("vpc-1"), text("token"));
    sent.send(CreateRouteTable { vpc, client_token, tags: tags() }).await;
    sent.send(DescribeRouteTables { select: Select::All, page: None }).await;
    sent.send(DeleteRouteTable { table: table() }).await;
    sent.send(AssociateRouteTable { table: table(), subnet: text("subnet-1") }).await;
    let association = || text("rtbassoc-1");
    sent.send(ReplaceRouteTableAssociation { association: association(), table: table() }).await;
    sent.send(DisassociateRouteTable { association: association() }).await;
    let targets = [
        RouteTarget::InternetGateway(text("igw-1")),
        RouteTarget::NatGateway(text("nat-1")),
        RouteTarget::Other(text("local")),
    ];
    for target in targets {
        let (table, destination) = (table(), destination());
        let create = CreateRoute { table, destination, target };
        let CreateRoute { table, destination, target } = create.clone();
        sent.send(create).await;
        sent.send(ReplaceRoute { table, destination, target }).await;
    }
    for destination in ["0.0.0.0/0", "::/0", "pl-1"] {
        sent.send(DeleteRoute { table: table(), destination: text(destination) }).await;
    }
}

async fn groups(sent: &mut Sent) {
    let (vpc, name, description) = (text("vpc-1"), text("shop-cms"), text("the CMS"));
    sent.send(CreateSecurityGroup { vpc, name, description, tags: tags() }).await;
    let select = Select::Name(text("shop-cms"));
    sent.send(DescribeSecurityGroups { select, page: None }).await;
    let group = || text("sg-1");
    sent.send(AuthorizeSecurityGroupIngress { group: group(), rules: rules() }).await;
    sent.send(AuthorizeSecurityGroupEgress { group: group(), rules: rules() }).await;
    sent.send(RevokeSecurityGroupIngress { group: group(), rules: rules() }).await;
    sent.send(RevokeSecurityGroupEgress { group: group(), rules: rules() }).await;
    sent.send(DeleteSecurityGroup { group: group() }).await;
}

async fn endpoints(sent: &mut Sent) {
    sent.send(CreateVpcEndpoint {
        vpc: text("vpc-1"),
        service: text("com.amazonaws.eu-central-1.s3"),
        route_tables: names(&["rtb-1", "rtb-2"]),
        client_token: text("token"),
        tags: tags(),
    })
    .await;
    sent.send(DescribeVpcEndpoints { select: Select::Vpc(text("vpc-1")), page: None }).await;
    sent.send(ModifyVpcEndpoint {
        endpoint: text("vpce-1"),
        add_route_tables: names(&["rtb-3"]),
        remove_route_tables: BTreeSet::new(),
    })
    .await;
    sent.send(DeleteVpcEndpoints { endpoint: text("vpce-1") }).await;
    sent.send(CreateFlowLogs {
        vpc: text("vpc-1"),
        destination: text("arn:aws:s3:::logs/flow"),
        traffic: text("REJECT"),
        client_token: text("token"),
        tags: tags(),
    })
    .await;
    sent.send(DescribeFlowLogs { select: Select::Vpc(text("vpc-1")), page: None }).await;
    sent.send(DeleteFlowLogs { flow_log: text("fl-1") }).await;
}

async fn instances(sent: &mut Sent) {
    let (name, client_token) = (text("shop"), text("token"));
    let create = CreateLaunchTemplate { name, data: data(tags()), client_token, tags: tags() };
    sent.send(create).await;
    for select in [
        Select::All,
        Select::Stack(text("shop")),
        Select::Name(text("shop")),
        Select::Ids(names(&["lt-1", "lt-2"])),
    ] {
        sent.send(DescribeLaunchTemplates { select, page: None }).await;
    }
    let (template, client_token) = (|| text("lt-1"), text("token"));
    let data = data(Tags::new());
    sent.send(CreateLaunchTemplateVersion { template: template(), data, client_token }).await;
    for version in [Some(text("$Latest")), None] {
        sent.send(DescribeLaunchTemplateVersions { template: template(), version }).await;
    }
    let versions = vec![1, 2];
    sent.send(DeleteLaunchTemplateVersions { template: template(), versions }).await;
    sent.send(GetConsoleOutput { instance: text("i-1") }).await;
    sent.send(ModifyLaunchTemplate { template: template(), default_version: 3 }).await;
    sent.send(DeleteLaunchTemplate { template: template() }).await;
    sent.send(DescribeAvailabilityZones {}).await;
    sent.send(DescribeInstanceTypeOfferings { instance_type: text("t3.micro") }).await;
    sent.send(DescribeInstanceTypes { instance_type: text("t3.micro") }).await;
    sent.send(DeleteNetworkInterface { interface: text("eni-1") }).await;
    sent.send(DescribeAccountAttributes {}).await;
    sent.send(CreateTags { resources: names(&["vpc-1", "igw-1"]), tags: tags() }).await;
    sent.send(DeleteTags { resources: names(&["vpc-1"]), names: names(&["Name", "empty"]) }).await;
}

#[tokio::test]
async fn every_request_says_what_the_sdk_says() {
    let mut sent = Sent::new().await;
    networks(&mut sent).await;
    routes(&mut sent).await;
    groups(&mut sent).await;
    endpoints(&mut sent).await;
    instances(&mut sent).await;
    sent.must_be(AS_THE_SDK, &[Service::Ec2]);
}
