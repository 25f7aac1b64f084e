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
    DeleteRole { name: String } -> ();
    PutRolePolicy { role: String, policy: String, document: Value } -> ();
    GetRolePolicy { role: String, policy: String } -> Value;
    DeleteRolePolicy { role: String, policy: String } -> ();
    AttachRolePolicy { role: String, arn: String } -> ();
    ListAttachedRolePolicies { role: String } -> BTreeSet<String>;
    DetachRolePolicy { role: String, arn: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_iam::types;
    use percent_encoding::percent_decode_str;

    use super::*;
    use crate::kind::prelude::*;

    /// A policy document as it was written. IAM answers it encoded as in an address (RFC 3986), which JSON never looks like.
    fn document(text: &str) -> Value {
        let read = |text: &str| serde_json::from_str(text).ok();
        let decoded = percent_decode_str(text).decode_utf8().ok();
        read(text).or_else(|| read(&decoded?)).unwrap_or_else(|| Value::String(text.to_owned()))
    }

    fn role(found: types::Role) -> Role {
        Role {
            trust: document(&text(found.assume_role_policy_document)),
            name: found.role_name,
            arn: found.arn,
            tags: iam::tags(found.tags),
        }
    }

    requests! { iam
        create_role(call: CreateRole) {
            role_name(call.name) assume_role_policy_document(call.trust.to_string())
            set_tags(Some(iam::to_tags(Operation::CreateRole, call.tags)?))
        } => |answer| made(Operation::CreateRole, answer.role, role)?;
        get_role(call: GetRole) { role_name(call.name) }
            => |answer| made(Operation::GetRole, answer.role, role)?;
        update_assume_role_policy(call: UpdateAssumeRolePolicy) {
            role_name(call.name) policy_document(call.trust.to_string())
        };
        tag_role(call: TagRole) {
            role_name(call.name) set_tags(Some(iam::to_tags(Operation::TagRole, call.tags)?))
        };
        delete_role(call: DeleteRole) { role_name(call.name) };
        put_role_policy(call: PutRolePolicy) {
            role_name(call.role) policy_name(call.policy) policy_document(call.document.to_string())
        };
        get_role_policy(call: GetRolePolicy) { role_name(call.role) policy_name(call.policy) }
            => |answer| document(&answer.policy_document);
        delete_role_policy(call: DeleteRolePolicy) { role_name(call.role) policy_name(call.policy) };
        attach_role_policy(call: AttachRolePolicy) { role_name(call.role) policy_arn(call.arn) };
        // A role has at most 20 managed policies: one page.
        list_attached_role_policies(call: ListAttachedRolePolicies) { role_name(call.role) }
            => |answer| set(Some(each(answer.attached_policies, |policy| text(policy.policy_arn))));
        detach_role_policy(call: DetachRolePolicy) { role_name(call.role) policy_arn(call.arn) };
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
