//! The cost of a topology a month: a line for each thing that is paid by the hour or by its size, with its price, and notes on
//! what is paid by use. No service is asked: each kind has its prices, as of one date.

mod options;
mod table;

use serde::Serialize;

pub use options::{Saving, options};

use crate::price::Bill;
pub use crate::price::{Amount, HOURS, Line, PRICED_REGION, PRICES_DATE, PRICES_SOURCE, Usd};
use crate::resource::Topology;

/// The cost of a topology a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The stack.
    pub stack: String,
    /// The region.
    pub region: String,
    /// The region whose prices these are.
    pub priced_region: &'static str,
    /// The month in which the prices were gathered.
    pub prices_date: &'static str,
    /// The source of the prices.
    pub prices_source: &'static str,
    /// The things that are paid for.
    pub lines: Vec<Line>,
    /// The sum of all lines whose price is known.
    pub total: Amount,
    /// A line has no price: it is more than the total.
    pub is_at_least: bool,
    /// Sentences that there are to know beside.
    pub notes: Vec<String>,
}

/// Adds up the cost of a topology a month in a region.
pub fn monthly(topology: &Topology, region: &str) -> Cost {
    let mut bill = Bill::default();
    // By kind, so that what the kinds have in common comes in the same order whatever the topology's is.
    for kind in crate::kind::ALL {
        for resource in topology.resources.iter().filter(|one| one.spec.kind() == *kind) {
            resource.spec.inner().price(topology, &mut bill);
        }
    }
    let notes = notes(region, std::mem::take(&mut bill.notes));
    let lines = bill.into_lines();
    Cost {
        stack: topology.stack.clone(),
        region: region.to_owned(),
        priced_region: PRICED_REGION,
        prices_date: PRICES_DATE,
        prices_source: PRICES_SOURCE,
        total: lines.iter().filter_map(|line| line.monthly).sum(),
        is_at_least: lines.iter().any(|line| line.monthly.is_none()),
        notes,
        lines,
    }
}

fn notes(region: &str, of_kinds: Vec<String>) -> Vec<String> {
    let mut notes = vec![format!(
        "Prices: {PRICED_REGION}, on demand, {PRICES_DATE}; {PRICES_SOURCE}. A month has {HOURS} hours."
    )];
    if region != PRICED_REGION {
        notes.push(format!(
            "{region} has prices of its own, which are not in the table: these are those of {PRICED_REGION}."
        ));
    }
    notes.extend(of_kinds);
    notes.push(
        "By use, and not in the total: 0.045 a GB through NAT gateways; 0.008 an hour for each capacity unit of the load \
         balancer; traffic to the internet and between zones; what is stored in S3 and asked of it; backups beyond the \
         database's own size; logs of the database in CloudWatch."
            .to_owned(),
    );
    notes
}
