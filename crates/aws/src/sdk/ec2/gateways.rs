use aws_sdk_ec2::types;
use aws_sdk_ec2::types::ResourceType;
use jiff::Timestamp;

use super::filters::Names;
use super::{PAGE, tagged, tags};
use crate::model::{InternetGateway, NatGateway};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, next, text};
use crate::sdk::error::Answer;
use crate::{
    ApiError, AttachInternetGateway, CreateInternetGateway, CreateNatGateway,
    DeleteInternetGateway, DeleteNatGateway, DescribeInternetGateways, DescribeNatGateways,
    DetachInternetGateway, Operation, Page,
};

fn internet_gateway(gateway: types::InternetGateway) -> InternetGateway {
    InternetGateway {
        id: text(gateway.internet_gateway_id),
        vpc: gateway.attachments.unwrap_or_default().into_iter().find_map(|found| found.vpc_id),
        tags: tags(gateway.tags),
    }
}

fn nat_gateway(gateway: types::NatGateway) -> NatGateway {
    let state = name(gateway.state.as_ref());
    let address = gateway.nat_gateway_addresses.unwrap_or_default().into_iter().next();
    let (allocation, public_ip) =
        address.map_or((None, None), |address| (address.allocation_id, address.public_ip));
    let failure = match (gateway.failure_code, gateway.failure_message) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => code.or(message),
    };
    NatGateway {
        id: text(gateway.nat_gateway_id),
        vpc: text(gateway.vpc_id),
        subnet: text(gateway.subnet_id),
        allocation,
        public_ip,
        state,
        failure,
        created: gateway.create_time.and_then(|time| Timestamp::from_second(time.secs()).ok()),
        tags: tags(gateway.tags),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn create_internet_gateway(
        &self,
        call: CreateInternetGateway,
    ) -> Result<InternetGateway, ApiError> {
        let request = self.ec2.create_internet_gateway();
        let request = request.tag_specifications(tagged(ResourceType::InternetGateway, call.tags));
        let answer = request.send().await.answer(Operation::CreateInternetGateway)?;
        let none = || types::InternetGateway::builder().build();
        Ok(internet_gateway(answer.internet_gateway.unwrap_or_else(none)))
    }

    pub(in crate::sdk) async fn describe_internet_gateways(
        &self,
        call: DescribeInternetGateways,
    ) -> Result<Page<InternetGateway>, ApiError> {
        let operation = Operation::DescribeInternetGateways;
        let vpc = Some("attachment.vpc-id");
        let names = Names { operation, id: "internet-gateway-id", vpc, name: None };
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_internet_gateways().set_filters(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(operation)?;
        Ok(Page {
            items: each(answer.internet_gateways, internet_gateway),
            next: next(answer.next_token),
        })
    }

    pub(in crate::sdk) async fn attach_internet_gateway(
        &self,
        call: AttachInternetGateway,
    ) -> Result<(), ApiError> {
        let request = self.ec2.attach_internet_gateway();
        let request = request.internet_gateway_id(call.gateway).vpc_id(call.vpc);
        request.send().await.answer(Operation::AttachInternetGateway).map(|_| ())
    }

    pub(in crate::sdk) async fn detach_internet_gateway(
        &self,
        call: DetachInternetGateway,
    ) -> Result<(), ApiError> {
        let request = self.ec2.detach_internet_gateway();
        let request = request.internet_gateway_id(call.gateway).vpc_id(call.vpc);
        request.send().await.answer(Operation::DetachInternetGateway).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_internet_gateway(
        &self,
        call: DeleteInternetGateway,
    ) -> Result<(), ApiError> {
        let request = self.ec2.delete_internet_gateway().internet_gateway_id(call.gateway);
        request.send().await.answer(Operation::DeleteInternetGateway).map(|_| ())
    }

    pub(in crate::sdk) async fn create_nat_gateway(
        &self,
        call: CreateNatGateway,
    ) -> Result<NatGateway, ApiError> {
        let request = self.ec2.create_nat_gateway().subnet_id(call.subnet);
        let request = request.allocation_id(call.allocation).client_token(call.client_token);
        let request = request.tag_specifications(tagged(ResourceType::Natgateway, call.tags));
        let answer = request.send().await.answer(Operation::CreateNatGateway)?;
        let none = || types::NatGateway::builder().build();
        Ok(nat_gateway(answer.nat_gateway.unwrap_or_else(none)))
    }

    pub(in crate::sdk) async fn describe_nat_gateways(
        &self,
        call: DescribeNatGateways,
    ) -> Result<Page<NatGateway>, ApiError> {
        let names = Names::of(Operation::DescribeNatGateways, "nat-gateway-id");
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_nat_gateways().set_filter(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(Operation::DescribeNatGateways)?;
        Ok(Page { items: each(answer.nat_gateways, nat_gateway), next: next(answer.next_token) })
    }

    pub(in crate::sdk) async fn delete_nat_gateway(
        &self,
        call: DeleteNatGateway,
    ) -> Result<(), ApiError> {
        let request = self.ec2.delete_nat_gateway().nat_gateway_id(call.gateway);
        request.send().await.answer(Operation::DeleteNatGateway).map(|_| ())
    }
}
