//! What there is of a stack in an account: found by its tag and its names, with a number of calls that does not grow with it.

mod choose;
mod interpret;
mod raw;
mod services;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::caller::{Caller, Fault};
use crate::event::Outputs;
use crate::topology::{Id, Names, Spec};
pub(crate) use choose::{
    address as choose_address, gateway as choose_gateway, is_alive, vpc as choose_vpc,
};
pub(crate) use services::{database_state, healthy, is_newest};
use skyward_aws::model::Tags;

/// How far a resource is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "state")]
pub enum State {
    /// It can be used.
    Ready,
    /// It gets ready by itself: AWS's word for it.
    Pending(String),
    /// It goes away by itself: AWS's word for it.
    Leaving(String),
    /// It never gets ready: why not.
    Failed(String),
}

/// A resource that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Its name within the stack.
    pub id: Id,
    /// AWS's id, ARN or name, whichever its calls take.
    pub physical: String,
    /// How it is.
    pub spec: Spec,
    /// Its tags; none where its kind has none.
    pub tags: Tags,
    /// How far it is.
    pub state: State,
}

/// A stack as it was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Its resources.
    pub found: BTreeMap<Id, Found>,
    /// Second ones, which an interruption has left, and what is in them.
    pub duplicates: Vec<Found>,
    /// What has the name of one of its resources and is not the stack's: kind of thing and name.
    pub foreign: Vec<Foreign>,
    /// The newest NAT gateway of each id that has failed or is deleted: its creation's token is spent.
    pub spent: BTreeMap<Id, String>,
    /// What the stack offers.
    pub outputs: Outputs,
}

/// Something that stands where a resource of the stack should.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Foreign {
    /// What it stands in for.
    pub id: Id,
    /// Its name.
    pub name: String,
}

impl Observed {
    /// AWS's id of a resource.
    pub fn physical(&self, id: &str) -> Option<&str> {
        self.found.get(&Id::from(id)).map(|found| found.physical.as_str())
    }

    /// The zones of its subnets, where all of them are there.
    pub fn zones(&self) -> Option<[String; 3]> {
        let zone = |letter: &str| {
            ["public", "internal"].iter().find_map(|part| {
                match &self.found.get(&Id::new(format!("subnet/{part}-{letter}")))?.spec {
                    Spec::Subnet(subnet) => Some(subnet.zone.clone()),
                    _ => None,
                }
            })
        };
        Some([zone("a")?, zone("b")?, zone("c")?])
    }

    /// Nothing of the stack is there.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.duplicates.is_empty()
    }
}

/// Finds what there is of a stack.
///
/// # Errors
/// Every call that was not answered.
pub async fn observe(
    caller: &Caller<'_>,
    names: &Names,
    stack: &str,
) -> Result<Observed, Vec<Fault>> {
    let raw = raw::gather(caller, names, stack).await?;
    Ok(interpret::interpret(&raw, names, stack))
}
