//! Roles with their policies.

use crate::kind::simulated::prelude::*;

/// A role with its policies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RoleRecord {
    role: Role,
    policies: BTreeMap<String, Value>,
    managed: BTreeSet<String>,
}

impl RoleRecord {
    /// Tells whether a policy of its own allows an action on a resource. Conditions and managed policies are not read.
    pub(crate) fn allows(&self, action: &str, resource: &str) -> bool {
        let texts = |value: &Value| match value {
            Value::Array(items) => items.clone(),
            other => vec![other.clone()],
        };
        let is_in = |value: &Value, wanted: &str| {
            texts(value).iter().filter_map(Value::as_str).any(|text| match text.strip_suffix('*') {
                Some(start) => wanted.starts_with(start),
                None => wanted == text,
            })
        };
        let statements = self.policies.values().flat_map(|policy| texts(&policy["Statement"]));
        statements.into_iter().any(|statement| {
            statement["Effect"] == "Allow"
                && is_in(&statement["Action"], action)
                && is_in(&statement["Resource"], resource)
        })
    }
}

/// Refuses the first use of a service in an account that has not its role yet, in the service's own words.
pub(crate) fn linked(world: &World, service: &str, (code, message): (&str, &str)) -> Answer<()> {
    let lacks = &world.settings.lacks_linked_roles;
    if lacks.contains(service) || world.is_name_held(&linked_role(service)) {
        return refuse(code, message);
    }
    Ok(())
}

fn linked_role(service: &str) -> String {
    format!("service-linked role of {service}")
}

const LINKED: Assumption =
    seconds("service-linked role: until its service knows it", 5.0, 20.0, Unverified);
const QUOTA: DefaultQuota = DefaultQuota::new("roles", 1000, "LimitExceeded");

impl Kind for RoleRecord {
    const NAME: &'static str = "role";
    const MISSING: &'static str = "NoSuchEntity";
    const ASSUMPTIONS: &'static [Assumption] = &[LINKED];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(role.tags);
}

impl World {
    pub(crate) fn create_role(&mut self, call: CreateRole) -> Answer<Role> {
        if self.get::<RoleRecord>(&call.name).is_some() {
            let message = format!("Role with name {} already exists.", call.name);
            return refuse("EntityAlreadyExists", message);
        }
        self.room(&QUOTA, self.count::<RoleRecord>())?;
        let partition = self.partition().id;
        let arn = format!("arn:{partition}:iam::{}:role/{}", self.account, call.name);
        let role = Role { name: call.name.clone(), arn, trust: call.trust, tags: call.tags };
        let full =
            RoleRecord { role: role.clone(), policies: BTreeMap::new(), managed: BTreeSet::new() };
        self.put(&call.name, full);
        Ok(role)
    }

    pub(crate) fn get_role(&mut self, call: GetRole) -> Answer<Role> {
        Ok(self.look::<RoleRecord>(&call.name)?.role.clone())
    }

    pub(crate) fn update_assume_role_policy(&mut self, call: UpdateAssumeRolePolicy) -> Answer<()> {
        self.change::<RoleRecord>(&call.name, |full| full.role.trust = call.trust)
    }

    pub(crate) fn tag_role(&mut self, call: TagRole) -> Answer<()> {
        self.change::<RoleRecord>(&call.name, |full| full.role.tags.extend(call.tags))
    }

    pub(crate) fn untag_role(&mut self, call: UntagRole) -> Answer<()> {
        let untag = |full: &mut RoleRecord| {
            full.role.tags.retain(|name, _| !call.names.contains(name));
        };
        self.change::<RoleRecord>(&call.name, untag)
    }

    pub(crate) fn delete_role(&mut self, call: DeleteRole) -> Answer<()> {
        self.find::<RoleRecord>(&call.name)?;
        let full = self.get::<RoleRecord>(&call.name).expect("it is known");
        if !full.policies.is_empty() {
            return refuse("DeleteConflict", "Cannot delete entity, must delete policies first.");
        }
        if !full.managed.is_empty() {
            return refuse(
                "DeleteConflict",
                "Cannot delete entity, must detach all policies first.",
            );
        }
        if self.is_used(&format!("role={}", call.name)) {
            let message = "Cannot delete entity, must remove roles from instance profile first.";
            return refuse("DeleteConflict", message);
        }
        self.delete::<RoleRecord>(&call.name)
    }

    pub(crate) fn put_role_policy(&mut self, call: PutRolePolicy) -> Answer<()> {
        self.change::<RoleRecord>(&call.role, |full| {
            full.policies.insert(call.policy, call.document);
        })
    }

    pub(crate) fn get_role_policy(&mut self, call: GetRolePolicy) -> Answer<Value> {
        match self.look::<RoleRecord>(&call.role)?.policies.get(&call.policy) {
            Some(document) => Ok(document.clone()),
            None => refuse(
                RoleRecord::MISSING,
                format!("The role policy with name {} cannot be found.", call.policy),
            ),
        }
    }

    pub(crate) fn list_role_policies(
        &mut self,
        call: ListRolePolicies,
    ) -> Answer<BTreeSet<String>> {
        Ok(self.look::<RoleRecord>(&call.role)?.policies.keys().cloned().collect())
    }

    pub(crate) fn delete_role_policy(&mut self, call: DeleteRolePolicy) -> Answer<()> {
        let full = self.find::<RoleRecord>(&call.role)?;
        if !full.policies.contains_key(&call.policy) {
            return refuse(
                RoleRecord::MISSING,
                format!("The role policy with name {} cannot be found.", call.policy),
            );
        }
        self.change::<RoleRecord>(&call.role, |full| {
            full.policies.remove(&call.policy);
        })
    }

    pub(crate) fn attach_role_policy(&mut self, call: AttachRolePolicy) -> Answer<()> {
        self.change::<RoleRecord>(&call.role, |full| {
            full.managed.insert(call.arn);
        })
    }

    pub(crate) fn list_attached_role_policies(
        &mut self,
        call: ListAttachedRolePolicies,
    ) -> Answer<BTreeSet<String>> {
        Ok(self.look::<RoleRecord>(&call.role)?.managed.clone())
    }

    pub(crate) fn detach_role_policy(&mut self, call: DetachRolePolicy) -> Answer<()> {
        let full = self.find::<RoleRecord>(&call.role)?;
        if !full.managed.contains(&call.arn) {
            return refuse(RoleRecord::MISSING, format!("Policy {} was not found.", call.arn));
        }
        self.change::<RoleRecord>(&call.role, |full| {
            full.managed.remove(&call.arn);
        })
    }

    pub(crate) fn create_service_linked_role(
        &mut self,
        call: CreateServiceLinkedRole,
    ) -> Answer<()> {
        let service = call.service.trim_end_matches(".amazonaws.com");
        if !self.settings.lacks_linked_roles.remove(service) {
            let message =
                "Service role name has been taken in this account, please try a different suffix.";
            return refuse("InvalidInput", message);
        }
        let delay = self.sample(LINKED);
        self.hold_name(&linked_role(service), delay);
        Ok(())
    }
}
