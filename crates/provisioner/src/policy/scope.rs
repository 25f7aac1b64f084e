use std::collections::BTreeSet;

use serde_json::{Value, json};
use skyward_config::Aws;

use crate::topology::{Names, STACK_TAG};

/// On what actions are allowed, and under which condition: a statement each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// What cannot be restricted: lists.
    Read,
    ReadImage,
    ReadDatabase,
    ReadBucket,
    ReadRole,
    /// New, in nothing that is there.
    NetworkNew,
    NetworkNewInVpc,
    NetworkNewInSubnet,
    /// What something new is in, or leads to.
    NetworkWithin,
    NetworkOwn,
    /// Tags of what is being made.
    TagNew,
    TagDefaultGroup,
    LogDelivery,
    RunNew,
    RunOwn,
    RunWith,
    GroupNew,
    GroupOwn,
    BalancerNew,
    BalancerOwn,
    BalancerTag,
    DatabaseNew,
    /// What a new cluster refers to.
    DatabaseWith,
    /// The instances that RDS makes for a cluster.
    DatabaseMembers,
    DatabaseOwn,
    Snapshot,
    Secret,
    Key,
    Bucket,
    Objects,
    RoleNew,
    RoleOwn,
    AttachPolicy,
    PassRole,
    LinkedRole,
}

/// Which policy: all in one would be longer than IAM takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// EC2.
    Network,
    /// The load balancer, the group of instances, and their role.
    Compute,
    /// The database and the buckets.
    Data,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Network, Self::Compute, Self::Data];
}

impl Scope {
    /// The reads stand together, in the policy of those who only read; those beside an operation that changes go with it.
    pub(super) fn part(self) -> Part {
        match self {
            Self::ReadDatabase
            | Self::ReadBucket
            | Self::DatabaseNew
            | Self::DatabaseWith
            | Self::DatabaseMembers
            | Self::DatabaseOwn
            | Self::Snapshot
            | Self::Secret
            | Self::Key
            | Self::Bucket
            | Self::Objects => Part::Data,
            Self::ReadRole
            | Self::GroupNew
            | Self::GroupOwn
            | Self::BalancerNew
            | Self::BalancerOwn
            | Self::BalancerTag
            | Self::RoleNew
            | Self::RoleOwn
            | Self::AttachPolicy
            | Self::PassRole
            | Self::LinkedRole => Part::Compute,
            Self::Read
            | Self::ReadImage
            | Self::NetworkNew
            | Self::NetworkNewInVpc
            | Self::NetworkNewInSubnet
            | Self::NetworkWithin
            | Self::NetworkOwn
            | Self::TagNew
            | Self::TagDefaultGroup
            | Self::LogDelivery
            | Self::RunNew
            | Self::RunOwn
            | Self::RunWith => Part::Network,
        }
    }

    pub(super) fn only_reads(self) -> bool {
        self <= Self::ReadRole
    }
}

/// The stack that the statements are for.
pub(super) struct Place<'a> {
    pub(super) aws: &'a Aws,
    pub(super) names: Names,
    pub(super) account: String,
    /// The operations that make something with tags.
    pub(super) creations: BTreeSet<String>,
}

