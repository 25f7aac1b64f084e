use std::collections::BTreeSet;

use aws_sdk_iam::types;
use aws_sdk_iam::types::Tag;
use serde_json::Value;

use super::Sdk;
use super::convert::{each, tags_from, text};
use super::error::{Answer, invalid};
use crate::model::{InstanceProfile, Role, Tags};
use crate::{
    AddRoleToInstanceProfile, ApiError, AttachRolePolicy, CreateInstanceProfile, CreateRole,
    DeleteInstanceProfile, DeleteRole, DeleteRolePolicy, DetachRolePolicy, GetInstanceProfile,
    GetRole, GetRolePolicy, ListAttachedRolePolicies, Operation, PutRolePolicy,
    RemoveRoleFromInstanceProfile, TagInstanceProfile, TagRole, UpdateAssumeRolePolicy,
};

fn to_tags(operation: Operation, tags: Tags) -> Result<Vec<Tag>, ApiError> {
    tags.into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| invalid(operation, &error))
}

fn tags(tags: Option<Vec<Tag>>) -> Tags {
    tags_from(tags.unwrap_or_default().into_iter().map(|tag| (Some(tag.key), Some(tag.value))))
}

/// A policy document as it was written. IAM answers it encoded as in an address (RFC 3986), which JSON never looks like.
fn document(text: &str) -> Value {
    let read = |text: &str| serde_json::from_str(text).ok();
    let decoded = || String::from_utf8(decoded(text)).ok();
    read(text)
        .or_else(|| decoded().and_then(|text| read(&text)))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let digits = (rest.next(), rest.next());
        let hex = |digit: Option<u8>| char::from(digit?).to_digit(16);
        match (byte, hex(digits.0), hex(digits.1)) {
            (b'%', Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits"));
                bytes = rest;
            }
            _ => plain.push(byte),
        }
    }
    plain
}

fn role(found: types::Role) -> Role {
    Role {
        trust: document(&text(found.assume_role_policy_document)),
        name: found.role_name,
        arn: found.arn,
        tags: tags(found.tags),
    }
}

fn profile(found: types::InstanceProfile) -> InstanceProfile {
    InstanceProfile {
        name: found.instance_profile_name,
        arn: found.arn,
        role: found.roles.into_iter().next().map(|role| role.role_name),
        tags: tags(found.tags),
    }
}

/// An answer without what it is for.
fn empty(operation: Operation) -> ApiError {
    ApiError::new(operation, ApiError::NO_ANSWER, "the answer is empty")
}

impl Sdk {
    pub(super) async fn create_role(&self, call: CreateRole) -> Result<Role, ApiError> {
        let operation = Operation::CreateRole;
        let request = self.iam.create_role().role_name(call.name);
        let request = request.assume_role_policy_document(call.trust.to_string());
        let request = request.set_tags(Some(to_tags(operation, call.tags)?));
        request.send().await.answer(operation)?.role.map(role).ok_or_else(|| empty(operation))
    }

    pub(super) async fn get_role(&self, call: GetRole) -> Result<Role, ApiError> {
        let operation = Operation::GetRole;
        let answer = self.iam.get_role().role_name(call.name).send().await.answer(operation)?;
        answer.role.map(role).ok_or_else(|| empty(operation))
    }

    pub(super) async fn update_assume_role_policy(
        &self,
        call: UpdateAssumeRolePolicy,
    ) -> Result<(), ApiError> {
        let request = self.iam.update_assume_role_policy().role_name(call.name);
        let request = request.policy_document(call.trust.to_string());
        request.send().await.answer(Operation::UpdateAssumeRolePolicy).map(|_| ())
    }

    pub(super) async fn tag_role(&self, call: TagRole) -> Result<(), ApiError> {
        let tags = to_tags(Operation::TagRole, call.tags)?;
        let request = self.iam.tag_role().role_name(call.name).set_tags(Some(tags));
        request.send().await.answer(Operation::TagRole).map(|_| ())
    }

    pub(super) async fn delete_role(&self, call: DeleteRole) -> Result<(), ApiError> {
        let answer = self.iam.delete_role().role_name(call.name).send().await;
        answer.answer(Operation::DeleteRole).map(|_| ())
    }

