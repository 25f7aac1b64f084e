//! The internal subnets, in the form that the database takes.

use skyward_aws::{
    CreateDBSubnetGroup, DeleteDBSubnetGroup, DescribeDBSubnetGroups, ListRdsTags,
    ModifyDBSubnetGroup,
};

use super::db_cluster::{DATABASE_NEW, DATABASE_OWN, READ_DATABASE};
use super::{DbCluster, Subnet, db_cluster};
use crate::resource::prelude::*;

/// The subnets of the database's instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DbSubnetGroup {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) subnets: BTreeSet<Id>,
}

async fn look(
    step: &StepContext<'_>,
    name: &str,
) -> Result<Option<model::DbSubnetGroup>, CallError> {
    step.run.first(DescribeDBSubnetGroups { name: name.to_owned() }).await
}

impl Resource for DbSubnetGroup {
    const ID: &'static str = "db-subnet-group";
    const NAME: &'static str = "DB subnet group";
    const GONE_FIRST: &'static [Kind] = &[Kind::of::<DbCluster>()];
    const QUOTAS: &'static [QuotaUse] = &[QuotaUse {
        quota: "DBSubnetGroups",
        what: "DB subnet groups",
        each: 1,
        counts_all: false,
    }];
    const GRANTS: &'static [Grants] = grants! {
        All [READ_DATABASE]: DescribeDBSubnetGroups, ListRdsTags;
        Apply [DATABASE_NEW] "rds:AddTagsToResource" on DATABASE_NEW: CreateDBSubnetGroup;
        Apply [DATABASE_OWN]: ModifyDBSubnetGroup, RemoveRdsTags;
        Apply [DATABASE_NEW]: AddRdsTags;
        ApplyAndDestroy [DATABASE_OWN]: DeleteDBSubnetGroup;
    };

    type Answer = Option<(model::DbSubnetGroup, Tags)>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let spec = Self {
            name: stack.names.database(),
            description: "Skyward: the internal subnets".into(),
            subnets: each_zone("subnet/internal").into(),
        };
        vec![Wanted::new("db-subnet-group", spec)]
    }

    fn refs(&self) -> Vec<&Id> {
        self.subnets.iter().collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let call = DescribeDBSubnetGroups { name: reader.names.database() };
        let group: model::DbSubnetGroup = reader.first(call).await?;
        let tags = reader.find(ListRdsTags { arn: group.arn.clone() }).await.as_ref().clone()?;
        Some((group, tags))
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some((group, tags)) = answer else { return };
        let spec = Self {
            name: group.name.clone(),
            description: group.description.clone(),
            subnets: observation.ids::<Subnet>(&group.subnets),
        };
        let state = Readiness::when(&group.status, "Complete");
        let found = Found::new("db-subnet-group", &group.name, spec, tags).in_state(state);
        observation.keep_named(&group.name, found);
    }

    fn is_in_place(field: &str) -> bool {
        matches!(field, "subnets" | "description")
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let (run, name, description) = (step.run, self.name.clone(), self.description.clone());
        let subnets = run.physicals(&self.subnets)?;
        run.remember(step.id(), &name);
        if step.existing().is_some() {
            if step.differs("subnets") || step.differs("description") {
                let call = ModifyDBSubnetGroup { name: name.clone(), description, subnets };
                run.caller.change(call).await?;
            }
            return step.update_tags::<Self>(&name).await;
        }
        let tags = step.tags();
        let call = CreateDBSubnetGroup { name: name.clone(), description, subnets, tags };
        match run.caller.change(call).await {
            Err(error) if error.class() == Some(Class::Exists) => {
                let look = async || {
                    let Some(group) = look(step, &name).await? else { return Ok(None) };
                    let tags = run.caller.find(ListRdsTags { arn: group.arn }).await?;
                    Ok(tags.map(|tags| ((), tags)))
                };
                step.adopt("DB subnet group", &name, look).await
            }
            result => result.map(|_| ()),
        }
    }

    async fn delete(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        step.delete(DeleteDBSubnetGroup { name: name.to_owned() }).await
    }

    async fn set_tags(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let Some(group) = look(step, name).await? else { return Ok(()) };
        db_cluster::set_tags(step, &group.arn).await
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let properties = json!({
            "DBSubnetGroupName": self.name,
            "DBSubnetGroupDescription": self.description,
            "SubnetIds": references(&self.subnets),
            "Tags": template.tags(id),
        });
        template.add(&logical_name(id), "AWS::RDS::DBSubnetGroup", properties);
    }
}
