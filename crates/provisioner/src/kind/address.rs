//! A public address that stays: each NAT gateway has one.
//!
//! It has neither a name nor a client token, so an interruption can leave a second one: see [`Unique`].

use skyward_aws::{AllocateAddress, DescribeAddresses, ReleaseAddress};

use super::NatGateway;
use super::internet_gateway::ATTACHMENT;
use super::nat_gateway::letters;
use crate::resource::prelude::*;

/// An hour of a public IPv4 address; the same in all commercial regions.
pub(crate) const PRICE: Amount = Amount::exactly(5_000);
/// The line of a bill that counts public addresses.
pub(crate) const LINE: (&str, &str) = ("public IPv4 address", "public IPv4 addresses");

/// A public address that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Address {}

struct Addresses<'a>(&'a StepContext<'a>);

impl Unique for Addresses<'_> {
    type Item = model::Address;

    async fn list(&self) -> Result<Vec<model::Address>, CallError> {
        let call = DescribeAddresses { select: self.0.run.of_stack() };
        let all = self.0.run.caller.read(call).await?;
        Ok(all.into_iter().filter(|address| self.0.is_it(&address.tags)).collect())
    }

    async fn create(&self) -> Result<String, CallError> {
        let call = AllocateAddress { tags: self.0.tags() };
        Ok(self.0.run.caller.send(call, RetryPolicy::ONCE).await?.allocation)
    }

    /// The one in use, else the first.
    fn choose<'a>(&self, items: &'a [model::Address]) -> Option<&'a model::Address> {
        items.iter().min_by_key(|one| (one.association.is_none(), one.allocation.clone()))
    }

    fn id(item: &model::Address) -> &str {
        &item.allocation
    }

    async fn delete(&self, allocation: String) -> Result<(), CallError> {
        self.0.run.caller.delete(ReleaseAddress { allocation }).await
    }
}

impl Resource for Address {
    const ID: &'static str = "address";
    const NAME: &'static str = "elastic IP address";
    const GONE_FIRST: &'static [Kind] = &[Kind::of::<NatGateway>()];
    const QUOTAS: &'static [QuotaUse] = &[QuotaUse {
        quota: "vpc-max-elastic-ips",
        what: "elastic IP addresses",
        each: 1,
        counts_all: true,
    }];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeAddresses;
        Apply [NETWORK_NEW] "ec2:CreateTags" on TAG_NEW: AllocateAddress;
        ApplyAndDestroy [NETWORK_OWN]: ReleaseAddress;
    };

    type Answer = Rc<Option<Vec<model::Address>>>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        letters(stack)
            .iter()
            .map(|letter| Wanted::new(format!("address/{letter}"), Self {}))
            .collect()
    }

    fn refs(&self) -> Vec<&Id> {
        Vec::new()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.find(DescribeAddresses { select: reader.of_stack() }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let mut addresses: Vec<&model::Address> = answer.iter().flatten().collect();
        addresses.sort_by_key(|address| (address.association.is_none(), &address.allocation));
        for address in addresses {
            observation.keep(Found::tagged(&address.allocation, Self {}, &address.tags));
        }
    }

    fn is_in_place(_: &str) -> bool {
        false
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let address = match step.existing() {
            Some(address) => address,
            None => ensure_one(step, &Addresses(step)).await?.allocation,
        };
        step.run.remember(step.id(), &address);
        step.update_tags::<Self>(&address).await
    }

    async fn delete(step: &StepContext<'_>, allocation: &str) -> Result<(), CallError> {
        step.run.caller.delete(ReleaseAddress { allocation: allocation.to_owned() }).await
    }

    fn estimate(action: Action) -> Estimate {
        match action {
            // The look for second ones is in it.
            Action::Create => Estimate::seconds(8, 9, 900),
            _ => Estimate::QUICK,
        }
    }

    /// EC2 says how many addresses there may be, and leaves the count of those that others use to us.
    async fn used_by_others(reader: &Reader<'_>) -> Option<i64> {
        let addresses = reader.find(DescribeAddresses { select: Select::All }).await;
        let is_anothers = |address: &&model::Address| {
            address.tags.get(STACK_TAG).is_none_or(|tag| tag != reader.names.stack())
        };
        let addresses = addresses.as_ref().as_ref()?;
        i64::try_from(addresses.iter().filter(is_anothers).count()).ok()
    }

    fn price(&self, _: &Topology, bill: &mut Bill) {
        bill.hourly(Section::Network, LINE, 1, PRICE);
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let properties = json!({ "Domain": "vpc", "Tags": template.tags(id) });
        let address = template.add(&logical_name(id), "AWS::EC2::EIP", properties);
        address["DependsOn"] = json!(ATTACHMENT);
    }
}
