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
    pub instance_type: String,
    /// The number of its vCPUs, where EC2 says it.
    pub vcpus: Option<i64>,
    /// Neither a spot instance nor a reserved one: it counts against the quotas of running on-demand instances.
    pub is_on_demand: bool,
    pub tags: Tags,
}

operations! {
    DescribeInstances { select: Select, page: Option<String> } -> Page<Instance>;
    // The console's newest text, of 64 KiB at most.
    GetConsoleOutput { instance: String } -> String;
}

#[cfg(feature = "sdk")]
mod sdk {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::kind::prelude::*;

    fn instance(instance: Element<'_>) -> Instance {
        Instance {
            id: instance.text("instanceId"),
            zone: instance.child("placement").text("availabilityZone"),
            state: instance.child("instanceState").text("name"),
            private_ip: instance.option("privateIpAddress"),
            instance_type: instance.text("instanceType"),
            vcpus: vcpus(instance.child("cpuOptions")),
            is_on_demand: instance.option("instanceLifecycle").is_none(),
            tags: instance.tags(),
        }
    }

    /// All threads of all cores.
    fn vcpus(options: Element<'_>) -> Option<i64> {
        let cores: Option<i64> = options.parsed("coreCount");
        Some(cores? * options.parsed::<i64>("threadsPerCore")?)
    }

    /// The console's text. What cannot be read of it is shown as it came.
    fn console(answer: Element<'_>) -> String {
        let output = answer.text("output");
        let bytes = BASE64_STANDARD.decode(output.split_whitespace().collect::<String>());
        bytes.map_or(output, |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    query! { ec2
        get_console_output(call: GetConsoleOutput) {
            "InstanceId": call.instance, "Latest": true,
        } => |answer| console(answer);
        pages describe_instances(DescribeInstances) by Filters::by("instance-id") => |answer| {
            let reservations = answer.items("reservationSet");
            reservations.flat_map(|found| found.each("instancesSet", instance)).collect()
        };
    }
}
