//! A security group, empty: rules that refer to groups can only be made once all groups exist, so they are a resource of their own.

use skyward_aws::{CreateSecurityGroup, DeleteSecurityGroup, DescribeSecurityGroups, DescribeVpcs};

use super::security_group_rules::{Peer, Rule, template as template_of};
use super::{
    AutoScalingGroup, DbCluster, DefaultSecurityGroup, LaunchTemplate, LoadBalancer,
    SecurityGroupRules, Vpc, vpc,
};
use crate::resource::prelude::*;

/// The groups of a stack and what they are for.
const GROUPS: [(&str, &str); 3] = [
    ("load-balancer", "Skyward: the load balancer, open to the internet"),
    ("cms", "Skyward: the instances, open to the load balancer"),
    ("database", "Skyward: the database, open to the instances"),
];

/// A security group. Its name is unique in its VPC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecurityGroup {
    pub(crate) vpc: Id,
    pub(crate) name: String,
    pub(crate) description: String,
}

/// The ids of all groups of a stack.
pub(crate) fn ids() -> [Id; 3] {
    GROUPS.map(|(part, _)| Id::new(format!("security-group/{part}")))
}

/// Our id of a group: one of the stack's, or the one that came with its VPC.
pub(crate) fn id_of(observation: &Observation<'_>, group: &str) -> Id {
    if observation.is_kept::<DefaultSecurityGroup>(group) {
        observation.id::<DefaultSecurityGroup>(group)
    } else {
        observation.id::<SecurityGroup>(group)
    }
}

/// Our ids of several groups.
pub(crate) fn ids_of<'a>(
    observation: &Observation<'_>,
    groups: impl IntoIterator<Item = &'a String>,
) -> BTreeSet<Id> {
    groups.into_iter().map(|group| id_of(observation, group)).collect()
}

/// Asks for the stack's groups, and for all others in its VPCs: the default one, and those of other people that have our names.
pub(crate) async fn read(reader: &Reader<'_>) -> Vec<model::SecurityGroup> {
    let (vpcs, groups) = tokio::join!(
        reader.list(DescribeVpcs { select: reader.of_stack(), page: None }),
        reader.list(DescribeSecurityGroups { select: reader.of_stack(), page: None }),
    );
    let mut groups = groups.to_vec();
    for vpc in vpcs.iter() {
        let select = Select::Vpc(vpc.id.clone());
        let others = reader.list(DescribeSecurityGroups { select, page: None }).await;
        let is_new =
            |other: &&model::SecurityGroup| groups.iter().all(|group| group.id != other.id);
        let new: Vec<_> = others.iter().filter(is_new).cloned().collect();
        groups.extend(new);
    }
    groups
}

/// The name of the group that AWS makes with every VPC.
pub(crate) const DEFAULT: &str = "default";

/// Returns the group of this name in a VPC, where it is the stack's.
pub(crate) async fn named(
    step: &StepContext<'_>,
    vpc: &str,
    name: &str,
) -> Result<String, CallError> {
    let look = async || {
        let call = DescribeSecurityGroups { select: Select::Vpc(vpc.to_owned()), page: None };
        let all = step.run.caller.list(call).await?;
        let found = all.into_iter().find(|group| group.name == name);
        // AWS makes the default group with the VPC, which is the stack's.
        Ok(found.map(|group| (group.id, if name == DEFAULT { step.tags() } else { group.tags })))
    };
    step.adopt("security group", name, look).await
}

/// Adds rules that refer to other groups, each as a resource of its own, because groups may refer to each other.
fn rules_by_group(
    template: &mut Template<'_>,
    id: &Id,
    rules: &BTreeSet<Rule>,
    (direction, peer_is): (&str, &str),
) {
    for rule in rules {
        if let Peer::Group(peer) = &rule.peer {
            let mut properties = template_of(rule);
            properties["GroupId"] = attribute(id, "GroupId");
            properties[peer_is] = attribute(peer, "GroupId");
            let port = rule.ports.map_or_else(String::new, |(first, _)| first.to_string());
            let name = format!("{}{direction}{}{port}", logical_name(id), logical_name(peer));
            template.add(&name, &format!("AWS::EC2::SecurityGroup{direction}"), properties);
        }
    }
}

