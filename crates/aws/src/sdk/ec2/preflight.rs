use aws_sdk_ec2::types::{Filter, LocationType};

use crate::model::{Quota, Zone};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, text};
use crate::sdk::error::Answer;
use crate::{
    ApiError, DescribeAccountAttributes, DescribeAvailabilityZones, DescribeInstanceTypeOfferings,
    Operation,
};

impl Sdk {
    pub(in crate::sdk) async fn describe_availability_zones(
        &self,
        DescribeAvailabilityZones {}: DescribeAvailabilityZones,
    ) -> Result<Vec<Zone>, ApiError> {
        // Local zones and wavelength zones have no database and few instance types.
        let kind = Filter::builder().name("zone-type").values("availability-zone").build();
        let answer = self.ec2.describe_availability_zones().filters(kind).send().await;
        let answer = answer.answer(Operation::DescribeAvailabilityZones)?;
        Ok(each(answer.availability_zones, |zone| Zone {
            name: text(zone.zone_name),
            id: text(zone.zone_id),
            state: name(zone.state.as_ref()),
        }))
    }

    pub(in crate::sdk) async fn describe_instance_type_offerings(
        &self,
        call: DescribeInstanceTypeOfferings,
    ) -> Result<Vec<String>, ApiError> {
        let kind = Filter::builder().name("instance-type").values(call.instance_type).build();
        let request = self.ec2.describe_instance_type_offerings();
        let request = request.location_type(LocationType::AvailabilityZone).filters(kind);
        let answer = request.send().await.answer(Operation::DescribeInstanceTypeOfferings)?;
        Ok(each(answer.instance_type_offerings, |offering| text(offering.location)))
    }

    pub(in crate::sdk) async fn describe_account_attributes(
        &self,
        DescribeAccountAttributes {}: DescribeAccountAttributes,
    ) -> Result<Vec<Quota>, ApiError> {
        let answer = self.ec2.describe_account_attributes().send().await;
        let answer = answer.answer(Operation::DescribeAccountAttributes)?;
        let attributes = answer.account_attributes.unwrap_or_default().into_iter();
        Ok(attributes
            .filter_map(|attribute| {
                // Some attributes are no numbers: the supported platforms, the default VPC.
                let value = attribute.attribute_values?.into_iter().next()?.attribute_value?;
                Some(Quota {
                    name: attribute.attribute_name?,
                    max: value.parse().ok()?,
                    used: None,
                })
            })
            .collect())
    }
}
