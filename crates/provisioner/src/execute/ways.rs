use super::context::At;
use super::unique::{self, Unique};
use super::{refresh, tags};
use crate::caller::{Fault, Patience};
use crate::observe;
use crate::topology::{InternetGateway, NatGateway, RESOURCE_TAG};
use skyward_aws::model;
use skyward_aws::{
    AllocateAddress, AttachInternetGateway, Class, CreateInternetGateway, CreateNatGateway,
    DeleteInternetGateway, DescribeAddresses, DescribeInternetGateways, ReleaseAddress,
};

/// Whether something carries the tag of this resource.
fn is_it(at: &At<'_>, tags: &model::Tags) -> bool {
    at.run.is_ours(tags) && tags.get(RESOURCE_TAG).is_some_and(|id| id == at.id().as_str())
}

async fn gateways(at: &At<'_>) -> Result<Vec<model::InternetGateway>, Fault> {
    let call = DescribeInternetGateways { select: at.run.select(), page: None };
    at.run.caller.list(call).await
}

/// The internet gateway. A VPC has one at most: who attaches first decides which it is, and no delay is needed.
pub(super) async fn internet_gateway(at: &At<'_>, spec: &InternetGateway) -> Result<(), Fault> {
    let run = at.run;
    let Some(vpc) = &spec.vpc else { return Ok(()) };
    let vpc = run.physical(vpc)?;
    let mut mine = match at.existing() {
        Some(gateway) => Some(gateway),
        None => create_gateway(at).await?,
    };
    loop {
        if let Some(gateway) = &mine {
            let call = AttachInternetGateway { gateway: gateway.clone(), vpc: vpc.clone() };
            let patience = Patience { repeats: true, ..Patience::CHANGE };
            match run.caller.send(call, patience).await {
                Ok(()) => break,
                Err(fault) if is_taken(&fault) => {}
                Err(fault) => return Err(fault),
            }
        }
        let found = gateways(at).await?;
        if let Some(attached) = found.iter().find(|gateway| gateway.vpc.as_deref() == Some(&vpc)) {
            for other in found.iter().filter(|other| other.vpc.is_none()) {
                at.progress("deleting a second one");
                run.caller.delete(DeleteInternetGateway { gateway: other.id.clone() }).await?;
            }
            mine = Some(attached.id.clone());
            break;
        }
        if refresh::is_late(at) {
            return Err(Fault::Foreign { what: "internet gateway of".into(), name: vpc });
        }
        refresh::soon(at).await?;
        if mine.is_none() {
            mine = observe::choose_gateway(&found, Some(&vpc)).map(|gateway| gateway.id.clone());
            if mine.is_none() {
                mine = create_gateway(at).await?;
            }
        }
    }
    let gateway = mine.unwrap_or_default();
    run.remember(at.id(), &gateway);
    tags::update(at, &gateway).await
}

/// It is attached already, the VPC has another one, or someone took it for the second one.
fn is_taken(fault: &Fault) -> bool {
    matches!(fault.class(), Some(Class::Exists | Class::NotFound))
        || matches!(fault, Fault::Api(error) if error.code == "InvalidParameterValue")
}

/// One that is attached to nothing; none where its answer was lost: then the next look tells.
async fn create_gateway(at: &At<'_>) -> Result<Option<String>, Fault> {
    let call = CreateInternetGateway { tags: at.tags() };
    match at.run.caller.send(call, Patience::ONCE).await {
        Ok(gateway) => Ok(Some(gateway.id)),
        Err(fault) if fault.class() == Some(Class::Unknown) => {
            at.run.caller.sleep(at.run.settings.settle).await?;
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

struct Addresses<'a>(&'a At<'a>);

impl Unique for Addresses<'_> {
    type Item = model::Address;

    async fn list(&self) -> Result<Vec<model::Address>, Fault> {
        let call = DescribeAddresses { select: self.0.run.select() };
        let all = self.0.run.caller.read(call).await?;
        Ok(all.into_iter().filter(|address| is_it(self.0, &address.tags)).collect())
    }

    async fn create(&self) -> Result<String, Fault> {
        let call = AllocateAddress { tags: self.0.tags() };
        Ok(self.0.run.caller.send(call, Patience::ONCE).await?.allocation)
    }

    fn choose<'a>(&self, items: &'a [model::Address]) -> Option<&'a model::Address> {
        observe::choose_address(items)
    }

    fn id(item: &model::Address) -> &str {
        &item.allocation
    }

    async fn delete(&self, allocation: String) -> Result<(), Fault> {
        self.0.run.caller.delete(ReleaseAddress { allocation }).await
    }
}

