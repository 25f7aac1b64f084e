//! The instance profile: the role in the form that instances take.

use skyward_aws::{
    AddRoleToInstanceProfile, CreateInstanceProfile, DeleteInstanceProfile, GetInstanceProfile,
    RemoveRoleFromInstanceProfile, TagInstanceProfile, UntagInstanceProfile,
};

use super::role::{READ_ROLE, ROLE_NEW, ROLE_OWN};
use super::{AutoScalingGroup, LaunchTemplate, Role};
use crate::resource::prelude::*;

/// The instance profile, with the role in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceProfile {
    pub(crate) name: String,
    pub(crate) role: Option<Id>,
}

impl InstanceProfile {
    fn get(&self) -> GetInstanceProfile {
        GetInstanceProfile { name: self.name.clone() }
    }

    async fn create(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let call = CreateInstanceProfile { name: self.name.clone(), tags: step.tags() };
        if step.run.caller.create(call).await?.is_some() {
            return Ok(());
        }
        let look = async || {
            let profile = step.run.caller.find(self.get()).await?;
            Ok(profile.map(|profile| ((), profile.tags)))
        };
        step.adopt("instance profile", &self.name, look).await
    }

    async fn set_role(&self, step: &StepContext<'_>, role: String) -> Result<(), CallError> {
        let (caller, profile) = (step.run.caller, self.name.clone());
        let current = caller.find(self.get()).await?.and_then(|profile| profile.role);
        if let Some(other) = current.filter(|current| *current != role) {
            let call = RemoveRoleFromInstanceProfile { profile: profile.clone(), role: other };
            caller.delete(call).await?;
        }
        match caller.change(AddRoleToInstanceProfile { profile, role }).await {
            // It takes one role, and has one: this one, or the look above was too old.
            Err(error) if matches!(error.class(), Some(Class::Quota | Class::Exists)) => {
                step.run.adopted();
                Ok(())
            }
            result => result,
        }
    }
}

impl Resource for InstanceProfile {
    const ID: &'static str = "instance-profile";
    const NAME: &'static str = "instance profile";
    const GONE_FIRST: &'static [Kind] =
        &[Kind::of::<LaunchTemplate>(), Kind::of::<AutoScalingGroup>()];
    const GRANTS: &'static [Grants] = grants! {
        All [READ_ROLE]: GetInstanceProfile;
        Apply [ROLE_NEW] "iam:TagInstanceProfile" on ROLE_NEW: CreateInstanceProfile;
        Apply [ROLE_NEW]: TagInstanceProfile;
        Apply [ROLE_OWN]: UntagInstanceProfile;
        Apply [ROLE_OWN] "iam:PassRole" on PASS_ROLE: AddRoleToInstanceProfile;
        ApplyAndDestroy [ROLE_OWN]: RemoveRoleFromInstanceProfile, DeleteInstanceProfile;
    };

    type Answer = Rc<Option<model::InstanceProfile>>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let spec = Self { name: stack.names.role(), role: Some("role".into()) };
        vec![Wanted::new("instance-profile", spec)]
    }

    fn refs(&self) -> Vec<&Id> {
        self.role.iter().collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.find(GetInstanceProfile { name: reader.names.role() }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some(profile) = answer.as_ref() else { return };
        let role = profile.role.as_ref().map(|role| observation.id::<Role>(role));
        let spec = Self { name: profile.name.clone(), role };
        let found = Found::new("instance-profile", &profile.name, spec, &profile.tags);
        observation.keep_named(&profile.name, found);
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let is_new = step.existing().is_none();
        if is_new {
            self.create(step).await?;
        }
        run.remember(step.id(), &self.name);
        if let Some(role) = self.role.as_ref().filter(|_| is_new || step.differs("role")) {
            self.set_role(step, run.physical(role)?).await?;
        }
        step.update_tags::<Self>(&self.name).await
    }

    async fn delete(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let (caller, profile) = (step.run.caller, name.to_owned());
        let found = caller.find(GetInstanceProfile { name: profile.clone() }).await?;
        // What was added a moment ago may not be seen: it has the one role, or none.
        let role = found.and_then(|profile| profile.role).unwrap_or_else(|| step.run.names.role());
        let call = RemoveRoleFromInstanceProfile { profile: profile.clone(), role };
        caller.delete(call).await?;
        step.delete(DeleteInstanceProfile { name: profile }).await
    }

    async fn set_tags(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let name = || name.to_owned();
        step.change_tags(
            |tags| TagInstanceProfile { name: name(), tags },
            |names| UntagInstanceProfile { name: name(), names },
        )
        .await
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let roles: Vec<Value> = self.role.iter().map(reference).collect();
        let properties = json!({ "InstanceProfileName": self.name, "Roles": roles });
        template.add(&logical_name(id), "AWS::IAM::InstanceProfile", properties);
    }
}
