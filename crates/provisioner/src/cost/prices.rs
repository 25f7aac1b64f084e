use super::Amount;

/// The region whose prices these are.
pub const PRICED_REGION: &str = "us-east-1";
/// When they were gathered.
pub const PRICES_DATE: &str = "2026-11";
/// Where from.
pub const PRICES_SOURCE: &str = "AWS's public price pages; for the DB cluster's class, two sources that differ (compare the usage type \
                                 Multi-AZClusterUsage in the price list)";

pub(super) const NAT_GATEWAY: Amount = Amount::exactly(45_000);
/// The same in all commercial regions.
pub(super) const PUBLIC_ADDRESS: Amount = Amount::exactly(5_000);
pub(super) const LOAD_BALANCER: Amount = Amount::exactly(22_500);
pub(super) const VOLUME: Amount = Amount::exactly(80_000);
pub(super) const SECRET: Amount = Amount::exactly(400_000);

/// An hour of an instance type with Linux.
pub(super) fn instance(instance_type: &str) -> Option<Amount> {
    let (family, size) = instance_type.split_once('.')?;
    // The price of a `large`: the other sizes of a family cost in proportion to it.
    let large = match family {
        "t3" => 83_200,
        "t3a" => 75_200,
        "t4g" => 67_200,
        "m5" | "m6i" => 96_000,
        "m6g" => 77_000,
        "m7i" | "r6g" => 100_800,
        "m7g" => 81_600,
        "c5" | "c6i" => 85_000,
        "c6g" => 68_000,
        "c7g" => 72_500,
        "r5" | "r6i" => 126_000,
        _ => return None,
    };
    let is_burstable = family.starts_with('t');
    let sixteenths = match size {
        "nano" if is_burstable => 1,
        "micro" if is_burstable => 2,
        "small" if is_burstable => 4,
        "medium" if is_burstable => 8,
        "large" => 16,
        "xlarge" => 32,
        "2xlarge" => 64,
        "4xlarge" if !is_burstable => 128,
        "8xlarge" if !is_burstable => 256,
        _ => return None,
    };
    Some(Amount::exactly(large * sixteenths / 16))
}

/// An hour of a Multi-AZ DB cluster of this class, all three instances.
pub(super) fn database(class: &str) -> Option<Amount> {
    let large = match class.strip_prefix("db.")?.split_once('.')? {
        ("m5d", size) => (size, Amount::between(534_000, 630_000)),
        _ => return None,
    };
    let times = match large.0 {
        "large" => 1,
        "xlarge" => 2,
        "2xlarge" => 4,
        "4xlarge" => 8,
        "8xlarge" => 16,
        "12xlarge" => 24,
        "16xlarge" => 32,
        "24xlarge" => 48,
        _ => return None,
    };
    Some(large.1.times(times))
}

/// A month of one GiB on one instance.
pub(super) fn storage(kind: &str) -> Option<Amount> {
    match kind {
        "gp3" => Some(Amount::exactly(115_000)),
        "io1" => Some(Amount::exactly(125_000)),
        _ => None,
    }
}

/// The operations a second that a storage of this size includes, and a month's price of each further one on one instance.
/// gp3's are RDS's own: more from 400 GiB on.
pub(super) fn operations(kind: &str, size_gib: i64) -> (i64, Option<Amount>) {
    match kind {
        "gp3" if size_gib >= 400 => (12_000, Some(Amount::exactly(20_000))),
        "gp3" => (3_000, Some(Amount::exactly(20_000))),
        "io1" => (0, Some(Amount::exactly(100_000))),
        _ => (0, None),
    }
}
