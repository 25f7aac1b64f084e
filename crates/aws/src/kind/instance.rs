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
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn instance(instance: types::Instance) -> Instance {
        Instance {
            id: text(instance.instance_id),
            zone: text(instance.placement.and_then(|placement| placement.availability_zone)),
            state: name(instance.state.and_then(|state| state.name).as_ref()),
            private_ip: instance.private_ip_address,
            tags: ec2::tags(instance.tags),
        }
    }

    requests! { ec2
        pages describe_instances.set_filters(DescribeInstances) by Filters::by("instance-id")
            => |answer| {
                let reservations = answer.reservations.unwrap_or_default().into_iter();
                reservations.flat_map(|found| each(found.instances, instance)).collect()
            };
    }
}
