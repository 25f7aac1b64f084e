//! The virtual network.
//!
//! It has neither a name nor a client token, so an interruption can leave a second one: see [`Unique`]. All runs keep the same
//! one of several, the one with the most in it.

mod holders;

use std::cmp::Reverse;

use skyward_aws::model::VpcAttribute;
use skyward_aws::{
    CreateVpc, DeleteVpc, DescribeSubnets, DescribeVpcAttribute, DescribeVpcs, ModifyVpcAttribute,
};

use holders::LEFT_INTERFACE;
pub(super) use holders::holders;

use super::{
    FlowLog, InternetGateway, NatGateway, RouteTable, SecurityGroup, Subnet, TargetGroup,
    VpcEndpoint,
};
use crate::resource::prelude::*;

/// A VPC was seen a moment ago: a call about it that does not see it is repeated for this long.
const SEEN: Duration = Duration::from_secs(5);

/// The virtual network of a stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Vpc {
    pub(crate) network: String,
    pub(crate) dns_support: bool,
    pub(crate) dns_hostnames: bool,
}

/// The VPCs of the stack, the subnets that tell which is used, and the DNS settings of each.
pub(crate) struct Answer {
    vpcs: Rc<Vec<model::Vpc>>,
    subnets: Rc<Vec<model::Subnet>>,
    dns: Vec<(bool, bool)>,
}

/// The stack's VPC among several with its tag: the one with the most in it, else the one with the first id. Everyone who looks
/// chooses alike.
fn choose<'a>(vpcs: &'a [model::Vpc], subnets: &[model::Subnet]) -> Option<&'a model::Vpc> {
    let inside = |vpc: &model::Vpc| subnets.iter().filter(|subnet| subnet.vpc == vpc.id).count();
    vpcs.iter().min_by_key(|vpc| (Reverse(inside(vpc)), vpc.id.clone()))
}

struct Vpcs<'a> {
    step: &'a StepContext<'a>,
    network: &'a str,
}

impl Unique for Vpcs<'_> {
    /// A VPC with the subnets in it.
    type Item = (model::Vpc, Vec<model::Subnet>);

    async fn list(&self) -> Result<Vec<Self::Item>, CallError> {
        let run = self.step.run;
        let vpcs = run.caller.list(DescribeVpcs { select: run.of_stack(), page: None }).await?;
        let subnets = if vpcs.len() > 1 {
            run.all(DescribeSubnets { select: run.of_stack(), page: None }).await?.to_vec()
        } else {
            Vec::new()
        };
        let inside = |vpc: &model::Vpc| {
            subnets.iter().filter(|subnet| subnet.vpc == vpc.id).cloned().collect()
        };
        Ok(vpcs.into_iter().map(|vpc| (vpc.clone(), inside(&vpc))).collect())
    }

    async fn create(&self) -> Result<String, CallError> {
        let call = CreateVpc { cidr: self.network.to_owned(), tags: self.step.tags() };
        Ok(self.step.run.caller.send(call, RetryPolicy::ONCE).await?.id)
    }

    fn choose<'a>(&self, items: &'a [Self::Item]) -> Option<&'a Self::Item> {
        let vpcs: Vec<model::Vpc> = items.iter().map(|(vpc, _)| vpc.clone()).collect();
        let subnets: Vec<model::Subnet> =
            items.iter().flat_map(|(_, inside)| inside.clone()).collect();
        let kept = choose(&vpcs, &subnets)?;
        items.iter().find(|(vpc, _)| vpc.id == kept.id)
    }

    fn id((vpc, _): &Self::Item) -> &str {
        &vpc.id
    }

    async fn delete(&self, vpc: String) -> Result<(), CallError> {
        self.step.run.caller.delete(DeleteVpc { vpc }).await
    }
}

async fn is_available(run: &Execution<'_>, vpc: &str) -> Result<bool, CallError> {
    let select = Select::Ids(vec![vpc.to_owned()]);
    let found = run.caller.list(DescribeVpcs { select, page: None }).await?;
    Ok(found.iter().any(|found| found.state == "available"))
}

