//! What a topology costs a month: a line for each thing that is paid by the hour or by its size, with its price, and notes on
//! what is paid by use. Nobody is asked: the prices are a table, with its date.

mod options;
mod prices;
mod table;

use serde::{Serialize, Serializer};

pub use options::{Difference, options};
pub use prices::{PRICED_REGION, PRICES_DATE, PRICES_SOURCE};

use crate::topology::{DbCluster, Kind, LaunchTemplate, Spec, Topology};

/// Hours in a month, as AWS's calculator counts them.
pub const HOURS: i64 = 730;

/// US dollars, in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(i64);

impl Usd {
    /// From millionths of a dollar.
    pub const fn millionths(amount: i64) -> Self {
        Self(amount)
    }

    /// In cents, rounded.
    pub fn cents(self) -> i64 {
        (self.0 + 5_000 * self.0.signum()) / 10_000
    }

    fn times(self, quantity: i64) -> Self {
        Self(self.0 * quantity)
    }
}

impl Serialize for Usd {
    /// As a number of dollars.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "no stack costs billions")]
        serializer.serialize_f64(self.0 as f64 / 1_000_000.0)
    }
}

/// An amount that is known, or known to lie between two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// At least.
    pub from: Usd,
    /// At most.
    pub to: Usd,
}

impl Amount {
    const fn exactly(millionths: i64) -> Self {
        Self { from: Usd(millionths), to: Usd(millionths) }
    }

    const fn between(from: i64, to: i64) -> Self {
        Self { from: Usd(from), to: Usd(to) }
    }

    fn times(self, quantity: i64) -> Self {
        Self { from: self.from.times(quantity), to: self.to.times(quantity) }
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), |sum, amount| {
            Self::between(sum.from.0 + amount.from.0, sum.to.0 + amount.to.0)
        })
    }
}

/// One thing that is paid for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What it is.
    pub what: String,
    /// How many.
    pub quantity: i64,
    /// Of what, such as `hour` or `GiB`.
    pub unit: &'static str,
    /// The price of one unit; none: it is not in the price table.
    pub unit_price: Option<Amount>,
    /// A month's.
    pub monthly: Option<Amount>,
}

/// What a topology costs a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// The stack.
    pub stack: String,
    /// Where it is.
    pub region: String,
    /// Whose prices these are.
    pub priced_region: &'static str,
    /// When the prices were gathered.
    pub prices_date: &'static str,
    /// Where from.
    pub prices_source: &'static str,
    /// What is paid for.
    pub lines: Vec<Line>,
    /// The sum of all lines whose price is known.
    pub total: Amount,
    /// A line has no price: it is more than the total.
    pub is_at_least: bool,
    /// What else there is to know, a sentence each.
    pub notes: Vec<String>,
}

/// What a topology costs a month in a region.
pub fn monthly(topology: &Topology, region: &str) -> Cost {
    let lines = lines(topology);
    Cost {
        stack: topology.stack.clone(),
        region: region.to_owned(),
        priced_region: PRICED_REGION,
        prices_date: PRICES_DATE,
        prices_source: PRICES_SOURCE,
        total: lines.iter().filter_map(|line| line.monthly).sum(),
        is_at_least: lines.iter().any(|line| line.monthly.is_none()),
        notes: notes(topology, region),
        lines,
    }
}

fn line(what: impl Into<String>, quantity: i64, unit: &'static str, price: Option<Amount>) -> Line {
    let monthly = price.map(|price| price.times(quantity));
    Line { what: what.into(), quantity, unit, unit_price: price, monthly }
}

/// How many resources of a kind.
fn count(topology: &Topology, kind: Kind) -> i64 {
    let found = topology.resources.iter().filter(|resource| resource.spec.kind() == kind).count();
    i64::try_from(found).unwrap_or(i64::MAX)
}