    pub(super) async fn put_role_policy(&self, call: PutRolePolicy) -> Result<(), ApiError> {
        let request = self.iam.put_role_policy().role_name(call.role).policy_name(call.policy);
        let request = request.policy_document(call.document.to_string());
        request.send().await.answer(Operation::PutRolePolicy).map(|_| ())
    }

    pub(super) async fn get_role_policy(&self, call: GetRolePolicy) -> Result<Value, ApiError> {
        let request = self.iam.get_role_policy().role_name(call.role).policy_name(call.policy);
        let answer = request.send().await.answer(Operation::GetRolePolicy)?;
        Ok(document(&answer.policy_document))
    }

    pub(super) async fn delete_role_policy(&self, call: DeleteRolePolicy) -> Result<(), ApiError> {
        let request = self.iam.delete_role_policy().role_name(call.role).policy_name(call.policy);
        request.send().await.answer(Operation::DeleteRolePolicy).map(|_| ())
    }

    pub(super) async fn attach_role_policy(&self, call: AttachRolePolicy) -> Result<(), ApiError> {
        let request = self.iam.attach_role_policy().role_name(call.role).policy_arn(call.arn);
        request.send().await.answer(Operation::AttachRolePolicy).map(|_| ())
    }

    /// A role has at most 20 managed policies: one page.
    pub(super) async fn list_attached_role_policies(
        &self,
        call: ListAttachedRolePolicies,
    ) -> Result<BTreeSet<String>, ApiError> {
        let answer = self.iam.list_attached_role_policies().role_name(call.role).send().await;
        let answer = answer.answer(Operation::ListAttachedRolePolicies)?;
        Ok(each(answer.attached_policies, |policy| text(policy.policy_arn)).into_iter().collect())
    }

    pub(super) async fn detach_role_policy(&self, call: DetachRolePolicy) -> Result<(), ApiError> {
        let request = self.iam.detach_role_policy().role_name(call.role).policy_arn(call.arn);
        request.send().await.answer(Operation::DetachRolePolicy).map(|_| ())
    }

    pub(super) async fn create_instance_profile(
        &self,
        call: CreateInstanceProfile,
    ) -> Result<InstanceProfile, ApiError> {
        let operation = Operation::CreateInstanceProfile;
        let tags = to_tags(operation, call.tags)?;
        let request = self.iam.create_instance_profile().instance_profile_name(call.name);
        let answer = request.set_tags(Some(tags)).send().await.answer(operation)?;
        answer.instance_profile.map(profile).ok_or_else(|| empty(operation))
    }

    pub(super) async fn get_instance_profile(
        &self,
        call: GetInstanceProfile,
    ) -> Result<InstanceProfile, ApiError> {
        let operation = Operation::GetInstanceProfile;
        let request = self.iam.get_instance_profile().instance_profile_name(call.name);
        let answer = request.send().await.answer(operation)?;
        answer.instance_profile.map(profile).ok_or_else(|| empty(operation))
    }

    pub(super) async fn tag_instance_profile(
        &self,
        call: TagInstanceProfile,
    ) -> Result<(), ApiError> {
        let tags = to_tags(Operation::TagInstanceProfile, call.tags)?;
        let request = self.iam.tag_instance_profile().instance_profile_name(call.name);
        let answer = request.set_tags(Some(tags)).send().await;
        answer.answer(Operation::TagInstanceProfile).map(|_| ())
    }

    pub(super) async fn add_role_to_instance_profile(
        &self,
        call: AddRoleToInstanceProfile,
    ) -> Result<(), ApiError> {
        let request = self.iam.add_role_to_instance_profile();
        let request = request.instance_profile_name(call.profile).role_name(call.role);
        request.send().await.answer(Operation::AddRoleToInstanceProfile).map(|_| ())
    }

    pub(super) async fn remove_role_from_instance_profile(
        &self,
        call: RemoveRoleFromInstanceProfile,
    ) -> Result<(), ApiError> {
        let request = self.iam.remove_role_from_instance_profile();
        let request = request.instance_profile_name(call.profile).role_name(call.role);
        request.send().await.answer(Operation::RemoveRoleFromInstanceProfile).map(|_| ())
    }

    pub(super) async fn delete_instance_profile(
        &self,
        call: DeleteInstanceProfile,
    ) -> Result<(), ApiError> {
        let request = self.iam.delete_instance_profile().instance_profile_name(call.name);
        request.send().await.answer(Operation::DeleteInstanceProfile).map(|_| ())
    }
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