impl Resource for Vpc {
    const ID: &'static str = "vpc";
    const NAME: &'static str = "VPC";
    const GONE_FIRST: &'static [Kind] = &[
        Kind::of::<Subnet>(),
        Kind::of::<RouteTable>(),
        Kind::of::<SecurityGroup>(),
        Kind::of::<InternetGateway>(),
        Kind::of::<NatGateway>(),
        Kind::of::<VpcEndpoint>(),
        Kind::of::<FlowLog>(),
        Kind::of::<TargetGroup>(),
    ];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeVpcs, DescribeVpcAttribute;
        Destroy [LEFT_INTERFACE]: DeleteNetworkInterface;
        Apply [NETWORK_NEW] "ec2:CreateTags" on TAG_NEW: CreateVpc;
        Apply [NETWORK_OWN]: ModifyVpcAttribute;
        ApplyAndDestroy [NETWORK_OWN]: DeleteVpc;
    };

    type Answer = Answer;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let network = stack.aws.network.clone();
        vec![Wanted::new("vpc", Self { network, dns_support: true, dns_hostnames: true })]
    }

    fn refs(&self) -> Vec<&Id> {
        Vec::new()
    }

    async fn read(reader: &Reader<'_>) -> Answer {
        let (vpcs, subnets) = tokio::join!(
            reader.list(DescribeVpcs { select: reader.of_stack(), page: None }),
            reader.list(DescribeSubnets { select: reader.of_stack(), page: None }),
        );
        let mut dns = Vec::new();
        // There is one, except after an accident: then there are few.
        for vpc in vpcs.iter() {
            let attribute = |attribute| async move {
                let call = DescribeVpcAttribute { vpc: vpc.id.clone(), attribute };
                let policy = RetryPolicy { not_found: SEEN, ..RetryPolicy::READ };
                reader.find_with(call, policy).await.unwrap_or_default()
            };
            dns.push(tokio::join!(
                attribute(VpcAttribute::DnsSupport),
                attribute(VpcAttribute::DnsHostnames)
            ));
        }
        Answer { vpcs, subnets, dns }
    }

    fn find(answer: &Answer, observation: &mut Observation<'_>) {
        let kept = choose(&answer.vpcs, &answer.subnets).map(|kept| &kept.id);
        let mut all: Vec<_> = answer.vpcs.iter().zip(&answer.dns).collect();
        all.sort_by_key(|(vpc, _)| Some(&vpc.id) != kept);
        for (vpc, (dns_support, dns_hostnames)) in all {
            let (dns_support, dns_hostnames) = (*dns_support, *dns_hostnames);
            let spec = Self { network: vpc.cidr.clone(), dns_support, dns_hostnames };
            let state = Readiness::when(&vpc.state, "available");
            observation.keep(Found::new("vpc", &vpc.id, spec, &vpc.tags).in_state(state));
        }
    }

    fn is_in_place(field: &str) -> bool {
        field != "network"
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let existing = step.existing();
        let vpc = if let Some(vpc) = &existing {
            vpc.clone()
        } else {
            let (vpc, _) = ensure_one(step, &Vpcs { step, network: &self.network }).await?;
            if vpc.cidr != self.network {
                return Err(CallError::Failed(format!(
                    "{} was created meanwhile with the network {} instead of {}",
                    vpc.id, vpc.cidr, self.network
                )));
            }
            vpc.id
        };
        step.run.remember(step.id(), &vpc);
        while !is_available(step.run, &vpc).await? {
            step.pause("pending").await?;
        }
        // What is in it does not wait for its settings.
        (step.made)();
        for (attribute, field, value) in [
            (VpcAttribute::DnsSupport, "dns_support", self.dns_support),
            (VpcAttribute::DnsHostnames, "dns_hostnames", self.dns_hostnames),
        ] {
            if existing.is_none() || step.differs(field) {
                let call = ModifyVpcAttribute { vpc: vpc.clone(), attribute, value };
                step.run.caller.change(call).await?;
            }
        }
        step.update_tags::<Self>(&vpc).await
    }

    async fn delete(step: &StepContext<'_>, vpc: &str) -> Result<(), CallError> {
        let call = DeleteVpc { vpc: vpc.to_owned() };
        step.delete_held(call, async || holders(step).await).await
    }

    fn estimate(action: Action) -> Estimate {
        match action {
            // The look for second ones is in it.
            Action::Create => Estimate::seconds(8, 10, 900),
            Action::Delete => Estimate::seconds(1, 2, 1200),
            _ => Estimate::QUICK,
        }
    }

    fn detail(&self) -> String {
        self.network.clone()
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let properties = json!({
            "CidrBlock": self.network,
            "EnableDnsSupport": self.dns_support,
            "EnableDnsHostnames": self.dns_hostnames,
            "Tags": template.tags(id),
        });
        let name = logical_name(id);
        template.add(&name, "AWS::EC2::VPC", properties);
        template.output("Vpc", "The VPC", json!({ "Ref": name }));
    }
}
