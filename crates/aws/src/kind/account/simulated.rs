//! The properties of an account and its region: identity, zones, instance types, database classes, quotas, parameters.

use crate::kind::simulated::db_cluster::has_clusters;
use crate::kind::simulated::prelude::*;
use crate::world::settings::Zone as ZoneSetting;

/// Tells whether a name could be that of an instance type: `t3.micro`, `m6gd.large`.
fn is_type(name: &str) -> bool {
    let Some((family, size)) = name.split_once('.') else { return false };
    let has_generation = family.chars().any(|c| c.is_ascii_digit());
    let sizes = ["nano", "micro", "small", "medium", "large", "metal"];
    let is_size = sizes.contains(&size)
        || size
            .strip_suffix("xlarge")
            .is_some_and(|times| times.chars().all(|c| c.is_ascii_digit()));
    family.starts_with(|c: char| c.is_ascii_lowercase()) && has_generation && is_size
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
