//! What is wrong with the machines, all of it at once. Pure.

mod machine;
#[cfg(test)]
mod tests;
mod whole;

use std::fmt;

use serde::Serialize;

use super::facts::Facts;
use super::machine::{Fleet, Machine};

pub use whole::Standing;
pub(crate) use whole::node_name;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The machine, or what else it is about.
    pub machine: String,
    /// Whether nothing may be changed before it is put right.
    pub blocks: bool,
    /// What is wrong and what to do, on one line.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.machine, self.text)
    }
}

impl Finding {
    /// One that blocks.
    pub fn new(machine: impl Into<String>, text: impl fmt::Display) -> Self {
        let text = text.to_string().replace('\n', " ");
        Self { machine: machine.into(), blocks: true, text }
    }

    fn note(machine: &Machine, text: impl fmt::Display) -> Self {
        Self { blocks: false, ..Self::new(machine.label(), text) }
    }
}

/// Everything that is wrong. `facts` are those of the fleet's machines in their order; none where a machine did not answer, which
/// is a finding of whoever asked.
pub fn check(fleet: &Fleet, facts: &[Option<Facts>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let standing = Standing::of(fleet, facts);
    for (index, (machine, facts)) in fleet.machines.iter().zip(facts).enumerate() {
        if let Some(facts) = facts {
            machine::check(fleet, machine, facts, &mut findings);
            whole::belongs(fleet, &standing, index, facts, &mut findings);
        }
    }
    whole::clocks(fleet, facts, &mut findings);
    whole::names(fleet, facts, &mut findings);
    whole::servers(fleet, &mut findings);
    whole::versions(fleet, &standing, facts, &mut findings);
    findings
}
