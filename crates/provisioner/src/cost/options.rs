//! The cost under other options of `[aws]`.

use anyhow::Result;
use serde::Serialize;
use skyward_config::{Aws, DatabaseStorage};

use super::{Amount, Usd, monthly};
use crate::stack::Place;
use crate::topology::desired;

/// The change of the cost by one option of `[aws]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saving {
    /// The option, as it would be in the file.
    pub option: String,
    /// The dollars that it adds a month; below zero, those that it saves.
    pub monthly: Amount,
}

/// Returns the change of the cost by each of the options that concern it most.
///
/// # Errors
/// The configuration describes no topology.
pub fn options(aws: &Aws, place: &Place) -> Result<Vec<Saving>> {
    let total =
        |aws: &Aws| -> Result<Amount> { Ok(monthly(&desired(aws, place, "")?, &aws.region).total) };
    let now = total(aws)?;
    let mut differences = Vec::new();
    for (option, other) in alternatives(aws) {
        let then = total(&other)?;
        // A class whose price is not exactly known is the same on both sides.
        let (from, to) = (then.from.0 - now.from.0, then.to.0 - now.to.0);
        let monthly = Amount { from: Usd(from.min(to)), to: Usd(from.max(to)) };
        differences.push(Saving { option, monthly });
    }
    Ok(differences)
}

fn alternatives(aws: &Aws) -> Vec<(String, Aws)> {
    let single = !aws.single_nat_gateway;
    let (storage, iops) = match aws.database_storage {
        DatabaseStorage::Gp3 => (DatabaseStorage::Io1, aws.database_iops),
        // What was provisioned is not what the other storage would be given.
        DatabaseStorage::Io1 => (DatabaseStorage::Gp3, None),
    };
    let word = if storage == DatabaseStorage::Io1 { "io1" } else { "gp3" };
    let more = aws.instances.saturating_add(1);
    vec![
        (
            format!("single_nat_gateway = {single}"),
            Aws { single_nat_gateway: single, ..aws.clone() },
        ),
        (
            format!("database_storage = \"{word}\""),
            Aws { database_storage: storage, database_iops: iops, ..aws.clone() },
        ),
        (
            format!("instances = {more}"),
            Aws { instances: more, max_instances: aws.max_instances.max(more), ..aws.clone() },
        ),
    ]
}

impl Saving {
    /// In words, such as `saves 73.00 USD a month`.
    pub fn words(&self) -> String {
        let Amount { from, to } = self.monthly;
        if to.cents() < 0 {
            let saved = Amount { from: Usd(-to.0), to: Usd(-from.0) };
            format!("saves {saved} USD a month")
        } else {
            format!("adds {} USD a month", self.monthly)
        }
    }
}
