//! A NAT gateway in one zone: the internal subnets' connection to the internet.
//!
//! Its client token makes a creation repeatable. A gateway that fails spends its token, since the same token would only tell of
//! the failed one again; it stays visible for an hour, and the next one gets a token that follows from it.

use skyward_aws::{CreateNatGateway, DeleteNatGateway, DescribeNatGateways};

use super::internet_gateway::ATTACHMENT;
use super::{Address, Route, Subnet, Vpc};
use crate::resource::prelude::*;

/// An hour of a gateway.
const PRICE: Amount = Amount::exactly(45_000);
/// The number of gateways that are created one after the other before it is a failure.
const ATTEMPTS: u32 = 4;

/// A NAT gateway in one zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NatGateway {
    pub(crate) subnet: Id,
    pub(crate) address: Option<Id>,
}

/// The letters of the zones that have a NAT gateway.
pub(crate) fn letters(stack: &Stack<'_>) -> &'static [&'static str] {
    if stack.aws.single_nat_gateway { &LETTERS[..1] } else { &LETTERS }
}

/// The gateway works or will: one that has failed or is deleted stays visible for an hour.
fn is_alive(nat: &model::NatGateway) -> bool {
    matches!(nat.state.as_str(), "pending" | "available")
}

fn state(nat: &model::NatGateway) -> Option<Readiness> {
    match nat.state.as_str() {
        "available" => Some(Readiness::Ready),
        "pending" => Some(Readiness::Pending(nat.state.clone())),
        "deleting" => Some(Readiness::Leaving(nat.state.clone())),
        // It is as good as gone.
        _ => None,
    }
}

/// All NAT gateways of the stack.
async fn all(step: &StepContext<'_>) -> Result<Rc<Vec<model::NatGateway>>, CallError> {
    step.run.all(DescribeNatGateways { select: step.run.of_stack(), page: None }).await
}

/// Returns the gateway that someone else has made at the same time; none where it cannot be seen for long.
async fn adopt(step: &StepContext<'_>) -> Result<Option<String>, CallError> {
    loop {
        let nats = all(step).await?;
        let is_one = |nat: &&model::NatGateway| step.is_it(&nat.tags) && is_alive(nat);
        if let Some(nat) = nats.iter().find(is_one) {
            step.run.adopted();
            return Ok(Some(nat.id.clone()));
        }
        if step.is_late() {
            return Ok(None);
        }
        step.look_again().await?;
    }
}

/// Waits for the end of `pending`, and returns why it failed, if it did.
async fn wait(step: &StepContext<'_>, gateway: &str) -> Result<Option<String>, CallError> {
    loop {
        let nats = all(step).await?;
        let nat = nats.iter().find(|nat| nat.id == gateway);
        match nat.map(|nat| (nat.state.as_str(), nat)) {
            Some(("available", _)) => return Ok(None),
            Some(("failed", nat)) => {
                return Ok(Some(nat.failure.clone().unwrap_or_else(|| "failed".into())));
            }
            Some((state @ ("deleted" | "deleting"), _)) => return Ok(Some(state.to_owned())),
            _ => step.pause("pending").await?,
        }
    }
}

impl NatGateway {
    /// Creates one; none where someone else did at the same time, with what this run does not see yet.
    async fn create(
        &self,
        step: &StepContext<'_>,
        spent: &str,
    ) -> Result<Option<String>, CallError> {
        let run = step.run;
        let address = self.address.as_ref().map(|address| run.physical(address)).transpose()?;
        let call = CreateNatGateway {
            subnet: run.physical(&self.subnet)?,
            allocation: address.unwrap_or_default(),
            client_token: run.names.client_token(step.id(), spent),
            tags: step.tags(),
        };
        match run.caller.change(call).await {
            Ok(gateway) => Ok(Some(gateway.id)),
            Err(CallError::Api(error)) if error.code == "IdempotentParameterMismatch" => Ok(None),
            Err(error) if error.class() == Some(Class::Exists) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Resource for NatGateway {
    const ID: &'static str = "nat-gateway";
    const NAME: &'static str = "NAT gateway";
    const GONE_FIRST: &'static [Kind] = &[Kind::of::<Route>()];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeNatGateways;
        Apply [NETWORK_NEW_IN_SUBNET, NETWORK_WITHIN] "ec2:CreateTags" on TAG_NEW: CreateNatGateway;
        ApplyAndDestroy [NETWORK_OWN]: DeleteNatGateway;
    };

    type Answer = Rc<Vec<model::NatGateway>>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let of = |letter: &&str| {
            let (address, subnet) =
                (format!("address/{letter}"), format!("subnet/public-{letter}"));
            let spec = Self { subnet: subnet.into(), address: Some(address.into()) };
            // Without an attached gateway it fails for good: Gateway.NotAttached.
            Wanted::new(format!("nat-gateway/{letter}"), spec).needing(["internet-gateway"])
        };
        letters(stack).iter().map(of).collect()
    }

    fn refs(&self) -> Vec<&Id> {
        self.address.iter().chain([&self.subnet]).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.list(DescribeNatGateways { select: reader.of_stack(), page: None }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let mut by_id: BTreeMap<Id, Vec<(&model::NatGateway, Found)>> = BTreeMap::new();
        for nat in answer.iter() {
            let address = nat.allocation.as_ref();
            let spec = Self {
                subnet: observation.id::<Subnet>(&nat.subnet),
                address: address.map(|address| observation.id::<Address>(address)),
            };
            let found = Found::tagged(&nat.id, spec, &nat.tags);
            by_id.entry(found.id.clone()).or_default().push((nat, found));
        }
        for (id, nats) in by_id {
            let spent = nats.iter().map(|(nat, _)| nat).filter(|nat| !is_alive(nat));
            if let Some(newest) = spent.max_by_key(|nat| (nat.created, nat.id.clone())) {
                observation.observed.spent.insert(id, newest.id.clone());
            }
            // The one that works or will, in the kept VPC.
            let alive = nats.iter().map(|(nat, _)| nat);
            let alive = alive.filter(|nat| observation.is_kept::<Vpc>(&nat.vpc) && is_alive(nat));
            let kept = alive.min_by_key(|nat| (nat.state != "available", nat.id.clone()));
            let kept = kept.map(|nat| nat.id.clone());
            for (nat, found) in nats {
                let Some(state) = state(nat) else { continue };
                let is_leaving = matches!(state, Readiness::Leaving(_));
                let found = found.in_state(state);
                if Some(&nat.id) == kept.as_ref() || (kept.is_none() && is_leaving) {
                    observation.keep(found);
                } else if !is_leaving {
                    observation.observed.duplicates.push(found);
                }
            }
        }
    }

    fn is_in_place(_: &str) -> bool {
        false
    }

    /// Waits until it is available. One that fails is followed by another, a few times.
    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let mut existing = step.existing();
        let mut spent = run.observed.spent.get(step.id()).cloned().unwrap_or_default();
        if let Some(replaced) = step.planned.physical.as_ref().filter(|_| existing.is_none()) {
            spent = format!("{spent} {replaced}");
        }
        let last = ATTEMPTS - 1;
        for attempt in 0..ATTEMPTS {
            let gateway = match existing.take() {
                Some(gateway) => gateway,
                None => match self.create(step, &spent).await? {
                    Some(gateway) => gateway,
                    None => match adopt(step).await? {
                        Some(gateway) => gateway,
                        // The token was spent on a gateway that is gone, which no list shows: another token makes another one.
                        None if attempt < last => {
                            spent = format!("{spent} {attempt}");
                            continue;
                        }
                        None => {
                            let reason =
                                format!("the address of {} is in use elsewhere", step.id());
                            return Err(CallError::Failed(reason));
                        }
                    },
                },
            };
            run.remember(step.id(), &gateway);
            let Some(failure) = wait(step, &gateway).await? else {
                return step.update_tags::<Self>(&gateway).await;
            };
            if attempt == last {
                return Err(CallError::Failed(format!("{gateway} has failed: {failure}")));
            }
            step.progress(&format!("{gateway} has failed ({failure}): another one is created"));
            spent = gateway;
        }
        unreachable!("the last attempt returns")
    }

    async fn delete(step: &StepContext<'_>, gateway: &str) -> Result<(), CallError> {
        let call = DeleteNatGateway { gateway: gateway.to_owned() };
        step.run.caller.delete(call).await?;
        loop {
            let nats = all(step).await?;
            match nats.iter().find(|nat| nat.id == gateway).map(|nat| nat.state.as_str()) {
                None | Some("deleted" | "failed") => return Ok(()),
                Some(state) => step.pause(state).await?,
            }
        }
    }

    fn estimate(action: Action) -> Estimate {
        match action {
            Action::Create | Action::Replace | Action::Wait => Estimate::seconds(80, 106, 900),
            Action::Delete => Estimate::seconds(35, 60, 900),
            _ => Estimate::QUICK,
        }
    }

    fn price(&self, _: &Topology, bill: &mut Bill) {
        bill.hourly(Section::Network, ("NAT gateway", "NAT gateways"), 1, PRICE);
    }

    fn detail(&self) -> String {
        format!("in {}", self.subnet)
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let mut properties =
            json!({ "SubnetId": reference(&self.subnet), "Tags": template.tags(id) });
        if let Some(address) = &self.address {
            properties["AllocationId"] = attribute(address, "AllocationId");
        }
        let gateway = template.add(&logical_name(id), "AWS::EC2::NatGateway", properties);
        gateway["DependsOn"] = json!(ATTACHMENT);
    }
}
