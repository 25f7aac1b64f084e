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
    UntagInstanceProfile { name: String, names: Vec<String> } -> ();
    AddRoleToInstanceProfile { profile: String, role: String } -> ();
    RemoveRoleFromInstanceProfile { profile: String, role: String } -> ();
    DeleteInstanceProfile { name: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    fn profile(found: Element<'_>) -> InstanceProfile {
        InstanceProfile {
            name: found.text("InstanceProfileName"),
            arn: found.text("Arn"),
            role: found.items("Roles").next().map(|role| role.text("RoleName")),
            tags: found.pairs("Tags"),
        }
    }

    query! { iam
        create_instance_profile(call: CreateInstanceProfile) {
            "InstanceProfileName": call.name, "Tags": pairs(call.tags),
        } => |answer| answer.made("InstanceProfile", profile)?;
        get_instance_profile(call: GetInstanceProfile) { "InstanceProfileName": call.name }
            => |answer| answer.made("InstanceProfile", profile)?;
        tag_instance_profile(call: TagInstanceProfile) {
            "InstanceProfileName": call.name, "Tags": pairs(call.tags),
        };
        untag_instance_profile(call: UntagInstanceProfile) {
            "InstanceProfileName": call.name, "TagKeys": call.names,
        };
        add_role_to_instance_profile(call: AddRoleToInstanceProfile) {
            "InstanceProfileName": call.profile, "RoleName": call.role,
        };
        remove_role_from_instance_profile(call: RemoveRoleFromInstanceProfile) {
            "InstanceProfileName": call.profile, "RoleName": call.role,
        };
        delete_instance_profile(call: DeleteInstanceProfile) { "InstanceProfileName": call.name };
    }
}
