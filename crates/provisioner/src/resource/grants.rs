//! The rights that a kind's calls need in IAM, as data beside the kind.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skyward_aws::Operation;
use skyward_config::Aws;

use crate::stack::{Names, STACK_TAG};

/// The commands whose roles need an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callers {
    /// All of them: it only looks.
    All,
    Apply,
    ApplyAndDestroy,
    Destroy,
}

/// The policy that a statement belongs to: all in one would be longer than IAM takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Area {
    /// EC2.
    Network,
    /// The load balancer, the group of instances, and their role.
    Compute,
    /// The database and the buckets.
    Data,
}

impl Area {
    pub(crate) const ALL: [Self; 3] = [Self::Network, Self::Compute, Self::Data];
}

/// Some operations of a kind: who may call them, and on what. The action is the operation's own; `also` has those that AWS asks
/// for beside it.
pub(crate) struct Grants {
    pub(crate) callers: Callers,
    pub(crate) on: &'static [&'static Scope],
    pub(crate) also: &'static [(&'static str, &'static Scope)],
    pub(crate) operations: &'static [Operation],
    /// The configurations that need it.
    pub(crate) needed: fn(&Aws) -> bool,
}

/// Writes a list of [`Grants`] as a table: callers, the configurations that need it where not all do, scopes, further actions with
/// theirs, operations.
macro_rules! grants {
    (@needed) => { |_| true };
    (@needed $needed:path) => { $needed };
    ($($callers:ident $(if $needed:path)? [$($scope:ident),*] $($extra:literal on $extra_scope:ident),*: $($operation:ident),+;)*) => {
        &[$($crate::resource::Grants {
            callers: $crate::resource::Callers::$callers,
            on: &[$(&$scope),*],
            also: &[$(($extra, &$extra_scope)),*],
            operations: &[$(skyward_aws::Operation::$operation),+],
            needed: $crate::resource::grants!(@needed $($needed)?),
        }),*]
    };
}
pub(crate) use grants;

