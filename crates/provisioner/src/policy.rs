//! What IAM must allow: a policy for each command, generated from the operations that the code can call. What is made must
//! carry the stack's tag, what is changed or deleted must carry it already, and what is known by name must have the name.

mod grants;
mod scope;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use skyward_config::Aws;

pub use trust::{environment, trust_policies};

use crate::topology::Names;
use grants::{Who, grants};
use scope::{Part, Scope};
use skyward_aws::Operation;

/// What IAM counts a managed policy's characters up to, without white space.
pub const SIZE_LIMIT: usize = 6_144;

/// What a role is for.
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

    /// Whether this command may call an operation.
    pub fn calls(self, operation: Operation) -> bool {
        match grants(operation).0 {
            Who::Everyone => true,
            Who::Apply => self == Self::Apply,
            Who::ApplyAndDestroy => self != Self::Plan,
        }
    }
}

/// The IAM actions that an operation needs: its own and those that AWS asks for beside it.
pub fn actions(operation: Operation) -> BTreeSet<String> {
    grants(operation).1.into_iter().map(|grant| grant.action).collect()
}

/// The policies of a stack. Roles that apply or destroy need the one that reads too.
pub fn policies(aws: &Aws) -> Vec<Policy> {
    let reads = |operation: Operation| grants(operation).0 == Who::Everyone;
    let applies = |operation: Operation| Command::Apply.calls(operation) && !reads(operation);
    let destroys = |operation: Operation| Command::Destroy.calls(operation) && !reads(operation);
    let policy = |file, of, operations: &dyn Fn(Operation) -> bool, parts: &[Part]| Policy {
        file,
        of,
        document: document(aws, operations, parts),
    };
    let (apply, destroy) = (&[Command::Apply], &[Command::Destroy]);
    vec![
        policy("policy-plan.json", &Command::ALL, &reads, &Part::ALL),
        policy("policy-apply-network.json", apply, &applies, &[Part::Network]),
        policy("policy-apply-compute.json", apply, &applies, &[Part::Compute]),
        policy("policy-apply-data.json", apply, &applies, &[Part::Data]),
        policy("policy-destroy.json", destroy, &destroys, &Part::ALL),
    ]
}

/// The account of a policy that does not name one: any.
fn account(aws: &Aws) -> String {
    aws.account.clone().unwrap_or_else(|| "*".to_owned())
}

fn document(aws: &Aws, wanted: &dyn Fn(Operation) -> bool, parts: &[Part]) -> Value {
    let mut actions: BTreeMap<Scope, BTreeSet<String>> = BTreeMap::new();
    let mut creations = BTreeSet::new();
    for operation in Operation::ALL.iter().filter(|operation| wanted(**operation)) {
        for grant in grants(*operation).1 {
            if grant.scope == Scope::TagNew {
                creations.insert(operation.name().to_owned());
            }
            if parts.contains(&grant.scope.part()) {
                actions.entry(grant.scope).or_default().insert(grant.action);
            }
        }
    }
    if actions.contains_key(&Scope::RunNew) {
        creations.insert("RunInstances".to_owned());
    }
    let writes = actions.keys().any(|scope| !scope.only_reads());
    let names = Names::new(&aws.name, &aws.region, &account(aws));
    let place = scope::Place { aws, names, account: account(aws), creations };
    let mut statements: Vec<Value> =
        actions.iter().map(|(scope, actions)| place.statement(*scope, actions)).collect();
    if writes {
        statements.extend(place.denials(parts));
    } else {
        statements.push(place.secret_denial());
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[cfg(test)]
mod tests;
