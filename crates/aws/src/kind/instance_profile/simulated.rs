//! Instance profiles, which other services know a while after their role is in them.

use crate::kind::simulated::prelude::*;
use crate::kind::simulated::role::RoleRecord;

/// An instance profile, and since when the other services know it with its role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InstanceProfileRecord {
    profile: InstanceProfile,
    known_from: Time,
}

impl InstanceProfileRecord {
    /// Tells whether the services that start instances know a profile with a role in it.
    pub(crate) fn is_known(world: &World, name: &str) -> bool {
        world
            .get::<Self>(name)
            .is_some_and(|record| record.profile.role.is_some() && record.known_from <= world.now)
    }

    /// The role in a profile.
    pub(crate) fn role_of<'a>(world: &'a World, name: &str) -> Option<&'a str> {
        world.get::<Self>(name)?.profile.role.as_deref()
    }
}

const LAG: Assumption =
    seconds("instance profile: until other services know it", 4.0, 12.0, Unverified);
const QUOTA: DefaultQuota = DefaultQuota::new("instance profiles", 1000, "LimitExceeded");

impl Kind for InstanceProfileRecord {
    const NAME: &'static str = "instance-profile";
    const MISSING: &'static str = "NoSuchEntity";
    const ASSUMPTIONS: &'static [Assumption] = &[LAG];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(profile.tags);

    fn keys(&self) -> Vec<String> {
        self.profile.role.iter().map(|role| format!("role={role}")).collect()
    }
}

impl World {
    pub(crate) fn create_instance_profile(
        &mut self,
        call: CreateInstanceProfile,
    ) -> Answer<InstanceProfile> {
        if self.get::<InstanceProfileRecord>(&call.name).is_some() {
            let message = format!("Instance Profile {} already exists.", call.name);
            return refuse("EntityAlreadyExists", message);
        }
        self.room(&QUOTA, self.count::<InstanceProfileRecord>())?;
        let partition = self.partition().id;
        let arn = format!("arn:{partition}:iam::{}:instance-profile/{}", self.account, call.name);
        let profile = InstanceProfile { name: call.name.clone(), arn, role: None, tags: call.tags };
        let record = InstanceProfileRecord { profile: profile.clone(), known_from: self.now };
        self.put(&call.name, record);
        Ok(profile)
    }

    pub(crate) fn get_instance_profile(
        &mut self,
        call: GetInstanceProfile,
    ) -> Answer<InstanceProfile> {
        let record = self.look::<InstanceProfileRecord>(&call.name)?;
        Ok(record.profile.clone())
    }

    pub(crate) fn tag_instance_profile(&mut self, call: TagInstanceProfile) -> Answer<()> {
        let change = |record: &mut InstanceProfileRecord| record.profile.tags.extend(call.tags);
        self.change::<InstanceProfileRecord>(&call.name, change)
    }

    pub(crate) fn untag_instance_profile(&mut self, call: UntagInstanceProfile) -> Answer<()> {
        let untag = |record: &mut InstanceProfileRecord| {
            record.profile.tags.retain(|name, _| !call.names.contains(name));
        };
        self.change::<InstanceProfileRecord>(&call.name, untag)
    }

    pub(crate) fn add_role_to_instance_profile(
        &mut self,
        call: AddRoleToInstanceProfile,
    ) -> Answer<()> {
        let record = self.find::<InstanceProfileRecord>(&call.profile)?;
        self.find::<RoleRecord>(&call.role)?;
        if record.profile.role.is_some() {
            let message = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
            return refuse("LimitExceeded", message);
        }
        let known_from = if self.is_direct() { self.now } else { self.now + self.sample(LAG) };
        self.change::<InstanceProfileRecord>(&call.profile, |record| {
            record.profile.role = Some(call.role);
            record.known_from = known_from;
        })
    }

    pub(crate) fn remove_role_from_instance_profile(
        &mut self,
        call: RemoveRoleFromInstanceProfile,
    ) -> Answer<()> {
        let record = self.find::<InstanceProfileRecord>(&call.profile)?;
        if record.profile.role.as_ref() != Some(&call.role) {
            return refuse(
                InstanceProfileRecord::MISSING,
                format!("The role with name {} cannot be found.", call.role),
            );
        }
        self.change::<InstanceProfileRecord>(&call.profile, |record| record.profile.role = None)
    }

    pub(crate) fn delete_instance_profile(&mut self, call: DeleteInstanceProfile) -> Answer<()> {
        let record = self.find::<InstanceProfileRecord>(&call.name)?;
        if record.profile.role.is_some() {
            let message = "Cannot delete entity, must remove roles from instance profile first.";
            return refuse("DeleteConflict", message);
        }
        self.delete::<InstanceProfileRecord>(&call.name)
    }
}