/// A public address.
pub(super) async fn address(at: &At<'_>) -> Result<(), Fault> {
    let address = match at.existing() {
        Some(address) => address,
        None => unique::ensure(at, &Addresses(at)).await?.allocation,
    };
    at.run.remember(at.id(), &address);
    tags::update(at, &address).await
}

/// A NAT gateway, until it is available. One that fails is replaced, a few times.
pub(super) async fn nat_gateway(at: &At<'_>, spec: &NatGateway) -> Result<(), Fault> {
    let run = at.run;
    let mut existing = at.existing();
    let mut spent = run.observed.spent.get(at.id()).cloned().unwrap_or_default();
    if let Some(replaced) = at.step.physical.as_ref().filter(|_| existing.is_none()) {
        spent = format!("{spent} {replaced}");
    }
    for attempt in 0_u32.. {
        let gateway = match existing.take() {
            Some(gateway) => gateway,
            None => match create_nat(at, spec, &spent).await? {
                Some(gateway) => gateway,
                None => match adopt_nat(at).await? {
                    Some(gateway) => gateway,
                    // The token was spent on a gateway that is gone, which no list shows: another one is made with another.
                    None if attempt < 3 => {
                        spent = format!("{spent} {attempt}");
                        continue;
                    }
                    None => {
                        let reason = format!("the address of {} is in use elsewhere", at.id());
                        return Err(Fault::Failed(reason));
                    }
                },
            },
        };
        run.remember(at.id(), &gateway);
        let Some(failure) = wait_for_nat(at, &gateway).await? else {
            return tags::update(at, &gateway).await;
        };
        if attempt == 3 {
            return Err(Fault::Failed(format!("{gateway} has failed: {failure}")));
        }
        at.progress(&format!("{gateway} has failed ({failure}): a new one is made"));
        // Its token is spent: the same would only tell of the failed one again.
        spent = gateway;
    }
    unreachable!("the attempts end above")
}

async fn create_nat(at: &At<'_>, spec: &NatGateway, spent: &str) -> Result<Option<String>, Fault> {
    let run = at.run;
    let address = spec.address.as_ref().map(|address| run.physical(address)).transpose()?;
    let call = CreateNatGateway {
        subnet: run.physical(&spec.subnet)?,
        allocation: address.unwrap_or_default(),
        client_token: run.names.client_token(at.id(), spent),
        tags: at.tags(),
    };
    match run.caller.change(call).await {
        Ok(gateway) => Ok(Some(gateway.id)),
        // Someone else made it at the same time, with what this run does not see yet.
        Err(Fault::Api(error)) if error.code == "IdempotentParameterMismatch" => Ok(None),
        Err(fault) if fault.class() == Some(Class::Exists) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The gateway that someone else has made at the same time; none where it is not to be seen for long.
async fn adopt_nat(at: &At<'_>) -> Result<Option<String>, Fault> {
    loop {
        let nats = at.run.nats().await?;
        let is_one = |nat: &&model::NatGateway| is_it(at, &nat.tags) && observe::is_alive(nat);
        if let Some(nat) = nats.iter().find(is_one) {
            at.run.adopted();
            return Ok(Some(nat.id.clone()));
        }
        if refresh::is_late(at) {
            return Ok(None);
        }
        refresh::soon(at).await?;
    }
}

/// Waits for the end of `pending`: why it failed, if so.
async fn wait_for_nat(at: &At<'_>, gateway: &str) -> Result<Option<String>, Fault> {
    loop {
        let nats = at.run.nats().await?;
        let nat = nats.iter().find(|nat| nat.id == gateway);
        match nat.map(|nat| (nat.state.as_str(), nat)) {
            Some(("available", _)) => return Ok(None),
            Some(("failed", nat)) => {
                return Ok(Some(nat.failure.clone().unwrap_or_else(|| "failed".into())));
            }
            Some((state @ ("deleted" | "deleting"), _)) => return Ok(Some(state.to_owned())),
            _ => at.pause("pending").await?,
        }
    }
}
