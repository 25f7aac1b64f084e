//! The rights that IAM must give: a policy for each command, generated from the grants of each kind. What is created must carry the
//! stack's tag, what is changed or deleted must carry it already, and what is known by name must have the name.

mod trust;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use skyward_aws::Operation;
use skyward_config::Aws;

pub use trust::{environment, trust_policies};

use crate::kind;
use crate::resource::grants::{LINKED_ROLE, READ};
use crate::resource::{Area, Callers, Grants, PolicyStack, Scope, grants, request_tag};
use crate::stack::{Names, STACK_TAG};

/// The calls that are no kind's: who calls, and what the account has.
const OF_THE_ACCOUNT: &[Grants] = grants! {
    All [READ]: GetCallerIdentity, DescribeAvailabilityZones, DescribeAccountAttributes, DescribeRdsAccountAttributes,
        DescribeElbAccountLimits, DescribeAutoScalingAccountLimits, DescribeNetworkInterfaces;
    Apply [LINKED_ROLE]: CreateServiceLinkedRole;
};

/// The most characters of a managed policy, as IAM counts them: without white space.
pub const SIZE_LIMIT: usize = 6_144;

/// The purpose of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `plan`, `status` and `drift`: reads.
    Plan,
    /// `apply`.
    Apply,
    /// `destroy`.
    Destroy,
}

/// A policy: a file in `infra`.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The file's name.
    pub file: &'static str,
    /// The commands whose roles need it.
    pub of: &'static [Command],
    /// The document.
    pub document: Value,
}

impl Policy {
    /// Its size, as IAM counts it.
    pub fn size(&self) -> usize {
        self.document.to_string().chars().filter(|letter| !letter.is_whitespace()).count()
    }
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plan, Self::Apply, Self::Destroy];

    /// This command may call an operation, for a stack of this configuration.
    pub fn calls(self, aws: &Aws, operation: Operation) -> bool {
        is_called(aws, operation)
            && match grants_of(operation).callers {
                Callers::All => true,
                Callers::Apply => self == Self::Apply,
                Callers::ApplyAndDestroy => self != Self::Plan,
                Callers::Destroy => self == Self::Destroy,
            }
    }
}

/// Some kind of a stack of this configuration calls an operation, or it is one of the account's.
fn is_called(aws: &Aws, operation: Operation) -> bool {
    let rows = kind::of(aws).into_iter().flat_map(|kind| kind.rules().grants);
    let mut rows = rows.chain(OF_THE_ACCOUNT);
    rows.any(|row| row.operations.contains(&operation) && (row.needed)(aws))
}

/// The one row that grants an operation. A test holds that each has one.
fn grants_of(operation: Operation) -> &'static Grants {
    let rows = kind::ALL.iter().flat_map(|kind| kind.rules().grants).chain(OF_THE_ACCOUNT);
    let mut rows = rows.filter(|row| row.operations.contains(&operation));
    rows.next().unwrap_or_else(|| panic!("{operation} is granted by the kind that calls it"))
}

/// The actions that an operation needs, each with what it is allowed on.
fn actions_on(operation: Operation) -> impl Iterator<Item = (String, &'static Scope)> {
    let row = grants_of(operation);
    let own = format!("{}:{}", operation.service().prefix(), operation.action());
    let own = row.on.iter().map(move |scope| (own.clone(), *scope));
    own.chain(row.also.iter().map(|(action, scope)| ((*action).to_owned(), *scope)))
}

/// The IAM actions that an operation needs: its own and those that AWS asks for beside it.
pub fn actions(operation: Operation) -> BTreeSet<String> {
    actions_on(operation).map(|(action, _)| action).collect()
}

/// The policies of a stack. Roles that apply or destroy need the one that reads too.
pub fn policies(aws: &Aws) -> Vec<Policy> {
    let reads = |operation: Operation| Command::Plan.calls(aws, operation);
    let applies = |operation: Operation| Command::Apply.calls(aws, operation) && !reads(operation);
    let destroys =
        |operation: Operation| Command::Destroy.calls(aws, operation) && !reads(operation);
    let policy = |file, of, operations: &dyn Fn(Operation) -> bool, areas: &[Area]| Policy {
        file,
        of,
        document: document(aws, operations, areas),
    };
    let (apply, destroy) = (&[Command::Apply], &[Command::Destroy]);
    vec![
        policy("policy-plan.json", &Command::ALL, &reads, &Area::ALL),
        policy("policy-apply-network.json", apply, &applies, &[Area::Network]),
        policy("policy-apply-compute.json", apply, &applies, &[Area::Compute]),
        policy("policy-apply-data.json", apply, &applies, &[Area::Data]),
        policy("policy-destroy.json", destroy, &destroys, &Area::ALL),
    ]
}

