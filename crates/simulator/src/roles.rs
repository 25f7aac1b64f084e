use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use serde::{Deserialize, Serialize};

use super::assumptions as assumed;
use super::store::{Thing, Time};
use super::world::{Answer, World, find, refuse};
use skyward_aws::model::{InstanceProfile, Role, Tags};
use skyward_aws::{
    AddRoleToInstanceProfile, AttachRolePolicy, CreateInstanceProfile, CreateRole,
    DeleteInstanceProfile, DeleteRole, DeleteRolePolicy, DetachRolePolicy, GetInstanceProfile,
    GetRole, GetRolePolicy, ListAttachedRolePolicies, PutRolePolicy, RemoveRoleFromInstanceProfile,
    TagInstanceProfile, TagRole, UpdateAssumeRolePolicy,
};

/// A role with its policies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FullRole {
    role: Role,
    policies: BTreeMap<String, Value>,
    managed: BTreeSet<String>,
}

impl Thing for FullRole {
    fn tags(&self) -> &Tags {
        &self.role.tags
    }

    fn keys(&self) -> Vec<String> {
        Vec::new()
    }
}

/// An instance profile, and since when the other services know it with its role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Profile {
    profile: InstanceProfile,
    known_from: Time,
}

impl Thing for Profile {
    fn tags(&self) -> &Tags {
        &self.profile.tags
    }

    fn keys(&self) -> Vec<String> {
        self.profile.role.iter().map(|role| format!("role={role}")).collect()
    }
}

const NONE: &str = "NoSuchEntity";

impl World {
    pub(super) fn create_role(&mut self, call: CreateRole) -> Answer<Role> {
        if self.state.roles.get(&call.name).is_some() {
            let message = format!("Role with name {} already exists.", call.name);
            return refuse("EntityAlreadyExists", message);
        }
        self.quota("roles", self.state.roles.len(), "LimitExceeded")?;
        let arn = format!("arn:aws:iam::{}:role/{}", self.account, call.name);
        let role = Role { name: call.name.clone(), arn, trust: call.trust, tags: call.tags };
        let full =
            FullRole { role: role.clone(), policies: BTreeMap::new(), managed: BTreeSet::new() };
        self.state.roles.put(self.moment(), &call.name, full);
        Ok(role)
    }

    /// The role as the call sees it.
    fn role(&self, name: &str) -> Answer<&FullRole> {
        find(&self.state.roles, name, self.view, NONE)?;
        Ok(self.state.roles.seen(name, self.view).expect("it is known"))
    }

    fn change_role(&mut self, name: &str, change: impl FnOnce(&mut FullRole)) -> Answer<()> {
        find(&self.state.roles, name, self.view, NONE)?;
        self.state.roles.update(self.moment(), name, change);
        Ok(())
    }

    pub(super) fn get_role(&mut self, call: GetRole) -> Answer<Role> {
        Ok(self.role(&call.name)?.role.clone())
    }

    pub(super) fn update_assume_role_policy(&mut self, call: UpdateAssumeRolePolicy) -> Answer<()> {
        self.change_role(&call.name, |full| full.role.trust = call.trust)
    }

    pub(super) fn tag_role(&mut self, call: TagRole) -> Answer<()> {
        self.change_role(&call.name, |full| full.role.tags.extend(call.tags))
    }

    pub(super) fn delete_role(&mut self, call: DeleteRole) -> Answer<()> {
        find(&self.state.roles, &call.name, self.view, NONE)?;
        let full = self.state.roles.get(&call.name).expect("it is known");
        if !full.policies.is_empty() {
            return refuse("DeleteConflict", "Cannot delete entity, must delete policies first.");
        }
        if !full.managed.is_empty() {
            return refuse(
                "DeleteConflict",
                "Cannot delete entity, must detach all policies first.",
            );
        }
        if self.state.profiles.any(&format!("role={}", call.name)) {
            let message = "Cannot delete entity, must remove roles from instance profile first.";
            return refuse("DeleteConflict", message);
        }
        self.state.roles.remove(self.moment(), &call.name);
        Ok(())
    }

    pub(super) fn put_role_policy(&mut self, call: PutRolePolicy) -> Answer<()> {
        self.change_role(&call.role, |full| {
            full.policies.insert(call.policy, call.document);
        })
    }

    pub(super) fn get_role_policy(&mut self, call: GetRolePolicy) -> Answer<Value> {
        match self.role(&call.role)?.policies.get(&call.policy) {
            Some(document) => Ok(document.clone()),
            None => {
                refuse(NONE, format!("The role policy with name {} cannot be found.", call.policy))
            }
        }
    }

