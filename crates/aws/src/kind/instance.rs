//! Instances, which auto scaling groups start and end.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: String,
    pub zone: String,
    /// `pending`, `running`, `shutting-down`, `terminated`, `stopping`, `stopped`.
    pub state: String,
    pub private_ip: Option<String>,
    pub tags: Tags,
}

operations! {
    DescribeInstances { select: Select, page: Option<String> } -> Page<Instance>;
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    fn instance(instance: Element<'_>) -> Instance {
        Instance {
            id: instance.text("instanceId"),
            zone: instance.child("placement").text("availabilityZone"),
            state: instance.child("instanceState").text("name"),
            private_ip: instance.option("privateIpAddress"),
            tags: instance.tags(),
        }
    }

    query! { ec2
        pages describe_instances(DescribeInstances) by Filters::by("instance-id") => |answer| {
            let reservations = answer.items("reservationSet");
            reservations.flat_map(|found| found.each("instancesSet", instance)).collect()
        };
    }
}
