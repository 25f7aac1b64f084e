//! The prices of instances, on demand with Linux.

use crate::resource::prelude::*;

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
