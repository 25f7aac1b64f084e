//! Instance profiles, by which an instance has a role.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfile {
    pub name: String,
    pub arn: String,
    /// The role in it.
    pub role: Option<String>,
    pub tags: Tags,
}

operations! {
    CreateInstanceProfile { name: String, tags: Tags } -> InstanceProfile;
    GetInstanceProfile { name: String } -> InstanceProfile;
    TagInstanceProfile { name: String, tags: Tags } -> ();
    AddRoleToInstanceProfile { profile: String, role: String } -> ();
    RemoveRoleFromInstanceProfile { profile: String, role: String } -> ();
    DeleteInstanceProfile { name: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_iam::types;

    use super::*;
    use crate::kind::prelude::*;

    fn profile(found: types::InstanceProfile) -> InstanceProfile {
        InstanceProfile {
            name: found.instance_profile_name,
            arn: found.arn,
            role: found.roles.into_iter().next().map(|role| role.role_name),
            tags: iam::tags(found.tags),
        }
    }

    requests! { iam
        create_instance_profile(call: CreateInstanceProfile) {
            instance_profile_name(call.name)
            set_tags(Some(iam::to_tags(Operation::CreateInstanceProfile, call.tags)?))
        } => |answer| made(Operation::CreateInstanceProfile, answer.instance_profile, profile)?;
        get_instance_profile(call: GetInstanceProfile) { instance_profile_name(call.name) }
            => |answer| made(Operation::GetInstanceProfile, answer.instance_profile, profile)?;
        tag_instance_profile(call: TagInstanceProfile) {
            instance_profile_name(call.name)
            set_tags(Some(iam::to_tags(Operation::TagInstanceProfile, call.tags)?))
        };
        add_role_to_instance_profile(call: AddRoleToInstanceProfile) {
            instance_profile_name(call.profile) role_name(call.role)
        };
        remove_role_from_instance_profile(call: RemoveRoleFromInstanceProfile) {
            instance_profile_name(call.profile) role_name(call.role)
        };
        delete_instance_profile(call: DeleteInstanceProfile) { instance_profile_name(call.name) };
    }
}