/// The account of a policy that does not name one: any.
fn account(aws: &Aws) -> String {
    aws.account.clone().unwrap_or_else(|| "*".to_owned())
}

fn document(aws: &Aws, wanted: &dyn Fn(Operation) -> bool, areas: &[Area]) -> Value {
    let mut actions: BTreeMap<u8, (&Scope, BTreeSet<String>)> = BTreeMap::new();
    let mut creations = BTreeSet::new();
    for operation in Operation::ALL.iter().filter(|operation| wanted(**operation)) {
        for (action, scope) in actions_on(*operation) {
            if scope.sid == "TagNew" {
                creations.insert(operation.name().to_owned());
            }
            if areas.contains(&scope.area) {
                actions.entry(scope.order).or_insert((scope, BTreeSet::new())).1.insert(action);
            }
        }
    }
    // An instance is created by its group, and no operation of ours.
    if actions.values().any(|(scope, _)| scope.sid == "RunNew") {
        creations.insert("RunInstances".to_owned());
    }
    let writes = actions.values().any(|(scope, _)| !scope.only_reads);
    let names = Names::new(&aws.name, &aws.region, &account(aws));
    let stack = PolicyStack { aws, names, account: account(aws), creations };
    let mut statements: Vec<Value> =
        actions.values().map(|(scope, actions)| statement(scope, actions, &stack)).collect();
    if writes {
        statements.extend(denials(areas, &stack));
    } else {
        statements.push(secret_denial(&stack));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn statement(scope: &Scope, actions: &BTreeSet<String>, stack: &PolicyStack<'_>) -> Value {
    let mut statement = json!({
        "Sid": scope.sid,
        "Effect": "Allow",
        "Action": one_or_many(actions.iter().cloned().collect()),
        "Resource": one_or_many((scope.resources)(stack)),
    });
    let condition = scope.condition(stack);
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    statement
}

/// Refuses what no other policy of the role may allow: removing the tag, since it is what says whose a resource is, and giving it to
/// another stack.
fn denials(areas: &[Area], stack: &PolicyStack<'_>) -> [Value; 2] {
    let (mut remove, mut give) = (Vec::new(), Vec::new());
    for area in areas {
        let (removing, giving): (&[&str], &[&str]) = match area {
            Area::Network => (&["ec2:DeleteTags"], &["ec2:CreateTags"]),
            Area::Compute => (
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
            Area::Data => (&["rds:RemoveTagsFromResource"], &["rds:AddTagsToResource"]),
        };
        remove.extend(removing);
        give.extend(giving);
    }
    let removed = json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": STACK_TAG } });
    let given = json!({
        "StringNotEquals": { request_tag(): stack.aws.name },
        "Null": { request_tag(): "false" },
    });
    [("KeepTheTag", remove, removed), ("KeepTheStack", give, given)].map(|(sid, actions, condition)| {
        let actions = one_or_many(actions.into_iter().map(str::to_owned).collect());
        json!({ "Sid": sid, "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition })
    })
}

/// No role here reads the database's password, whatever else it is given.
fn secret_denial(stack: &PolicyStack<'_>) -> Value {
    json!({
        "Sid": "KeepThePassword",
        "Effect": "Deny",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": stack.arn("secretsmanager", "secret:rds!cluster-*"),
    })
}

/// Values as policies are written by hand: one of them needs no list.
fn one_or_many(mut values: Vec<String>) -> Value {
    if values.len() == 1 { json!(values.remove(0)) } else { json!(values) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_granted_in_one_place() {
        let rows = || kind::ALL.iter().flat_map(|kind| kind.rules().grants).chain(OF_THE_ACCOUNT);
        for operation in Operation::ALL {
            let count = rows().filter(|row| row.operations.contains(operation)).count();
            assert_eq!(count, 1, "{operation}");
        }
    }
}
