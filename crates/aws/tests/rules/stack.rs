use std::collections::BTreeSet;

use super::tags;
use skyward_aws::model::*;
use skyward_aws::simulated::Account;

/// A whole stack, made at once behind everyone's back.
pub(super) struct Stack {
    pub(super) account: Account,
    pub(super) vpc: String,
    pub(super) gateway: String,
    pub(super) public: Vec<String>,
    pub(super) internal: Vec<String>,
    pub(super) public_table: String,
    pub(super) internal_table: String,
    pub(super) nat: String,
    pub(super) allocation: String,
    /// Of the load balancer, and of the instances.
    pub(super) groups: [String; 2],
    pub(super) balancer: LoadBalancer,
    pub(super) targets: String,
    pub(super) listener: String,
    pub(super) template: String,
}

pub(super) const USER_DATA: &str = "dnf install -y httpd\necho '<h1>It works!</h1>' > /var/www/html/index.html\nsystemctl start httpd\n";

pub(super) fn rule(port: i32, peer: Peer) -> Rule {
    Rule { protocol: "tcp".into(), ports: Some((port, port)), peer, description: String::new() }
}

pub(super) fn anyone() -> Peer {
    Peer::Network("0.0.0.0/0".into())
}

pub(super) fn health_check() -> HealthCheck {
    HealthCheck {
        port: None,
        path: "/".into(),
        matcher: "200".into(),
        interval_s: 10,
        timeout_s: 5,
        healthy: 2,
        unhealthy: 3,
    }
}

/// What instances are made from.
pub(super) fn data(group: &str, user_data: &str) -> LaunchTemplateData {
    LaunchTemplateData {
        image: "ami-1".into(),
        instance_type: "t3.micro".into(),
        security_groups: BTreeSet::from([group.to_owned()]),
        instance_profile: String::new(),
        user_data: user_data.into(),
        http_tokens: "required".into(),
        http_hop_limit: 1,
        volume: Volume {
            device: "/dev/xvda".into(),
            size_gib: 8,
            kind: "gp3".into(),
            encrypted: true,
        },
        detailed_monitoring: false,
        tags: tags("s"),
    }
}

impl Stack {
    /// Everything but the auto scaling group and the database.
    pub(super) fn new(account: &Account) -> Self {
        let vpc =
            account.directly(CreateVpc { cidr: "10.0.0.0/16".into(), tags: tags("s") }).unwrap().id;
        let gateway = account.directly(CreateInternetGateway { tags: tags("s") }).unwrap().id;
        let attach = AttachInternetGateway { gateway: gateway.clone(), vpc: vpc.clone() };
        account.directly(attach).unwrap();
        let subnets = |base: u32| -> Vec<String> {
            let subnet = |(index, letter): (usize, char)| CreateSubnet {
                vpc: vpc.clone(),
                cidr: format!("10.0.{}.0/24", base as usize + index),
                zone: format!("eu-central-1{letter}"),
                tags: tags("s"),
            };
            ['a', 'b', 'c']
                .into_iter()
                .enumerate()
                .map(subnet)
                .map(|call| account.directly(call).unwrap().id)
                .collect()
        };
        let (public, internal) = (subnets(0), subnets(10));
        let allocation = account.directly(AllocateAddress { tags: tags("s") }).unwrap().allocation;
        let nat = CreateNatGateway {
            subnet: public[0].clone(),
            allocation: allocation.clone(),
            client_token: "nat".into(),
            tags: tags("s"),
        };
        let nat = account.directly(nat).unwrap().id;
        let table = |token: &str, subnets: &[String], target| {
            let call =
                CreateRouteTable { vpc: vpc.clone(), client_token: token.into(), tags: tags("s") };
            let table = account.directly(call).unwrap().id;
            for subnet in subnets {
                let call = AssociateRouteTable { table: table.clone(), subnet: subnet.clone() };
                account.directly(call).unwrap();
            }
            let call =
                CreateRoute { table: table.clone(), destination: "0.0.0.0/0".into(), target };
            account.directly(call).unwrap();
            table
        };
        let public_table = table("public", &public, RouteTarget::InternetGateway(gateway.clone()));
        let internal_table = table("internal", &internal, RouteTarget::NatGateway(nat.clone()));
        let groups = groups(account, &vpc);
        let (balancer, targets, listener) = front(account, &vpc, &public, &groups[0]);
        let template = CreateLaunchTemplate {
            name: "s-cms".into(),
            data: data(&groups[1], USER_DATA),
            client_token: "template".into(),
            tags: tags("s"),
        };
        let template = account.directly(template).unwrap().id;
        Self {
            account: account.clone(),
            vpc,
            gateway,
            public,
            internal,
            public_table,
            internal_table,
            nat,
            allocation,
            groups,
            balancer,
            targets,
            listener,
            template,
        }
    }

