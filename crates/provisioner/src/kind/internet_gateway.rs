//! The VPC's gateway to the internet.
//!
//! It has neither a name nor a client token, but a VPC takes one at most: who attaches first decides which it is.

use skyward_aws::{
    ApiError, AttachInternetGateway, CreateInternetGateway, DeleteInternetGateway,
    DescribeInternetGateways, DetachInternetGateway,
};

use super::{Address, LoadBalancer, NatGateway, Route, Vpc};
use crate::resource::prelude::*;

/// The name of its attachment in a template.
pub(crate) const ATTACHMENT: &str = "InternetGatewayAttachment";

/// The VPC's gateway to the internet, attached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InternetGateway {
    pub(crate) vpc: Option<Id>,
}

/// The gateway that is attached to the VPC, else the first that is attached to none.
fn choose<'a>(
    gateways: &'a [model::InternetGateway],
    vpc: Option<&str>,
) -> Option<&'a model::InternetGateway> {
    let is_attached =
        |gateway: &model::InternetGateway| vpc.is_some() && gateway.vpc.as_deref() == vpc;
    gateways
        .iter()
        .filter(|gateway| is_attached(gateway) || gateway.vpc.is_none())
        .min_by_key(|gateway| (!is_attached(gateway), gateway.id.clone()))
}

/// It is attached already, the VPC has another one, or someone took it for the second one.
fn is_taken(error: &CallError) -> bool {
    matches!(error.class(), Some(Class::Exists | Class::NotFound))
        || matches!(error, CallError::Api(error) if error.code == "InvalidParameterValue")
}

/// It is not attached to that VPC, or does not exist at all.
fn is_detached(error: &ApiError) -> bool {
    error.class() == Class::NotFound
        || matches!(error.code.as_str(), "Gateway.NotAttached" | "InvalidParameterValue")
}

/// Creates one that is attached to nothing; none where the answer was lost: then the next look tells.
async fn create(step: &StepContext<'_>) -> Result<Option<String>, CallError> {
    let call = CreateInternetGateway { tags: step.tags() };
    match step.run.caller.send(call, RetryPolicy::ONCE).await {
        Ok(gateway) => Ok(Some(gateway.id)),
        Err(error) if error.class() == Some(Class::Unknown) => {
            step.run.caller.sleep(step.run.settings.settle).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Resource for InternetGateway {
    const ID: &'static str = "internet-gateway";
    const NAME: &'static str = "internet gateway";
    const GONE_FIRST: &'static [Kind] = &[
        Kind::of::<NatGateway>(),
        Kind::of::<Address>(),
        Kind::of::<LoadBalancer>(),
        Kind::of::<Route>(),
    ];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeInternetGateways;
        Apply [NETWORK_NEW] "ec2:CreateTags" on TAG_NEW: CreateInternetGateway;
        Apply [NETWORK_OWN]: AttachInternetGateway;
        ApplyAndDestroy [NETWORK_OWN]: DetachInternetGateway, DeleteInternetGateway;
    };

    type Answer = Rc<Vec<model::InternetGateway>>;

    fn desired(_: &Stack<'_>) -> Vec<Wanted<Self>> {
        vec![Wanted::new("internet-gateway", Self { vpc: Some("vpc".into()) })]
    }

    fn refs(&self) -> Vec<&Id> {
        self.vpc.iter().collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.list(DescribeInternetGateways { select: reader.of_stack(), page: None }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let kept = choose(answer, observation.observed.physical("vpc"));
        let kept = kept.map(|kept| kept.id.clone());
        for gateway in answer.iter() {
            let vpc = gateway.vpc.as_ref().map(|vpc| observation.id::<Vpc>(vpc));
            let found = Found::tagged(&gateway.id, Self { vpc }, &gateway.tags);
            if Some(&gateway.id) == kept.as_ref() {
                observation.keep(found);
            } else {
                observation.observed.duplicates.push(found);
            }
        }
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let Some(vpc) = &self.vpc else { return Ok(()) };
        let vpc = run.physical(vpc)?;
        let mut mine = match step.existing() {
            Some(gateway) => Some(gateway),
            None => create(step).await?,
        };
        loop {
            if let Some(gateway) = &mine {
                let call = AttachInternetGateway { gateway: gateway.clone(), vpc: vpc.clone() };
                match run.caller.send(call, RetryPolicy::CHANGE).await {
                    Ok(()) => break,
                    Err(error) if is_taken(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            let call = DescribeInternetGateways { select: run.of_stack(), page: None };
            let found = run.caller.list(call).await?;
            let attached = found.iter().find(|gateway| gateway.vpc.as_deref() == Some(&vpc));
            if let Some(attached) = attached {
                for other in found.iter().filter(|other| other.vpc.is_none()) {
                    step.progress("deleting a second one");
                    let call = DeleteInternetGateway { gateway: other.id.clone() };
                    run.caller.delete(call).await?;
                }
                mine = Some(attached.id.clone());
                break;
            }
            if step.is_late() {
                let what = "internet gateway of".into();
                return Err(CallError::Foreign { what, name: vpc, has_data: false });
            }
            step.look_again().await?;
            if mine.is_none() {
                mine = choose(&found, Some(&vpc)).map(|gateway| gateway.id.clone());
                if mine.is_none() {
                    mine = create(step).await?;
                }
            }
        }
        let gateway = mine.unwrap_or_default();
        run.remember(step.id(), &gateway);
        step.update_tags::<Self>(&gateway).await
    }

    async fn delete(step: &StepContext<'_>, gateway: &str) -> Result<(), CallError> {
        let caller = step.run.caller;
        let select = Select::Ids(vec![gateway.to_owned()]);
        let found = caller.list(DescribeInternetGateways { select, page: None }).await?;
        let mut vpcs: Vec<String> = found.into_iter().filter_map(|gateway| gateway.vpc).collect();
        vpcs.extend(step.run.physical(&"vpc".into()).ok());
        vpcs.sort();
        vpcs.dedup();
        for vpc in vpcs {
            loop {
                let call = DetachInternetGateway { gateway: gateway.to_owned(), vpc: vpc.clone() };
                let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::DELETE };
                match caller.send(call, policy).await {
                    Ok(()) => break,
                    Err(CallError::Api(error)) if is_detached(&error) => break,
                    // Addresses are still mapped.
                    Err(error) if error.class() == Some(Class::NotYet) => {
                        step.pause("waiting until no address is mapped").await?;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        caller.delete(DeleteInternetGateway { gateway: gateway.to_owned() }).await
    }

    fn estimate(action: Action) -> Estimate {
        match action {
            Action::Delete => Estimate::seconds(1, 5, 600),
            _ => Estimate::QUICK,
        }
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let properties = json!({ "Tags": template.tags(id) });
        template.add(&logical_name(id), "AWS::EC2::InternetGateway", properties);
        if let Some(vpc) = &self.vpc {
            let properties = json!({ "VpcId": reference(vpc), "InternetGatewayId": reference(id) });
            template.add(ATTACHMENT, "AWS::EC2::VPCGatewayAttachment", properties);
        }
    }
}
