//! The words of the pictures, read from the topology.

use std::collections::BTreeSet;

use crate::kind::{
    AutoScalingGroup, Bucket, DbCluster, LaunchTemplate, Listener, ListenerAction, LoadBalancer,
    ReleaseObject, Route, Rule, ScalingPolicy, SecurityGroupRules, Subnet, TargetGroup, Vpc,
};
use crate::resource::Topology;

/// The words of the pictures, read from the topology's data.
pub(super) struct Parts {
    /// The VPC's network.
    pub(super) network: String,
    pub(super) zones: [Zone; 3],
    pub(super) balancer: String,
    /// The ports that the load balancer listens on: a line each.
    pub(super) listeners: Vec<String>,
    /// The targets of requests: a line each.
    pub(super) forwards: Vec<String>,
    /// The ports of the instances' security group, in and out.
    pub(super) ports: String,
    pub(super) group: String,
    pub(super) size: String,
    /// The policy that scales the group.
    pub(super) scaling: String,
    pub(super) database: String,
    /// Engine, class and storage: a line each.
    pub(super) database_facts: [String; 2],
    pub(super) assets: Option<String>,
    pub(super) logs: Option<String>,
    /// The network's own traffic is written to the logs.
    pub(super) flow_log: bool,
    /// The VPC has an endpoint for S3.
    pub(super) endpoint: bool,
    /// The release of the service that the instances run, shortened; none where they run a page.
    pub(super) release: Option<String>,
    /// The port by which the instances reach the database.
    pub(super) database_port: String,
}

/// The digits of a digest that are shown.
const DIGITS: usize = 12;

/// One of the three zones.
pub(super) struct Zone {
    pub(super) letter: char,
    pub(super) name: String,
    pub(super) public: String,
    pub(super) internal: String,
    /// It has a NAT gateway of its own.
    pub(super) has_nat: bool,
    /// The letter of the NAT gateway that its internal subnet uses.
    pub(super) gateway: Option<char>,
}

impl Parts {
    pub(super) fn of(topology: &Topology) -> Self {
        let bucket = |id: &str| topology.spec::<Bucket>(&id.into()).map(|one| one.name.clone());
        let has = |id: &str| topology.get(&id.into()).is_some();
        let cluster = topology.spec::<DbCluster>(&"db-cluster".into());
        let vpc = topology.spec::<Vpc>(&"vpc".into());
        let rules = topology.spec::<SecurityGroupRules>(&"rules/cms".into());
        let (group, size, scaling) = scaling(topology);
        let (balancer, listeners, forwards) = balancer(topology);
        Self {
            network: vpc.map(|vpc| vpc.network.clone()).unwrap_or_default(),
            zones: ['a', 'b', 'c'].map(|letter| zone(topology, letter)),
            balancer,
            listeners,
            forwards,
            ports: rules.map(ports).unwrap_or_default(),
            group,
            size,
            scaling,
            database: cluster.map(|cluster| cluster.name.clone()).unwrap_or_default(),
            database_facts: cluster.map(facts).unwrap_or_default(),
            assets: bucket("bucket/assets"),
            logs: bucket("bucket/logs"),
            flow_log: has("flow-log"),
            endpoint: has("vpc-endpoint/s3"),
            release: release(topology),
            database_port: database_port(topology),
        }
    }
}

fn release(topology: &Topology) -> Option<String> {
    let (_, release) = topology.all::<ReleaseObject>().next()?;
    let digest = release.objects.values().next()?;
    Some(digest.get(..DIGITS).unwrap_or(digest).to_owned())
}

fn database_port(topology: &Topology) -> String {
    let rules = topology.spec::<SecurityGroupRules>(&"rules/database".into());
    let ports = rules.into_iter().flat_map(|rules| &rules.ingress).filter_map(|rule| rule.ports);
    ports.map(|(first, _)| first.to_string()).next().unwrap_or_default()
}

fn zone(topology: &Topology, letter: char) -> Zone {
    let subnet = |part: &str| {
        let subnet = topology.spec::<Subnet>(&format!("subnet/{part}-{letter}").into());
        subnet.map(|one| (one.network.clone(), one.zone.clone())).unwrap_or_default()
    };
    let (public, name) = subnet("public");
    let route = topology.spec::<Route>(&format!("route/internal-{letter}").into());
    let gateway = route.and_then(|route| route.target.as_str().chars().last());
    let has_nat = topology.get(&format!("nat-gateway/{letter}").into()).is_some();
    Zone { letter, name, public, internal: subnet("internal").0, has_nat, gateway }
}

/// The load balancer's name, the ports that it listens on, and where it forwards to.
fn balancer(topology: &Topology) -> (String, Vec<String>, Vec<String>) {
    let name = topology.all::<LoadBalancer>().next().map(|(_, balancer)| balancer.name.clone());
    let mut listeners = Vec::new();
    for (_, listener) in topology.all::<Listener>() {
        match &listener.action {
            ListenerAction::Forward(_) => {
                listeners.insert(0, format!("{}, port {}", listener.protocol, listener.port));
            }
            ListenerAction::RedirectToHttps(_) => {
                listeners.push(format!("port {} redirects", listener.port));
            }
            ListenerAction::Other(action) => listeners.push(action.clone()),
        }
    }
    let forwards = topology.all::<TargetGroup>().flat_map(|(_, target)| {
        let check = &target.health_check;
        [
            format!("to {} as {}, port {}", target.name, target.protocol, target.port),
            format!("healthy while {} answers {}", check.path, check.matcher),
        ]
    });
    (name.unwrap_or_default(), listeners, forwards.collect())
}

fn ports(rules: &SecurityGroupRules) -> String {
    let list = |rules: &BTreeSet<Rule>| {
        let ports: BTreeSet<i32> =
            rules.iter().filter_map(|rule| rule.ports).map(|(first, _)| first).collect();
        ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    format!("in: {} · out: {}", list(&rules.ingress), list(&rules.egress))
}

/// The group's name, its size and what scales it.
fn scaling(topology: &Topology) -> (String, String, String) {
    let group = topology.spec::<AutoScalingGroup>(&"auto-scaling-group".into());
    let Some(AutoScalingGroup { name, min, max, .. }) = group else { return Default::default() };
    let template = topology.spec::<LaunchTemplate>(&"launch-template".into());
    let instance_type = template.map(|one| one.instance_type.as_str()).unwrap_or_default();
    let number = if min == max { min.to_string() } else { format!("{min} to {max}") };
    let scaling = match topology.spec::<ScalingPolicy>(&"scaling-policy".into()) {
        Some(policy) => policy
            .target_cpu
            .map_or_else(|| "by a policy".to_owned(), |cpu| format!("aims for {cpu} % CPU")),
        None => "a fixed number".to_owned(),
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
