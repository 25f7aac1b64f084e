use std::collections::BTreeSet;

use crate::topology::{
    AutoScalingGroup, DbCluster, ListenerAction, Resource, SecurityGroupRules, Spec, Topology,
};

/// What the pictures say, read from the topology's data.
pub(super) struct Parts {
    /// The VPC's network.
    pub(super) network: String,
    pub(super) zones: [Zone; 3],
    pub(super) balancer: String,
    /// What the user speaks: a line each.
    pub(super) ways_in: Vec<String>,
    /// Where requests go to: a line each.
    pub(super) forwards: Vec<String>,
    /// The ports of the instances' security group, in and out.
    pub(super) ports: String,
    pub(super) group: String,
    pub(super) size: String,
    /// What scales the group.
    pub(super) scaling: String,
    pub(super) database: String,
    /// Engine, class and storage: a line each.
    pub(super) database_facts: [String; 2],
    pub(super) assets: Option<String>,
    pub(super) logs: Option<String>,
    /// The network's own traffic is written to the logs.
    pub(super) flow_log: bool,
    /// There is a way from the VPC to S3.
    pub(super) endpoint: bool,
}

/// One of the three zones.
pub(super) struct Zone {
    pub(super) letter: char,
    pub(super) name: String,
    pub(super) public: String,
    pub(super) internal: String,
    /// It has a NAT gateway of its own.
    pub(super) has_nat: bool,
    /// The letter of the NAT gateway that its internal subnet goes out by.
    pub(super) way_out: Option<char>,
}

impl Parts {
    pub(super) fn of(topology: &Topology) -> Self {
        let spec = |id: &str| topology.get(&id.into()).map(|resource| &resource.spec);
        let bucket = |id: &str| match spec(id) {
            Some(Spec::Bucket(bucket)) => Some(bucket.name.clone()),
            _ => None,
        };
        let (group, size, scaling) = scaling(topology);
        let (database, database_facts) = match spec("db-cluster") {
            Some(Spec::DbCluster(cluster)) => (cluster.name.clone(), facts(cluster)),
            _ => Default::default(),
        };
        let network = match spec("vpc") {
            Some(Spec::Vpc(vpc)) => vpc.network.clone(),
            _ => String::new(),
        };
        let (balancer, ways_in, forwards) = ways_in(topology);
        let ports = match spec("rules/cms") {
            Some(Spec::SecurityGroupRules(rules)) => ports(rules),
            _ => String::new(),
        };
        Self {
            network,
            zones: ['a', 'b', 'c'].map(|letter| zone(topology, letter)),
            balancer,
            ways_in,
            forwards,
            ports,
            group,
            size,
            scaling,
            database,
            database_facts,
            assets: bucket("bucket/assets"),
            logs: bucket("bucket/logs"),
            flow_log: spec("flow-log").is_some(),
            endpoint: spec("vpc-endpoint/s3").is_some(),
        }
    }
}

fn zone(topology: &Topology, letter: char) -> Zone {
    let spec = |id: String| topology.get(&id.into()).map(|resource| &resource.spec);
    let subnet = |part: &str| match spec(format!("subnet/{part}-{letter}")) {
        Some(Spec::Subnet(subnet)) => (subnet.network.clone(), subnet.zone.clone()),
        _ => Default::default(),
    };
    let (public, name) = subnet("public");
    let way_out = match spec(format!("route/internal-{letter}")) {
        Some(Spec::Route(route)) => route.target.as_str().chars().last(),
        _ => None,
    };
    let has_nat = spec(format!("nat-gateway/{letter}")).is_some();
    Zone { letter, name, public, internal: subnet("internal").0, has_nat, way_out }
}

/// The load balancer's name, what the user speaks, and where it goes.
fn ways_in(topology: &Topology) -> (String, Vec<String>, Vec<String>) {
    let (mut name, mut ways_in, mut forwards) = (String::new(), Vec::new(), Vec::new());
    for Resource { spec, .. } in &topology.resources {
        match spec {
            Spec::LoadBalancer(balancer) => name.clone_from(&balancer.name),
            Spec::Listener(listener) => match &listener.action {
                ListenerAction::Forward(_) => {
                    ways_in.insert(0, format!("{}, port {}", listener.protocol, listener.port));
                }
                ListenerAction::RedirectToHttps(_) => {
                    ways_in.push(format!("port {} redirects", listener.port));
                }
                ListenerAction::Other(action) => ways_in.push(action.clone()),
            },
            Spec::TargetGroup(target) => {
                forwards.push(format!(
                    "to {} as {}, port {}",
                    target.name, target.protocol, target.port
                ));
                let check = &target.health_check;
                forwards.push(format!("healthy while {} answers {}", check.path, check.matcher));
            }
            _ => {}
        }
    }
    (name, ways_in, forwards)
}

fn ports(rules: &SecurityGroupRules) -> String {
    let list = |rules: &BTreeSet<crate::topology::Rule>| {
        let ports: BTreeSet<i32> =
            rules.iter().filter_map(|rule| rule.ports).map(|(first, _)| first).collect();
        ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    format!("in: {} · out: {}", list(&rules.ingress), list(&rules.egress))
}

/// The group's name, its size and what scales it.
fn scaling(topology: &Topology) -> (String, String, String) {
    let spec = |id: &str| topology.get(&id.into()).map(|resource| &resource.spec);
    let Some(Spec::AutoScalingGroup(AutoScalingGroup { name, min, max, .. })) =
        spec("auto-scaling-group")
    else {
        return Default::default();
    };
    let instance_type = match spec("launch-template") {
        Some(Spec::LaunchTemplate(template)) => template.instance_type.as_str(),
        _ => "",
    };
    let number = if min == max { min.to_string() } else { format!("{min} to {max}") };
    let scaling = match spec("scaling-policy") {
        Some(Spec::ScalingPolicy(policy)) => policy
            .target_cpu
            .map_or_else(|| "by a policy".to_owned(), |cpu| format!("aims for {cpu} % CPU")),
        _ => "a fixed number".to_owned(),
    };
    (name.clone(), format!("{number} × {instance_type}"), scaling)
}

fn facts(cluster: &DbCluster) -> [String; 2] {
    let engine = match cluster.engine.as_str() {
        "mysql" => "MySQL",
        "postgres" => "PostgreSQL",
        other => other,
    };
    let iops = cluster.iops.map_or_else(String::new, |iops| format!(", {iops} IOPS"));
    [
        format!("{engine}, {}", cluster.class),
        format!("{} GiB {}{iops}", cluster.storage_gib, cluster.storage_type),
    ]
}