    pub(super) fn delete_role_policy(&mut self, call: DeleteRolePolicy) -> Answer<()> {
        let full = find(&self.state.roles, &call.role, self.view, NONE)?;
        if !full.policies.contains_key(&call.policy) {
            return refuse(
                NONE,
                format!("The role policy with name {} cannot be found.", call.policy),
            );
        }
        self.change_role(&call.role, |full| {
            full.policies.remove(&call.policy);
        })
    }

    pub(super) fn attach_role_policy(&mut self, call: AttachRolePolicy) -> Answer<()> {
        self.change_role(&call.role, |full| {
            full.managed.insert(call.arn);
        })
    }

    pub(super) fn list_attached_role_policies(
        &mut self,
        call: ListAttachedRolePolicies,
    ) -> Answer<BTreeSet<String>> {
        Ok(self.role(&call.role)?.managed.clone())
    }

    pub(super) fn detach_role_policy(&mut self, call: DetachRolePolicy) -> Answer<()> {
        let full = find(&self.state.roles, &call.role, self.view, NONE)?;
        if !full.managed.contains(&call.arn) {
            return refuse(NONE, format!("Policy {} was not found.", call.arn));
        }
        self.change_role(&call.role, |full| {
            full.managed.remove(&call.arn);
        })
    }

    pub(super) fn create_instance_profile(
        &mut self,
        call: CreateInstanceProfile,
    ) -> Answer<InstanceProfile> {
        if self.state.profiles.get(&call.name).is_some() {
            let message = format!("Instance Profile {} already exists.", call.name);
            return refuse("EntityAlreadyExists", message);
        }
        self.quota("instance profiles", self.state.profiles.len(), "LimitExceeded")?;
        let arn = format!("arn:aws:iam::{}:instance-profile/{}", self.account, call.name);
        let profile = InstanceProfile { name: call.name.clone(), arn, role: None, tags: call.tags };
        let record = Profile { profile: profile.clone(), known_from: self.now };
        self.state.profiles.put(self.moment(), &call.name, record);
        Ok(profile)
    }

    pub(super) fn get_instance_profile(
        &mut self,
        call: GetInstanceProfile,
    ) -> Answer<InstanceProfile> {
        find(&self.state.profiles, &call.name, self.view, NONE)?;
        let record = self.state.profiles.seen(&call.name, self.view).expect("it is known");
        Ok(record.profile.clone())
    }

    pub(super) fn tag_instance_profile(&mut self, call: TagInstanceProfile) -> Answer<()> {
        find(&self.state.profiles, &call.name, self.view, NONE)?;
        let change = |record: &mut Profile| record.profile.tags.extend(call.tags);
        self.state.profiles.update(self.moment(), &call.name, change);
        Ok(())
    }

    pub(super) fn add_role_to_instance_profile(
        &mut self,
        call: AddRoleToInstanceProfile,
    ) -> Answer<()> {
        let record = find(&self.state.profiles, &call.profile, self.view, NONE)?;
        find(&self.state.roles, &call.role, self.view, NONE)?;
        if record.profile.role.is_some() {
            let message = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
            return refuse("LimitExceeded", message);
        }
        let known_from = if self.moment().is_seen_at_once {
            self.now
        } else {
            self.now + self.sample(assumed::PROFILE_LAG)
        };
        self.state.profiles.update(self.moment(), &call.profile, |record| {
            record.profile.role = Some(call.role);
            record.known_from = known_from;
        });
        Ok(())
    }

    pub(super) fn remove_role_from_instance_profile(
        &mut self,
        call: RemoveRoleFromInstanceProfile,
    ) -> Answer<()> {
        let record = find(&self.state.profiles, &call.profile, self.view, NONE)?;
        if record.profile.role.as_ref() != Some(&call.role) {
            return refuse(NONE, format!("The role with name {} cannot be found.", call.role));
        }
        self.state
            .profiles
            .update(self.moment(), &call.profile, |record| record.profile.role = None);
        Ok(())
    }

    pub(super) fn delete_instance_profile(&mut self, call: DeleteInstanceProfile) -> Answer<()> {
        let record = find(&self.state.profiles, &call.name, self.view, NONE)?;
        if record.profile.role.is_some() {
            let message = "Cannot delete entity, must remove roles from instance profile first.";
            return refuse("DeleteConflict", message);
        }
        self.state.profiles.remove(self.moment(), &call.name);
        Ok(())
    }

    /// Whether the services that start instances know a profile with a role in it.
    pub(super) fn knows_profile(&self, name: &str) -> bool {
        let record = self.state.profiles.get(name);
        record.is_some_and(|record| record.profile.role.is_some() && record.known_from <= self.now)
    }
}