/// The resources that actions are allowed on, and the condition: one statement of a policy.
pub(crate) struct Scope {
    /// The statement's place in its policy.
    pub(crate) order: u8,
    /// The statement's name.
    pub(crate) sid: &'static str,
    pub(crate) area: Area,
    /// Its actions only look.
    pub(crate) only_reads: bool,
    pub(crate) resources: fn(&PolicyStack<'_>) -> Vec<String>,
    pub(crate) condition: Condition,
}

/// The condition of a statement.
pub(crate) enum Condition {
    Always,
    /// The request gives the resource the stack's tag.
    New,
    /// The resource carries the stack's tag.
    Own,
    Other(fn(&PolicyStack<'_>) -> Value),
}

impl Scope {
    /// A statement of actions that change something.
    pub(crate) const fn new(
        (order, sid): (u8, &'static str),
        area: Area,
        resources: fn(&PolicyStack<'_>) -> Vec<String>,
        condition: Condition,
    ) -> Self {
        Self { order, sid, area, only_reads: false, resources, condition }
    }

    /// A statement of actions that only look.
    pub(crate) const fn read(
        (order, sid): (u8, &'static str),
        area: Area,
        resources: fn(&PolicyStack<'_>) -> Vec<String>,
    ) -> Self {
        Self { order, sid, area, only_reads: true, resources, condition: Condition::Always }
    }

    pub(crate) fn condition(&self, stack: &PolicyStack<'_>) -> Value {
        match self.condition {
            Condition::Always => Value::Null,
            Condition::New => json!({ "StringEquals": { request_tag(): stack.aws.name } }),
            Condition::Own => json!({ "StringEquals": { resource_tag(): stack.aws.name } }),
            Condition::Other(condition) => condition(stack),
        }
    }
}

/// The condition key of the stack's tag in a request.
pub(crate) fn request_tag() -> String {
    format!("aws:RequestTag/{STACK_TAG}")
}

/// The condition key of the stack's tag on a resource.
pub(crate) fn resource_tag() -> String {
    format!("aws:ResourceTag/{STACK_TAG}")
}

/// The stack that policies are for.
pub(crate) struct PolicyStack<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) names: Names,
    pub(crate) account: String,
    /// The operations that create something with tags.
    pub(crate) creations: BTreeSet<String>,
}

impl PolicyStack<'_> {
    /// An ARN in the stack's region and account.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        let partition = self.names.partition().id;
        format!("arn:{partition}:{service}:{}:{}:{resource}", self.aws.region, self.account)
    }

    /// ARNs in the stack's region and account.
    pub(crate) fn arns(&self, service: &str, resources: &[&str]) -> Vec<String> {
        resources.iter().map(|resource| self.arn(service, resource)).collect()
    }

    /// The ARN of something of IAM, which has no region.
    pub(crate) fn iam(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.names.partition().id, self.account)
    }

    /// All of EC2's resources of these types.
    fn ec2(&self, types: &[&str]) -> Vec<String> {
        types.iter().map(|kind| self.arn("ec2", &format!("{kind}/*"))).collect()
    }
}

// The statements that several kinds share. EC2's kinds have them in common, since a policy has room for few.

/// Actions that cannot be restricted: lists.
pub(crate) const READ: Scope = Scope::read((0, "Read"), Area::Network, |_| vec!["*".to_owned()]);
/// The parameter with the newest image.
pub(crate) const READ_IMAGE: Scope = Scope::read((1, "ReadImage"), Area::Network, |stack| {
    let path = "parameter/aws/service/ami-amazon-linux-latest/*";
    vec![format!("arn:{}:ssm:{}::{path}", stack.names.partition().id, stack.aws.region)]
});
/// New resources that are in nothing.
pub(crate) const NETWORK_NEW: Scope = Scope::new(
    (5, "NetworkNew"),
    Area::Network,
    |stack| stack.ec2(&["elastic-ip", "internet-gateway", "launch-template", "vpc"]),
    Condition::New,
);
/// New resources in a VPC.
pub(crate) const NETWORK_NEW_IN_VPC: Scope = Scope::new(
    (6, "NetworkNewInVpc"),
    Area::Network,
    |stack| stack.ec2(&["route-table", "security-group", "subnet", "vpc-flow-log"]),
    Condition::New,
);
/// New resources in a subnet.
pub(crate) const NETWORK_NEW_IN_SUBNET: Scope = Scope::new(
    (7, "NetworkNewInSubnet"),
    Area::Network,
    |stack| stack.ec2(&["natgateway", "vpc-endpoint"]),
    Condition::New,
);
/// The resources that something new is in, or leads to.
pub(crate) const NETWORK_WITHIN: Scope = Scope::new(
    (8, "NetworkWithin"),
    Area::Network,
    |stack| stack.ec2(&["elastic-ip", "route-table", "subnet", "vpc"]),
    Condition::Own,
);
/// All of the stack's resources in EC2.
pub(crate) const NETWORK_OWN: Scope = Scope::new(
    (9, "NetworkOwn"),
    Area::Network,
    |stack| vec![stack.arn("ec2", "*/*")],
    Condition::Own,
);
/// The tags of a resource that is being created.
pub(crate) const TAG_NEW: Scope = Scope::new(
    (10, "TagNew"),
    Area::Network,
    |stack| vec![stack.arn("ec2", "*/*")],
    Condition::Other(
        |stack| json!({ "StringEquals": { "ec2:CreateAction": stack.creations, request_tag(): stack.aws.name } }),
    ),
);
/// The tags of the default security group of a VPC, which is made without.
pub(crate) const TAG_DEFAULT_GROUP: Scope = Scope::new(
    (11, "TagDefaultGroup"),
    Area::Network,
    |stack| stack.ec2(&["security-group"]),
    Condition::Other(
        |stack| json!({ "StringEquals": { request_tag(): stack.aws.name }, "Null": { resource_tag(): "true" } }),
    ),
);
/// The delivery of flow logs.
pub(crate) const LOG_DELIVERY: Scope =
    Scope::new((12, "LogDelivery"), Area::Network, |_| vec!["*".to_owned()], Condition::Always);
/// New instances and their volumes.
pub(crate) const RUN_NEW: Scope = Scope::new(
    (13, "RunNew"),
    Area::Network,
    |stack| stack.ec2(&["instance", "volume"]),
    Condition::New,
);
/// The stack's resources that instances are made from.
pub(crate) const RUN_OWN: Scope = Scope::new(
    (14, "RunOwn"),
    Area::Network,
    |stack| stack.ec2(&["launch-template", "security-group", "subnet"]),
    Condition::Own,
);
/// The other resources that instances are made with.
pub(crate) const RUN_WITH: Scope = Scope::new(
    (15, "RunWith"),
    Area::Network,
    |stack| {
        let mut with = stack.ec2(&["network-interface"]);
        let partition = stack.names.partition().id;
        with.push(format!("arn:{partition}:ec2:{}::image/*", stack.aws.region));
        with
    },
    Condition::Always,
);
/// The instances' role, given to EC2.
pub(crate) const PASS_ROLE: Scope = Scope::new(
    (33, "PassRole"),
    Area::Compute,
    |stack| vec![stack.iam(&format!("role/{}", stack.names.role()))],
    Condition::Other(
        |stack| json!({ "StringEquals": { "iam:PassedToService": stack.names.partition().ec2() } }),
    ),
);
/// The roles that services make for themselves.
pub(crate) const LINKED_ROLE: Scope = Scope::new(
    (34, "LinkedRole"),
    Area::Compute,
    |stack| vec![stack.iam("role/aws-service-role/*")],
    Condition::Other(|_| {
        let services = ["autoscaling", "elasticloadbalancing", "rds"];
        let services = services.map(|name| format!("{name}.amazonaws.com"));
        json!({ "StringEquals": { "iam:AWSServiceName": services } })
    }),
);
