//! Amounts of money and the lines of a bill: what the kinds say of their price, each by the table in its own file.

use std::fmt;

use serde::{Serialize, Serializer};

/// Hours in a month, as AWS's calculator counts them.
pub const HOURS: i64 = 730;
/// The region whose prices these are.
pub const PRICED_REGION: &str = "us-east-1";
/// The month in which they were gathered.
pub const PRICES_DATE: &str = "2026-11";
/// Their source.
pub const PRICES_SOURCE: &str = "AWS's public price pages; for the DB cluster's class, two sources that differ (compare the usage type \
                                 Multi-AZClusterUsage in the price list)";

/// US dollars, in millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(pub(crate) i64);

impl Usd {
    /// An amount in millionths of a dollar.
    pub const fn millionths(amount: i64) -> Self {
        Self(amount)
    }

    /// The amount in cents, rounded.
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

impl fmt::Display for Usd {
    /// With cents, such as `98.55`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.cents();
        let sign = if cents < 0 { "-" } else { "" };
        let (whole, rest) = (cents.abs() / 100, cents.abs() % 100);
        f.pad(&format!("{sign}{whole}.{rest:02}"))
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
    pub(crate) const fn exactly(millionths: i64) -> Self {
        Self { from: Usd(millionths), to: Usd(millionths) }
    }

    pub(crate) const fn between(from: i64, to: i64) -> Self {
        Self { from: Usd(from), to: Usd(to) }
    }

    pub(crate) fn times(self, quantity: i64) -> Self {
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

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from.cents() == self.to.cents() {
            self.from.fmt(f)
        } else {
            f.pad(&format!("{} to {}", self.from, self.to))
        }
    }
}

/// One thing that is paid for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The thing.
    pub what: String,
    /// The number of units.
    pub quantity: i64,
    /// The unit, such as `hour` or `GiB`.
    pub unit: &'static str,
    /// The price of one unit; none: it is not in the price table.
    pub unit_price: Option<Amount>,
    /// The price of a month.
    pub monthly: Option<Amount>,
}

/// A line in the making.
enum Entry {
    /// Resources that are paid by the hour and counted in one line, such as `3 NAT gateways`.
    Counted {
        names: (&'static str, &'static str),
        count: i64,
        price: Amount,
    },
    Line(Line),
}

/// The part of a bill that a line is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    Network,
    Compute,
    Data,
}

/// A bill in the making.
#[derive(Default)]
pub(crate) struct Bill {
    entries: Vec<(Section, Entry)>,
    /// Sentences that there are to know of it.
    pub(crate) notes: Vec<String>,
}

impl Bill {
    /// Adds resources that are paid by the hour; those of one name share a line.
    pub(crate) fn hourly(
        &mut self,
        section: Section,
        (one, many): (&'static str, &'static str),
        more: i64,
        price: Amount,
    ) {
        let same = self.entries.iter_mut().find_map(|(_, entry)| match entry {
            Entry::Counted { names, count, .. } if names.0 == one => Some(count),
            _ => None,
        });
        if let Some(count) = same {
            *count += more;
        } else {
            let entry = Entry::Counted { names: (one, many), count: more, price };
            self.entries.push((section, entry));
        }
    }

    /// Adds a line.
    pub(crate) fn line(
        &mut self,
        section: Section,
        what: impl Into<String>,
        (quantity, unit): (i64, &'static str),
        price: Option<Amount>,
    ) {
        self.entries.push((section, Entry::Line(Line::new(what.into(), quantity, unit, price))));
    }

    /// The lines, section by section.
    pub(crate) fn into_lines(mut self) -> Vec<Line> {
        self.entries.sort_by_key(|(section, _)| *section);
        let line = |entry| match entry {
            Entry::Line(line) => line,
            Entry::Counted { names: (one, many), count, price } => {
                let what = format!("{count} {}", if count == 1 { one } else { many });
                Line::new(what, count * HOURS, "hour", Some(price))
            }
        };
        self.entries.into_iter().map(|(_, entry)| line(entry)).collect()
    }
}

impl Line {
    fn new(what: String, quantity: i64, unit: &'static str, price: Option<Amount>) -> Self {
        let monthly = price.map(|price| price.times(quantity));
        Self { what, quantity, unit, unit_price: price, monthly }
    }
}