fn lines(topology: &Topology) -> Vec<Line> {
    let mut lines = Vec::new();
    let nats = count(topology, Kind::NatGateway);
    let counted = |count: i64, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    if nats > 0 {
        let price = Some(prices::NAT_GATEWAY);
        lines.push(line(counted(nats, "NAT gateway", "NAT gateways"), nats * HOURS, "hour", price));
    }
    let (mut balancers, mut balancer_addresses) = (0, 0);
    for resource in &topology.resources {
        if let Spec::LoadBalancer(balancer) = &resource.spec {
            balancers += 1;
            balancer_addresses += i64::try_from(balancer.subnets.len()).unwrap_or(i64::MAX);
        }
    }
    let addresses = count(topology, Kind::Address) + balancer_addresses;
    if addresses > 0 {
        let what = counted(addresses, "public IPv4 address", "public IPv4 addresses");
        lines.push(line(what, addresses * HOURS, "hour", Some(prices::PUBLIC_ADDRESS)));
    }
    if balancers > 0 {
        let price = Some(prices::LOAD_BALANCER);
        lines.push(line(
            counted(balancers, "load balancer", "load balancers"),
            balancers * HOURS,
            "hour",
            price,
        ));
    }
    instances(topology, &mut lines);
    for resource in &topology.resources {
        if let Spec::DbCluster(cluster) = &resource.spec {
            database(cluster, &mut lines);
        }
    }
    lines
}

/// The fewest instances that the group may have.
fn instances(topology: &Topology, lines: &mut Vec<Line>) {
    let Some((template, fewest, _)) = group(topology) else { return };
    let LaunchTemplate { instance_type, volume, .. } = template;
    let price = prices::instance(instance_type);
    lines.push(line(format!("{fewest} × {instance_type}"), fewest * HOURS, "hour", price));
    let size = i64::from(volume.size_gib);
    let price = (volume.kind == "gp3").then_some(prices::VOLUME);
    let what = format!("{fewest} × {size} GiB of {}, their volumes", volume.kind);
    lines.push(line(what, fewest * size, "GiB", price));
}

/// What the instances are made from, and how many there are at least and at most.
fn group(topology: &Topology) -> Option<(&LaunchTemplate, i64, i64)> {
    let group = topology.resources.iter().find_map(|resource| match &resource.spec {
        Spec::AutoScalingGroup(group) => Some(group),
        _ => None,
    })?;
    let Spec::LaunchTemplate(template) = &topology.get(&group.launch_template)?.spec else {
        return None;
    };
    Some((template, group.min.into(), group.max.into()))
}

/// Each of the cluster's three instances has the whole storage, and pays for it.
fn database(cluster: &DbCluster, lines: &mut Vec<Line>) {
    let what = format!("DB cluster of 3 × {}", cluster.class);
    lines.push(line(what, HOURS, "hour", prices::database(&cluster.class)));
    let (size, copies) = (i64::from(cluster.storage_gib), 3);
    let what = format!("3 × {size} GiB of {}, its storage", cluster.storage_type);
    lines.push(line(what, copies * size, "GiB", prices::storage(&cluster.storage_type)));
    let (included, price) = prices::operations(&cluster.storage_type, size);
    let paid = i64::from(cluster.iops.unwrap_or(0)) - included;
    if paid > 0 {
        let what = format!("3 × {paid} operations a second of its storage");
        lines.push(line(what, copies * paid, "IOPS", price));
    }
    if cluster.managed_password {
        let what = "1 secret, the database's password";
        lines.push(line(what, 1, "secret", Some(prices::SECRET)));
    }
}

fn notes(topology: &Topology, region: &str) -> Vec<String> {
    let mut notes = vec![format!(
        "Prices: {PRICED_REGION}, on demand, {PRICES_DATE}; {PRICES_SOURCE}. A month has {HOURS} hours."
    )];
    if region != PRICED_REGION {
        notes.push(format!(
            "{region} has prices of its own, which are not in the table: these are those of {PRICED_REGION}."
        ));
    }
    if let Some((template, fewest, most)) = group(topology)
        && most > fewest
    {
        let more = prices::instance(&template.instance_type).map(|price| {
            let volume = prices::VOLUME.times(template.volume.size_gib.into());
            table::amount([price.times(HOURS), volume].into_iter().sum())
        });
        let more = more.map_or_else(String::new, |more| format!("; each further one adds {more}"));
        notes.push(format!("{fewest} instances are counted, of at most {most}{more}."));
    }
    notes.push(
        "By use, and not in the total: 0.045 a GB through NAT gateways; 0.008 an hour for each capacity unit of the load \
         balancer; traffic to the internet and between zones; what is stored in S3 and asked of it; backups beyond the \
         database's own size; logs of the database in CloudWatch."
            .to_owned(),
    );
    notes
}

#[cfg(test)]
mod tests;