    /// The auto scaling group, not made yet.
    pub(super) fn scaling(&self) -> AutoScalingGroup {
        AutoScalingGroup {
            name: "s-cms".into(),
            min: 3,
            max: 6,
            desired: 3,
            subnets: self.internal.iter().cloned().collect(),
            target_groups: BTreeSet::from([self.targets.clone()]),
            launch_template: Some((self.template.clone(), "$Latest".into())),
            health_check: "ELB".into(),
            grace_s: 180,
            tags: tags("s"),
            ..Default::default()
        }
    }

    /// The instances of the auto scaling group.
    pub(super) fn instances(&self) -> Vec<GroupInstance> {
        let groups =
            self.account.directly(DescribeAutoScalingGroups { name: "s-cms".into() }).unwrap();
        groups.into_iter().flat_map(|group| group.instances).collect()
    }

    /// The states of the targets, each once.
    pub(super) fn health(&self) -> BTreeSet<String> {
        let call = DescribeTargetHealth { target_group: self.targets.clone() };
        self.account.directly(call).unwrap().into_iter().map(|target| target.state).collect()
    }

    pub(super) fn page(&self) -> Option<String> {
        self.account.page(&self.balancer.dns_name)
    }
}

fn groups(account: &Account, vpc: &str) -> [String; 2] {
    let group = |name: &str| {
        let call = CreateSecurityGroup {
            vpc: vpc.to_owned(),
            name: name.into(),
            description: "a group".into(),
            tags: tags("s"),
        };
        account.directly(call).unwrap()
    };
    let groups = [group("web"), group("cms")];
    for (group, rule) in [(0, rule(80, anyone())), (1, rule(80, Peer::Group(groups[0].clone())))] {
        let call = AuthorizeSecurityGroupIngress {
            group: groups[group].clone(),
            rules: BTreeSet::from([rule]),
        };
        account.directly(call).unwrap();
    }
    groups
}

fn front(
    account: &Account,
    vpc: &str,
    subnets: &[String],
    group: &str,
) -> (LoadBalancer, String, String) {
    let balancer = CreateLoadBalancer {
        name: "s-web".into(),
        subnets: subnets.iter().cloned().collect(),
        security_groups: BTreeSet::from([group.to_owned()]),
        tags: tags("s"),
    };
    let balancer = account.directly(balancer).unwrap();
    let targets = CreateTargetGroup {
        name: "s-cms".into(),
        vpc: vpc.to_owned(),
        protocol: "HTTP".into(),
        port: 80,
        health_check: health_check(),
        tags: tags("s"),
    };
    let targets = account.directly(targets).unwrap().arn;
    let listener = CreateListener {
        load_balancer: balancer.arn.clone(),
        port: 80,
        protocol: "HTTP".into(),
        certificate: None,
        tls_policy: None,
        action: ListenerAction::Forward(targets.clone()),
        tags: tags("s"),
    };
    let listener = account.directly(listener).unwrap().arn;
    (balancer, targets, listener)
}
