//! Roles with their policies.

pub(crate) mod simulated;

use crate::page::prelude::*;

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub arn: String,
    /// The policy document that says who may assume it.
    pub trust: serde_json::Value,
    pub tags: Tags,
}

operations! {
    CreateRole { name: String, trust: Value, tags: Tags } -> Role;
    GetRole { name: String } -> Role;
    UpdateAssumeRolePolicy { name: String, trust: Value } -> ();
    TagRole { name: String, tags: Tags } -> ();
    UntagRole { name: String, names: Vec<String> } -> ();
    DeleteRole { name: String } -> ();
    PutRolePolicy { role: String, policy: String, document: Value } -> ();
    GetRolePolicy { role: String, policy: String } -> Value;
    ListRolePolicies { role: String } -> BTreeSet<String>;
    DeleteRolePolicy { role: String, policy: String } -> ();
    AttachRolePolicy { role: String, arn: String } -> ();
    ListAttachedRolePolicies { role: String } -> BTreeSet<String>;
    DetachRolePolicy { role: String, arn: String } -> ();
    // Of a service, by its name for IAM, such as `rds.amazonaws.com`.
    CreateServiceLinkedRole { service: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use percent_encoding::percent_decode_str;

    use super::*;
    use crate::kind::prelude::*;

    /// A policy document as it was written. IAM answers it encoded as in an address (RFC 3986), which JSON never looks like.
    fn document(text: &str) -> Value {
        let read = |text: &str| serde_json::from_str(text).ok();
        let decoded = percent_decode_str(text).decode_utf8().ok();
        read(text).or_else(|| read(&decoded?)).unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn role(found: Element<'_>) -> Role {
        Role {
            name: found.text("RoleName"),
            arn: found.text("Arn"),
            trust: document(&found.text("AssumeRolePolicyDocument")),
            tags: found.pairs("Tags"),
        }
    }

    query! { iam
        create_role(call: CreateRole) {
            "RoleName": call.name, "AssumeRolePolicyDocument": call.trust.to_string(),
            "Tags": pairs(call.tags),
        } => |answer| answer.made("Role", role)?;
        get_role(call: GetRole) { "RoleName": call.name } => |answer| answer.made("Role", role)?;
        update_assume_role_policy(call: UpdateAssumeRolePolicy) {
            "RoleName": call.name, "PolicyDocument": call.trust.to_string(),
        };
        tag_role(call: TagRole) { "RoleName": call.name, "Tags": pairs(call.tags) };
        untag_role(call: UntagRole) { "RoleName": call.name, "TagKeys": call.names };
        delete_role(call: DeleteRole) { "RoleName": call.name };
        put_role_policy(call: PutRolePolicy) {
            "RoleName": call.role, "PolicyName": call.policy,
            "PolicyDocument": call.document.to_string(),
        };
        get_role_policy(call: GetRolePolicy) { "RoleName": call.role, "PolicyName": call.policy }
            => |answer| document(&answer.text("PolicyDocument"));
        // A role has room for 10,240 letters of policies: one page.
        list_role_policies(call: ListRolePolicies) { "RoleName": call.role }
            => |answer| answer.texts("PolicyNames");
        delete_role_policy(call: DeleteRolePolicy) {
            "RoleName": call.role, "PolicyName": call.policy,
        };
        attach_role_policy(call: AttachRolePolicy) {
            "RoleName": call.role, "PolicyArn": call.arn,
        };
        // A role has at most 20 managed policies: one page.
        list_attached_role_policies(call: ListAttachedRolePolicies) { "RoleName": call.role } => |answer| {
            let policies = answer.items("AttachedPolicies");
            policies.map(|policy| policy.text("PolicyArn")).collect()
        };
        detach_role_policy(call: DetachRolePolicy) {
            "RoleName": call.role, "PolicyArn": call.arn,
        };
        create_service_linked_role(call: CreateServiceLinkedRole) {
            "AWSServiceName": call.service,
        };
    }

    #[cfg(test)]
    mod tests {
        use serde_json::json;

        use super::document;

        #[test]
        fn a_document_is_read_plain_and_encoded() {
            let expected = json!({"Version": "2012-10-17", "Path": "50 % é"});
            let encoded =
                "%7B%22Version%22%3A%222012-10-17%22%2C%22Path%22%3A%2250%20%25%20%C3%A9%22%7D";
            for text in [encoded, expected.to_string().as_str()] {
                assert_eq!(document(text), expected, "{text}");
            }
            for broken in ["%7", "%zz", "{", ""] {
                assert_eq!(document(broken), json!(broken));
            }
        }
    }
}
