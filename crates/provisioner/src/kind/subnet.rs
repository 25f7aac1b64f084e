//! A subnet in one zone: three public ones for the load balancer and the NAT gateways, three internal ones for the instances and
//! the database.
//!
//! Its network serves as its name, since no two subnets of a VPC have the same.

use skyward_aws::{CreateSubnet, DeleteSubnet, DescribeSubnets, ModifySubnetAttribute};

use super::{AutoScalingGroup, DbSubnetGroup, LoadBalancer, NatGateway, RouteTable, Vpc, vpc};
use crate::resource::prelude::*;

/// A subnet in one zone. Instances get no public address in any of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subnet {
    pub(crate) vpc: Id,
    pub(crate) network: String,
    pub(crate) zone: String,
    pub(crate) public_addresses: bool,
}

impl Subnet {
    /// Returns the subnet that has the network which this one was to have.
    async fn conflicting(&self, step: &StepContext<'_>, vpc: &str) -> Result<String, CallError> {
        let run = step.run;
        loop {
            let select = Select::Vpc(vpc.to_owned());
            let found = run.caller.list(DescribeSubnets { select, page: None }).await?;
            let same = found.iter().find(|subnet| subnet.cidr == self.network);
            if let Some(subnet) = same.filter(|subnet| run.is_ours(&subnet.tags)) {
                run.adopted();
                return Ok(subnet.id.clone());
            }
            // One that overlaps; or one that cannot be seen yet.
            if step.begun.elapsed() > run.settings.settle * 2 {
                let others: Vec<&str> = found
                    .iter()
                    .filter(|subnet| !run.is_ours(&subnet.tags))
                    .map(|subnet| subnet.id.as_str())
                    .collect();
                return Err(CallError::Foreign {
                    what: format!("subnet that overlaps {}:", self.network),
                    name: others.join(", "),
                    has_data: false,
                });
            }
            step.look_again().await?;
        }
    }
}

/// The template's parameter for a subnet's zone: by the letter at its end.
fn zone_parameter(subnet: &Id) -> String {
    let letter = subnet.as_str().rsplit('-').next().unwrap_or_default();
    format!("Zone{}", letter.to_ascii_uppercase())
}

impl Resource for Subnet {
    const ID: &'static str = "subnet";
    const NAME: &'static str = "subnet";
    const GONE_FIRST: &'static [Kind] = &[
        Kind::of::<NatGateway>(),
        Kind::of::<LoadBalancer>(),
        Kind::of::<AutoScalingGroup>(),
        Kind::of::<DbSubnetGroup>(),
        Kind::of::<RouteTable>(),
    ];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeSubnets;
        Apply [NETWORK_NEW_IN_VPC, NETWORK_WITHIN] "ec2:CreateTags" on TAG_NEW: CreateSubnet;
        Apply [NETWORK_OWN]: ModifySubnetAttribute;
        ApplyAndDestroy [NETWORK_OWN]: DeleteSubnet;
    };

    type Answer = Rc<Vec<model::Subnet>>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let networks = &stack.networks;
        let mut wanted = Vec::new();
        for (part, networks) in [("public", &networks.public), ("internal", &networks.internal)] {
            for (index, letter) in LETTERS.iter().enumerate() {
                let (network, zone) = (networks[index].clone(), stack.place.zones[index].clone());
                let spec = Self { vpc: "vpc".into(), network, zone, public_addresses: false };
                wanted.push(Wanted::new(format!("subnet/{part}-{letter}"), spec));
            }
        }
        wanted
    }

    fn refs(&self) -> Vec<&Id> {
        vec![&self.vpc]
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.list(DescribeSubnets { select: reader.of_stack(), page: None }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let mut subnets: Vec<&model::Subnet> = answer.iter().collect();
        subnets.sort_by_key(|subnet| &subnet.id);
        for subnet in subnets {
            let spec = Self {
                vpc: observation.id::<Vpc>(&subnet.vpc),
                network: subnet.cidr.clone(),
                zone: subnet.zone.clone(),
                public_addresses: subnet.public_addresses,
            };
            let state = Readiness::when(&subnet.state, "available");
            let found = Found::tagged(&subnet.id, spec, &subnet.tags).in_state(state);
            observation.keep_in::<Vpc>(&subnet.vpc, found);
        }
    }

    fn is_in_place(field: &str) -> bool {
        field == "public_addresses"
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let existing = step.existing();
        let subnet = if let Some(subnet) = &existing {
            subnet.clone()
        } else {
            let vpc = run.physical(&self.vpc)?;
            let (cidr, zone, tags) = (self.network.clone(), self.zone.clone(), step.tags());
            let call = CreateSubnet { vpc: vpc.clone(), cidr, zone, tags };
            match run.caller.create(call).await? {
                Some(subnet) => subnet.id,
                None => self.conflicting(step, &vpc).await?,
            }
        };
        run.remember(step.id(), &subnet);
        loop {
            let call = DescribeSubnets { select: run.of_stack(), page: None };
            let subnets = run.all(call).await?;
            if subnets.iter().any(|one| one.id == subnet && one.state == "available") {
                break;
            }
            step.pause("pending").await?;
        }
        if step.differs("public_addresses") || (existing.is_none() && self.public_addresses) {
            let public_addresses = self.public_addresses;
            let call = ModifySubnetAttribute { subnet: subnet.clone(), public_addresses };
            run.caller.change(call).await?;
        }
        step.update_tags::<Self>(&subnet).await
    }

    async fn delete(step: &StepContext<'_>, subnet: &str) -> Result<(), CallError> {
        let call = DeleteSubnet { subnet: subnet.to_owned() };
        step.delete_held(call, async || vpc::holders(step).await).await
    }

    fn estimate(action: Action) -> Estimate {
        match action {
            Action::Delete => Estimate::seconds(1, 10, 1200),
            _ => Estimate::QUICK,
        }
    }

    fn zone(&self) -> Option<&str> {
        Some(&self.zone)
    }

    fn detail(&self) -> String {
        let end = if self.public_addresses { ", public addresses" } else { "" };
        format!("{} in {}{end}", self.network, self.zone)
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let parameter = zone_parameter(id);
        let properties = json!({
            "VpcId": reference(&self.vpc),
            "CidrBlock": self.network,
            "AvailabilityZone": { "Ref": parameter },
            "MapPublicIpOnLaunch": self.public_addresses,
            "Tags": template.tags(id),
        });
        template.add(&logical_name(id), "AWS::EC2::Subnet", properties);
        // The zones are parameters of the template; the topology's are the defaults.
        let zone = json!({
            "Type": "AWS::EC2::AvailabilityZone::Name",
            "Default": self.zone,
            "Description": "A zone that offers the instances and the database",
        });
        template.parameters.insert(parameter, zone);
    }
}
