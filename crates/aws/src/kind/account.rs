//! The properties of an account and its region: identity, zones, instance types, database classes, quotas, parameters.

pub(crate) mod simulated;

use crate::page::prelude::*;

/// The identity of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    pub name: String,
    pub id: String,
    /// `available`, or the reason why it is not.
    pub state: String,
}

/// A way in which a database can be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderableDatabase {
    pub engine_version: String,
    pub class: String,
    pub storage_type: String,
    pub zones: Vec<String>,
    /// Multi-AZ DB clusters.
    pub supports_clusters: bool,
    pub min_storage_gib: Option<i32>,
    pub max_storage_gib: Option<i32>,
    pub min_iops: Option<i32>,
    pub max_iops: Option<i32>,
}

/// A quota of a service: EC2's `max-elastic-ips`, RDS's `DBClusters`, …
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    pub name: String,
    pub max: i64,
    /// The number in use, where the service says it.
    pub used: Option<i64>,
}

/// An instance type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceType {
    pub name: String,
    pub vcpus: i64,
}

operations! {
    GetCallerIdentity {} -> Identity;
    DescribeAvailabilityZones {} -> Vec<Zone>;
    DescribeInstanceTypeOfferings { instance_type: String } -> Vec<String>;
    DescribeInstanceTypes { instance_type: String } -> Vec<InstanceType>;
    DescribeAccountAttributes {} -> Vec<Quota>;
    DescribeOrderableDBInstanceOptions {
        engine: String,
        class: String,
        page: Option<String>,
    } -> Page<OrderableDatabase>;
    DescribeRdsAccountAttributes {} -> Vec<Quota>;
    DescribeElbAccountLimits {} -> Vec<Quota>;
    DescribeAutoScalingAccountLimits {} -> Vec<Quota>;
    GetParameter { name: String } -> String;
    // A service and a quota of it, by their codes in Service Quotas.
    GetServiceQuota { service: String, quota: String } -> i64;
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_rds::types::OrderableDbInstanceOption;
    use serde_json::json;

    use super::*;
    use crate::kind::prelude::*;

    fn filter(name: &str, value: impl Into<Parameter>) -> Vec<Parameter> {
        vec![structure! { "Name": name, "Value": vec![value] }]
    }

    fn orderable(found: OrderableDbInstanceOption) -> OrderableDatabase {
        OrderableDatabase {
            engine_version: text(found.engine_version),
            class: text(found.db_instance_class),
            storage_type: text(found.storage_type),
            zones: each(found.availability_zones, |zone| text(zone.name)),
            supports_clusters: found.supports_clusters.unwrap_or_default(),
            min_storage_gib: found.min_storage_size,
            max_storage_gib: found.max_storage_size,
            min_iops: found.min_iops_per_db_instance,
            max_iops: found.max_iops_per_db_instance,
        }
    }

    requests! { sts
        get_caller_identity(_call: GetCallerIdentity) {}
            => |answer| Identity { account: text(answer.account), arn: text(answer.arn) };
    }

    query! { ec2
        // Local zones and wavelength zones have no database and few instance types.
        describe_availability_zones(_call: DescribeAvailabilityZones) {
            "Filter": filter("zone-type", "availability-zone"),
        } => |answer| answer.each("availabilityZoneInfo", |zone| Zone {
            name: zone.text("zoneName"),
            id: zone.text("zoneId"),
            state: zone.text("zoneState"),
        });
        describe_instance_type_offerings(call: DescribeInstanceTypeOfferings) {
            "LocationType": "availability-zone",
            "Filter": filter("instance-type", call.instance_type),
        } => |answer| answer.each("instanceTypeOfferingSet", |offering| offering.text("location"));
        find describe_instance_types(call: DescribeInstanceTypes) {
            "InstanceType": vec![call.instance_type],
        } or "InvalidInstanceType" => |answer| answer.each("instanceTypeSet", |found| InstanceType {
            name: found.text("instanceType"),
            vcpus: found.child("vCpuInfo").parsed("defaultVCpus").unwrap_or_default(),
        });
        describe_account_attributes(_call: DescribeAccountAttributes) {} => |answer| {
            let quota = |attribute: Element<'_>| {
                // Some attributes are no numbers: the supported platforms, the default VPC.
                let value = attribute.items("attributeValueSet").next()?.option("attributeValue")?;
                let name = attribute.option("attributeName")?;
                Some(Quota { name, max: value.parse().ok()?, used: None })
            };
            answer.items("accountAttributeSet").filter_map(quota).collect()
        };
    }

    requests! { rds
        describe_orderable_db_instance_options(call: DescribeOrderableDBInstanceOptions) {
            engine(call.engine) db_instance_class(call.class) vpc(true)
            // The most that this list allows.
            max_records(100) set_marker(call.page)
        } => |answer| Page {
            items: each(answer.orderable_db_instance_options, orderable),
            next: next(answer.marker),
        };
        describe_account_attributes as describe_rds_account_attributes(_call: DescribeRdsAccountAttributes) {}
            => |answer| each(answer.account_quotas, |quota| Quota {
                name: text(quota.account_quota_name),
                max: quota.max.unwrap_or_default(),
                used: quota.used,
            });
    }

    query! { elb
        // The most that this list allows.
        describe_elb_account_limits(_call: DescribeElbAccountLimits) { "PageSize": 400 } => |answer| {
            let limit = |limit: Element<'_>| {
                let max = limit.option("Max")?.parse().ok()?;
                Some(Quota { name: limit.option("Name")?, max, used: None })
            };
            answer.items("Limits").filter_map(limit).collect()
        };
    }

    query! { autoscaling
        describe_auto_scaling_account_limits(_call: DescribeAutoScalingAccountLimits) {} => |answer| {
            let used = answer.parsed("NumberOfAutoScalingGroups");
            let max = answer.parsed("MaxNumberOfAutoScalingGroups").into_iter();
            max.map(|max| Quota { name: "auto-scaling-groups".into(), max, used }).collect()
        };
    }

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct FoundParameter {
        parameter: ParameterValue,
    }

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct ParameterValue {
        value: String,
    }

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct FoundQuota {
        quota: QuotaValue,
    }

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct QuotaValue {
        value: f64,
    }

    impl Sdk {
        pub(crate) async fn get_parameter(&self, call: GetParameter) -> Result<String, ApiError> {
            let body = json!({ "Name": call.name });
            let found: FoundParameter = self.ssm.call(Operation::GetParameter, body).await?;
            Ok(found.parameter.value)
        }

        pub(crate) async fn get_service_quota(
            &self,
            call: GetServiceQuota,
        ) -> Result<i64, ApiError> {
            let body = json!({ "ServiceCode": call.service, "QuotaCode": call.quota });
            let found: FoundQuota = self.quotas.call(Operation::GetServiceQuota, body).await?;
            #[expect(clippy::cast_possible_truncation, reason = "quotas are whole numbers")]
            let value = found.quota.value as i64;
            Ok(value)
        }
    }
}