/// The rules for networks and prefix lists.
fn networks(rules: &BTreeSet<Rule>) -> Vec<Value> {
    let mut found = Vec::new();
    for rule in rules {
        let (name, peer) = match &rule.peer {
            Peer::Network(network) => ("CidrIp", network),
            Peer::PrefixList(list) => ("DestinationPrefixListId", list),
            Peer::Group(_) => continue,
        };
        let mut properties = template_of(rule);
        properties[name] = json!(peer);
        found.push(properties);
    }
    found
}

impl Resource for SecurityGroup {
    const ID: &'static str = "security-group";
    const NAME: &'static str = "security group";
    const GONE_FIRST: &'static [Kind] = &[
        Kind::of::<SecurityGroupRules>(),
        Kind::of::<LoadBalancer>(),
        Kind::of::<AutoScalingGroup>(),
        Kind::of::<DbCluster>(),
        Kind::of::<LaunchTemplate>(),
    ];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeSecurityGroups;
        Apply [NETWORK_NEW_IN_VPC, NETWORK_WITHIN] "ec2:CreateTags" on TAG_NEW: CreateSecurityGroup;
        ApplyAndDestroy [NETWORK_OWN]: DeleteSecurityGroup;
    };

    type Answer = Vec<model::SecurityGroup>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let group = |(part, description): (&str, &str)| {
            let name = stack.names.security_group(part);
            let spec = Self { vpc: "vpc".into(), name, description: description.into() };
            Wanted::new(format!("security-group/{part}"), spec)
        };
        GROUPS.map(group).into()
    }

    fn refs(&self) -> Vec<&Id> {
        vec![&self.vpc]
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        read(reader).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        for group in answer.iter().filter(|group| group.name != DEFAULT) {
            if observation.is_ours(&group.tags) {
                let spec = Self {
                    vpc: observation.id::<Vpc>(&group.vpc),
                    name: group.name.clone(),
                    description: group.description.clone(),
                };
                let found = Found::tagged(&group.id, spec, &group.tags);
                observation.keep_in::<Vpc>(&group.vpc, found);
            } else if observation.is_kept::<Vpc>(&group.vpc) {
                let parts = GROUPS.map(|(part, _)| part);
                let named = |part: &&&str| observation.names.security_group(part) == group.name;
                if let Some(part) = parts.iter().find(named) {
                    observation.foreign(&format!("security-group/{part}"), &group.id);
                }
            }
        }
    }

    fn is_in_place(_: &str) -> bool {
        false
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let group = if let Some(group) = step.existing() {
            group
        } else {
            let (vpc, name) = (run.physical(&self.vpc)?, self.name.clone());
            let (description, tags) = (self.description.clone(), step.tags());
            let call = CreateSecurityGroup { vpc: vpc.clone(), name, description, tags };
            match run.caller.create(call).await? {
                Some(group) => group,
                None => named(step, &vpc, &self.name).await?,
            }
        };
        run.remember(step.id(), &group);
        step.update_tags::<Self>(&group).await
    }

    async fn delete(step: &StepContext<'_>, group: &str) -> Result<(), CallError> {
        let call = DeleteSecurityGroup { group: group.to_owned() };
        step.delete_held(call, async || vpc::holders(step).await).await
    }

    fn estimate(action: Action) -> Estimate {
        match action {
            Action::Delete => Estimate::seconds(1, 10, 1200),
            _ => Estimate::QUICK,
        }
    }

    /// Adds the group with its rules for networks.
    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let mut all = template.topology.all::<SecurityGroupRules>();
        let rules = all.find_map(|(_, rules)| (rules.group == *id).then(|| rules.clone()));
        drop(all);
        let (ingress, egress) =
            rules.map_or_else(Default::default, |rules| (rules.ingress, rules.egress));
        let mut inside = networks(&egress);
        if inside.is_empty() {
            // A group that is given none is open to everywhere: this one leads nowhere.
            inside.push(json!({
                "IpProtocol": "-1",
                "CidrIp": "127.0.0.1/32",
                "Description": "instead of the rule that allows everything",
            }));
        }
        let mut properties = json!({
            "GroupName": self.name,
            "GroupDescription": self.description,
            "VpcId": reference(&self.vpc),
            "SecurityGroupEgress": inside,
            "Tags": template.tags(id),
        });
        let inside = networks(&ingress);
        if !inside.is_empty() {
            properties["SecurityGroupIngress"] = json!(inside);
        }
        template.add(&logical_name(id), "AWS::EC2::SecurityGroup", properties);
        rules_by_group(template, id, &ingress, ("Ingress", "SourceSecurityGroupId"));
        rules_by_group(template, id, &egress, ("Egress", "DestinationSecurityGroupId"));
    }
}
