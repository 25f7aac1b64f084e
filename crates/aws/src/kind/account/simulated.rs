//! The properties of an account and its region: identity, zones, instance types, database classes, quotas, parameters.

use crate::kind::simulated::auto_scaling_group::VCPUS;
use crate::kind::simulated::db_cluster::has_clusters;
use crate::kind::simulated::prelude::*;
use crate::world::settings::Zone as ZoneSetting;

/// The code, in Service Quotas, of the vCPUs of running On-Demand Standard instances.
const VCPU_QUOTA: &str = "L-1216C47A";

/// The beginnings of the families of instance types ("Amazon EC2 instance types").
const SERIES: [&str; 21] = [
    "a", "c", "d", "dl", "f", "g", "h", "hpc", "i", "im", "inf", "is", "m", "mac", "p", "r", "t",
    "trn", "u", "vt", "x",
];
/// The sizes of any family, beside those with a number.
const SIZES: [&str; 5] = ["medium", "large", "xlarge", "metal", "small"];
/// The sizes of the families whose processors are shared.
const BURSTABLE: [&str; 7] = ["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"];
/// The numbers of times `xlarge` that any family has.
const TIMES: [&str; 16] =
    ["2", "3", "4", "6", "8", "9", "10", "12", "16", "18", "24", "32", "48", "56", "96", "112"];

/// Tells whether a name could be that of an instance type: `t3.micro`, `m6gd.large`.
fn is_type(name: &str) -> bool {
    let Some((family, size)) = name.split_once('.') else { return false };
    let series = family.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
    let has_generation = family.chars().any(|c| c.is_ascii_digit());
    let is_size = match series {
        "t" => BURSTABLE.contains(&size),
        _ => {
            SIZES.contains(&size)
                || size.starts_with("metal-")
                || size.strip_suffix("xlarge").is_some_and(|times| TIMES.contains(&times))
        }
    };
    (SERIES.contains(&series) || series == "z") && has_generation && is_size
}

/// The vCPUs of an instance type, by its size: those of the families t, m, c and r ("Amazon EC2 instance types").
pub(crate) fn vcpus(kind: &str) -> i64 {
    let (family, size) = kind.split_once('.').unwrap_or_default();
    match size {
        "nano" | "micro" | "small" if family == "t2" => 1,
        "medium" if !family.starts_with('t') => 1,
        "xlarge" => 4,
        size => size
            .strip_suffix("xlarge")
            .and_then(|times| times.parse::<i64>().ok())
            .map_or(2, |times| 4 * times),
    }
}

impl World {
    pub(crate) fn get_caller_identity(&mut self, _: GetCallerIdentity) -> Answer<Identity> {
        let partition = self.partition().id;
        let arn = format!("arn:{partition}:sts::{}:assumed-role/simulated/session", self.account);
        Ok(Identity { account: self.account.clone(), arn })
    }

    pub(crate) fn describe_availability_zones(
        &mut self,
        _: DescribeAvailabilityZones,
    ) -> Answer<Vec<Zone>> {
        let zones = self.settings.zones.iter().enumerate();
        let zone = |(index, zone): (usize, &ZoneSetting)| Zone {
            name: format!("{}{}", self.region, zone.letter),
            id: format!("{}-az{}", self.region, index + 1),
            state: zone.state.clone(),
        };
        Ok(zones.map(zone).collect())
    }

    pub(crate) fn describe_instance_type_offerings(
        &mut self,
        call: DescribeInstanceTypeOfferings,
    ) -> Answer<Vec<String>> {
        let is_type = is_type(&call.instance_type);
        Ok(self.zones(|zone| is_type && zone.has_instances))
    }

    pub(crate) fn describe_instance_types(
        &mut self,
        call: DescribeInstanceTypes,
    ) -> Answer<Vec<InstanceType>> {
        let name = call.instance_type;
        if !is_type(&name) {
            let message = format!("The following supplied instance types do not exist: [{name}]");
            return refuse("InvalidInstanceType", message);
        }
        Ok(vec![InstanceType { vcpus: vcpus(&name), name }])
    }

    /// The one quota that is asked for here.
    pub(crate) fn get_service_quota(&mut self, call: GetServiceQuota) -> Answer<i64> {
        if (call.service.as_str(), call.quota.as_str()) == ("ec2", VCPU_QUOTA) {
            return Ok(self.most(&VCPUS));
        }
        refuse(
            "NoSuchResourceException",
            "The request failed because the specified quota is unknown.",
        )
    }

    /// One engine version, and each kind of storage.
    pub(crate) fn describe_orderable_db_instance_options(
        &mut self,
        call: DescribeOrderableDBInstanceOptions,
    ) -> Answer<Page<OrderableDatabase>> {
        let version = match call.engine.as_str() {
            "mysql" => "8.4.6",
            "postgres" => "17.6",
            other => return refuse("InvalidParameterValue", format!("Invalid DB engine: {other}")),
        };
        let is_class = call.class.strip_prefix("db.").is_some_and(is_type);
        if !is_class {
            return Ok(Page::only(Vec::new()));
        }
        let zones = self.zones(|zone| zone.has_databases);
        let option = |storage: &str, least, iops: Option<(i32, i32)>| OrderableDatabase {
            engine_version: version.into(),
            class: call.class.clone(),
            storage_type: storage.into(),
            zones: zones.clone(),
            supports_clusters: storage != "gp2" && has_clusters(&call.class),
            min_storage_gib: Some(least),
            max_storage_gib: Some(65_536),
            min_iops: iops.map(|iops| iops.0),
            max_iops: iops.map(|iops| iops.1),
        };
        // Two pages, so that who reads only the first finds no gp3.
        if call.page.is_none() {
            let items = vec![option("gp2", 20, None), option("io1", 100, Some((1000, 256_000)))];
            return Ok(Page { items, next: Some("2".into()) });
        }
        Ok(Page::only(vec![option("gp3", 20, Some((3000, 16_000)))]))
    }

    pub(crate) fn get_parameter(&mut self, call: GetParameter) -> Answer<String> {
        match call
            .name
            .strip_prefix("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-")
        {
            Some("x86_64") => Ok("ami-0a1b2c3d4e5f60718".into()),
            Some("arm64") => Ok("ami-0817f6e5d4c3b2a10".into()),
            _ => refuse("ParameterNotFound", format!("{} not found", call.name)),
        }
    }

    /// A quota under its service's name for it.
    pub(crate) fn quota_as(&self, name: &str, quota: &DefaultQuota, used: Option<usize>) -> Quota {
        Quota {
            name: name.into(),
            max: self.most(quota),
            used: used.and_then(|used| i64::try_from(used).ok()),
        }
    }
}