impl Place<'_> {
    pub(super) fn statement(&self, scope: Scope, actions: &BTreeSet<String>) -> Value {
        let mut statement = json!({
            "Sid": format!("{scope:?}"),
            "Effect": "Allow",
            "Action": one_or_many(actions.iter().cloned().collect()),
            "Resource": one_or_many(self.resources(scope)),
        });
        let condition = self.condition(scope);
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        statement
    }

    /// An ARN in the stack's region and account.
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.aws.region, self.account)
    }

    /// ARNs in the stack's region and account.
    fn arns(&self, service: &str, resources: &[&str]) -> Vec<String> {
        resources.iter().map(|resource| self.arn(service, resource)).collect()
    }

    fn buckets(&self, rest: &str) -> Vec<String> {
        ["assets", "logs"]
            .map(|part| format!("arn:aws:s3:::{}{rest}", self.names.bucket(part)))
            .into()
    }

    fn iam(&self, resource: &str) -> String {
        format!("arn:aws:iam::{}:{resource}", self.account)
    }

    fn resources(&self, scope: Scope) -> Vec<String> {
        let ec2 = |kinds: &[&str]| {
            kinds.iter().map(|kind| self.arn("ec2", &format!("{kind}/*"))).collect()
        };
        match scope {
            Scope::Read | Scope::LogDelivery => vec!["*".to_owned()],
            Scope::ReadImage => {
                let path = "parameter/aws/service/ami-amazon-linux-latest/*";
                vec![format!("arn:aws:ssm:{}::{path}", self.aws.region)]
            }
            Scope::ReadBucket | Scope::Bucket => self.buckets(""),
            Scope::Objects => self.buckets("/*"),
            Scope::NetworkNew => ec2(&["elastic-ip", "internet-gateway", "launch-template", "vpc"]),
            Scope::NetworkNewInVpc => {
                ec2(&["route-table", "security-group", "subnet", "vpc-flow-log"])
            }
            Scope::NetworkNewInSubnet => ec2(&["natgateway", "vpc-endpoint"]),
            Scope::NetworkWithin => ec2(&["elastic-ip", "route-table", "subnet", "vpc"]),
            Scope::NetworkOwn | Scope::TagNew => vec![self.arn("ec2", "*/*")],
            Scope::TagDefaultGroup => ec2(&["security-group"]),
            Scope::RunNew => ec2(&["instance", "volume"]),
            Scope::RunOwn => ec2(&["launch-template", "security-group", "subnet"]),
            Scope::RunWith => {
                let mut with: Vec<String> = ec2(&["network-interface"]);
                with.push(format!("arn:aws:ec2:{}::image/*", self.aws.region));
                with
            }
            Scope::GroupNew | Scope::GroupOwn => {
                let name = self.names.auto_scaling_group();
                vec![
                    self.arn(
                        "autoscaling",
                        &format!("autoScalingGroup:*:autoScalingGroupName/{name}"),
                    ),
                ]
            }
            Scope::BalancerNew | Scope::BalancerOwn | Scope::BalancerTag => self.balancer(scope),
            Scope::ReadDatabase
            | Scope::DatabaseNew
            | Scope::DatabaseOwn
            | Scope::DatabaseWith
            | Scope::DatabaseMembers
            | Scope::Snapshot => self.database(scope),
            Scope::Secret => vec![self.arn("secretsmanager", "secret:rds!cluster-*")],
            Scope::Key => vec![self.arn("kms", "key/*")],
            Scope::ReadRole | Scope::RoleNew | Scope::RoleOwn => {
                let name = self.names.role();
                vec![
                    self.iam(&format!("instance-profile/{name}")),
                    self.iam(&format!("role/{name}")),
                ]
            }
            Scope::AttachPolicy | Scope::PassRole => {
                vec![self.iam(&format!("role/{}", self.names.role()))]
            }
            Scope::LinkedRole => vec![self.iam("role/aws-service-role/*")],
        }
    }

    fn balancer(&self, scope: Scope) -> Vec<String> {
        let (balancer, target) = (self.names.load_balancer(), self.names.target_group());
        let mut resources =
            vec![format!("loadbalancer/app/{balancer}/*"), format!("targetgroup/{target}/*")];
        if scope != Scope::BalancerNew {
            resources.insert(0, format!("listener/app/{balancer}/*"));
        }
        resources.iter().map(|resource| self.arn("elasticloadbalancing", resource)).collect()
    }

    fn database(&self, scope: Scope) -> Vec<String> {
        let name = self.names.database();
        let (cluster, group) = (format!("cluster:{name}"), format!("subgrp:{name}"));
        let (members, snapshots) = (format!("db:{name}-*"), format!("cluster-snapshot:{name}-*"));
        match scope {
            Scope::DatabaseWith => {
                self.arns("rds", &["cluster-pg:default*", &members, "og:default*", &group])
            }
            Scope::DatabaseMembers => {
                self.arns("rds", &[&cluster, &members, "og:default*", "pg:default*", &group])
            }
            Scope::Snapshot => self.arns("rds", &[&snapshots]),
            _ => self.arns("rds", &[&cluster, &group]),
        }
    }

    fn condition(&self, scope: Scope) -> Value {
        let stack = &self.aws.name;
        let (request, resource) =
            (format!("aws:RequestTag/{STACK_TAG}"), format!("aws:ResourceTag/{STACK_TAG}"));
        match scope {
            Scope::NetworkNew
            | Scope::NetworkNewInVpc
            | Scope::NetworkNewInSubnet
            | Scope::RunNew
            | Scope::GroupNew
            | Scope::BalancerNew
            | Scope::BalancerTag
            | Scope::DatabaseNew
            | Scope::RoleNew => {
                json!({ "StringEquals": { request: stack } })
            }
            Scope::NetworkWithin
            | Scope::NetworkOwn
            | Scope::RunOwn
            | Scope::GroupOwn
            | Scope::BalancerOwn
            | Scope::DatabaseOwn
            | Scope::RoleOwn => json!({ "StringEquals": { resource: stack } }),
            Scope::TagNew => {
                json!({ "StringEquals": { "ec2:CreateAction": self.creations, request: stack } })
            }
            Scope::TagDefaultGroup => {
                json!({ "StringEquals": { request: stack }, "Null": { resource: "true" } })
            }
            Scope::Key => {
                let services = ["rds", "secretsmanager"];
                let services =
                    services.map(|name| format!("{name}.{}.amazonaws.com", self.aws.region));
                json!({ "StringEquals": { "kms:ViaService": services } })
            }
            Scope::AttachPolicy => json!({
                "ArnEquals": { "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" },
                "StringEquals": { resource: stack },
            }),
            Scope::PassRole => {
                json!({ "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } })
            }
            Scope::LinkedRole => {
                let services = ["autoscaling", "elasticloadbalancing", "rds"];
                json!({ "StringEquals": { "iam:AWSServiceName": services.map(|name| format!("{name}.amazonaws.com")) } })
            }
            Scope::Read
            | Scope::ReadImage
            | Scope::ReadDatabase
            | Scope::ReadBucket
            | Scope::ReadRole
            | Scope::LogDelivery
            | Scope::RunWith
            | Scope::DatabaseWith
            | Scope::DatabaseMembers
            | Scope::Snapshot
            | Scope::Secret
            | Scope::Bucket
            | Scope::Objects => Value::Null,
        }
    }

    /// What no other policy of the role may allow: taking the tag away, since it is what says whose a resource is, and giving it
    /// to another stack.
    pub(super) fn denials(&self, parts: &[Part]) -> [Value; 2] {
        let (mut remove, mut give) = (Vec::new(), Vec::new());
        for part in parts {
            let (removing, giving): (&[&str], &[&str]) = match part {
                Part::Network => (&["ec2:DeleteTags"], &["ec2:CreateTags"]),
                Part::Compute => (
                    &[
                        "autoscaling:DeleteTags",
                        "elasticloadbalancing:RemoveTags",
                        "iam:UntagInstanceProfile",
                        "iam:UntagRole",
                    ],
                    &[
                        "autoscaling:CreateOrUpdateTags",
                        "elasticloadbalancing:AddTags",
                        "iam:TagInstanceProfile",
                        "iam:TagRole",
                    ],
                ),
                Part::Data => (&["rds:RemoveTagsFromResource"], &["rds:AddTagsToResource"]),
            };
            remove.extend(removing);
            give.extend(giving);
        }
        let request = format!("aws:RequestTag/{STACK_TAG}");
        let removed = json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": STACK_TAG } });
        let given = json!({
            "StringNotEquals": { (&request): self.aws.name },
            "Null": { request: "false" },
        });
        [("KeepTheTag", remove, removed), ("KeepTheStack", give, given)].map(|(sid, actions, condition)| {
            let actions = one_or_many(actions.into_iter().map(str::to_owned).collect());
            json!({ "Sid": sid, "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition })
        })
    }

    /// No role here reads the database's password, whatever else it is given.
    pub(super) fn secret_denial(&self) -> Value {
        json!({
            "Sid": "KeepThePassword",
            "Effect": "Deny",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": self.arn("secretsmanager", "secret:rds!cluster-*"),
        })
    }
}

/// As policies are written by hand: one value stands without a list.
fn one_or_many(mut values: Vec<String>) -> Value {
    if values.len() == 1 { json!(values.remove(0)) } else { json!(values) }
}
