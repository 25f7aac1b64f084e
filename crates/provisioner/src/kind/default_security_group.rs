//! The security group that AWS makes with every VPC. Nothing here uses it, so it lets nothing through.

use super::Vpc;
use super::security_group::{self, DEFAULT};
use super::security_group_rules::{Rule, found, peers, set};
use crate::resource::prelude::*;

/// The group that every VPC has, closed. It goes with its VPC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DefaultSecurityGroup {
    pub(crate) vpc: Id,
    pub(crate) ingress: BTreeSet<Rule>,
    pub(crate) egress: BTreeSet<Rule>,
}

impl Resource for DefaultSecurityGroup {
    const ID: &'static str = "default-security-group";
    const NAME: &'static str = "default security group";
    const COMES_ALONG: bool = true;
    const CREATE_REASON: Option<&'static str> = Some("AWS makes it open");
    const GRANTS: &'static [Grants] = grants! {
        // It is made without tags, and gets them later.
        Apply [NETWORK_OWN, TAG_DEFAULT_GROUP]: CreateTags;
        Apply [NETWORK_OWN]: DeleteTags;
    };

    type Answer = Vec<model::SecurityGroup>;

    fn desired(_: &Stack<'_>) -> Vec<Wanted<Self>> {
        let (ingress, egress) = (BTreeSet::new(), BTreeSet::new());
        vec![Wanted::new("security-group/default", Self { vpc: "vpc".into(), ingress, egress })]
    }

    fn refs(&self) -> Vec<&Id> {
        peers(self.ingress.iter().chain(&self.egress)).chain([&self.vpc]).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        security_group::read(reader).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        for group in answer.iter().filter(|group| group.name == DEFAULT) {
            if !observation.is_kept::<Vpc>(&group.vpc) {
                continue;
            }
            let spec = Self {
                vpc: observation.id::<Vpc>(&group.vpc),
                ingress: found(&group.ingress, observation),
                egress: found(&group.egress, observation),
            };
            observation.keep(Found::new("security-group/default", &group.id, spec, &group.tags));
        }
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let vpc = step.run.physical(&self.vpc)?;
        let existing = step.existing();
        let group = match &existing {
            Some(group) => group.clone(),
            None => security_group::named(step, &vpc, DEFAULT).await?,
        };
        step.run.remember(step.id(), &group);
        // The tag first: the policies in `infra` let change only what carries it.
        if existing.is_some() {
            step.update_tags::<Self>(&group).await?;
        } else {
            Self::set_tags(step, &group).await?;
        }
        set(step, &group, &self.ingress, &self.egress).await
    }

    /// It goes with its VPC.
    async fn delete(_: &StepContext<'_>, _: &str) -> Result<(), CallError> {
        Ok(())
    }

    /// CloudFormation cannot take away its rules.
    fn template(&self, id: &Id, template: &mut Template<'_>) {
        template.left_out.push(id.clone());
    }
}
