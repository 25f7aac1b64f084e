use aws_sdk_ec2::types;

use super::filters::Names;
use super::{PAGE, tags};
use crate::model::Instance;
use crate::sdk::Sdk;
use crate::sdk::convert::{name, next, text};
use crate::sdk::error::Answer;
use crate::{ApiError, DescribeInstances, Operation, Page};

fn instance(instance: types::Instance) -> Instance {
    Instance {
        id: text(instance.instance_id),
        zone: text(instance.placement.and_then(|placement| placement.availability_zone)),
        state: name(instance.state.and_then(|state| state.name).as_ref()),
        private_ip: instance.private_ip_address,
        tags: tags(instance.tags),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn describe_instances(
        &self,
        call: DescribeInstances,
    ) -> Result<Page<Instance>, ApiError> {
        let names = Names::of(Operation::DescribeInstances, "instance-id");
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_instances().set_filters(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(Operation::DescribeInstances)?;
        let reservations = answer.reservations.unwrap_or_default().into_iter();
        let instances =
            reservations.flat_map(|reservation| reservation.instances.unwrap_or_default());
        Ok(Page { items: instances.map(instance).collect(), next: next(answer.next_token) })
    }
}
