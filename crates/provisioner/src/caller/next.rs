//! The next step for the reader after an answer of AWS, by its class, its cause, and what AWS says of who denied it.

use skyward_aws::{ApiError, Cause, Class, Service};

/// AWS's codes for an account that may not be used yet, or no more ("Error codes for the Amazon EC2 API").
const NOT_ACTIVE: [&str; 3] = ["OptInRequired", "PendingVerification", "Blocked"];

/// The next step after an answer of AWS.
pub(super) fn after(error: &ApiError, again: &str) -> String {
    if error.lacks_linked_role() {
        let service = linked(error.operation.service());
        return format!(
            "wait some minutes until the service has its role, or make it (aws iam create-service-linked-role --aws-service-name {service}); then {again}"
        );
    }
    match (error.class(), error.cause) {
        (_, None) if NOT_ACTIVE.contains(&error.code.as_str()) => format!(
            "see in the AWS console whether the account is activated, and ask AWS's support where it is not; then {again}"
        ),
        (Class::Unknown, None) if error.message.contains("reaching http") => format!(
            "see that this machine reaches it: [aws] region, AWS_ENDPOINT_URL, HTTPS_PROXY and NO_PROXY say what is asked, and over what; then {again}"
        ),
        (_, Some(Cause::Clock)) => format!("set the clock of this machine; then {again}"),
        (_, Some(Cause::Region)) => format!(
            "enable the region in the account's settings, or choose another [aws] region; where it is enabled, renew the credentials; then {again}"
        ),
        (
            Class::Throttled | Class::Unknown | Class::NotFound | Class::NotYet | Class::Exists,
            None,
        ) => again.into(),
        (Class::Credentials, None) if error.code == ApiError::NO_CREDENTIALS => {
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in (aws sso login); then run it again".into()
        }
        (Class::Credentials, None) => {
            format!("renew the credentials (aws sso login, or AWS_PROFILE); then {again}")
        }
        (Class::Denied, None) => format!("{}; then {again}", allow(error)),
        (Class::Quota, None) => {
            format!("raise the quota in Service Quotas, or use another zone or class; then {again}")
        }
        (Class::Refused, None) => format!("change what AWS refuses in [aws]; then {again}"),
    }
}

/// The policies that may deny what another allows, in the words in which AWS names them ("Troubleshoot access denied error messages").
const DENYING: [(&str, &str); 6] = [
    ("service control policy", "in the organisation, whose service control policy denies it"),
    ("resource control policy", "in the organisation, whose resource control policy denies it"),
    ("permissions boundary", "in the permissions boundary of the caller, which denies it"),
    ("session policy", "in the policy of the session, which denies it"),
    ("VPC endpoint policy", "in the policy of the VPC endpoint, which denies it"),
    ("explicit deny", "by removing the statement that denies it"),
];

/// The name of a service for IAM.
pub(super) fn linked(service: Service) -> String {
    format!("{}.amazonaws.com", service.prefix())
}

/// The action that AWS says is not allowed. It may be another than the call's own, such as `iam:PassRole`.
fn denied_action(error: &ApiError) -> String {
    let said = error.message.split_once("not authorized to perform: ");
    let action = said.and_then(|(_, rest)| rest.split_whitespace().next());
    let action = action.filter(|action| action.contains(':'));
    action.map_or_else(
        || error.operation.action(),
        |action| action.trim_end_matches(['.', ',']).to_owned(),
    )
}

fn allow(error: &ApiError) -> String {
    let action = denied_action(error);
    let denying = DENYING.iter().find(|(words, _)| error.message.contains(words));
    let place = denying.map_or("(infra/ has the policies)", |(_, place)| place);
    if error.message.contains("Encoded authorization failure message") {
        return format!(
            "allow {action} {place}; what denied it is in the encoded message, which aws sts decode-authorization-message reads"
        );
    }
    format!("allow {action} {place}")
}

#[cfg(test)]
mod tests {
    use skyward_aws::Operation;

    use super::*;
    use crate::caller::CallError;

    #[test]
    fn the_next_step_is_about_the_cause() {
        let scp = "User: arn:aws:iam::1:user/me is not authorized to perform: ec2:CreateVpc with an explicit deny in a service control policy";
        for (operation, code, message, cause, next) in [
            (
                Operation::CreateVpc,
                "UnauthorizedOperation",
                scp,
                None,
                "ec2:CreateVpc in the organisation",
            ),
            (
                Operation::ListRdsTags,
                "AccessDenied",
                "no",
                None,
                "allow rds:ListTagsForResource (infra/",
            ),
            (
                Operation::DescribeElbTags,
                "AccessDenied",
                "no",
                None,
                "elasticloadbalancing:DescribeTags",
            ),
            (Operation::HeadBucket, "AccessDenied", "no", None, "allow s3:ListBucket"),
            (Operation::CreateVpc, "AuthFailure", "no", Some(Cause::Region), "enable the region"),
            (
                Operation::CreateVpc,
                "SignatureDoesNotMatch",
                "no",
                Some(Cause::Clock),
                "set the clock",
            ),
            (Operation::CreateDBCluster, "InstanceQuotaExceeded", "no", None, "raise the quota"),
            (
                Operation::CreateAutoScalingGroup,
                "AccessDenied",
                "User: me is not authorized to perform: iam:PassRole on resource: role/web because no identity-based policy allows it",
                None,
                "allow iam:PassRole (infra/",
            ),
            (
                Operation::CreateVpc,
                "UnauthorizedOperation",
                "You are not authorized to perform this operation. Encoded authorization failure message: aGk",
                None,
                "allow ec2:CreateVpc (infra/ has the policies); what denied it is in the encoded message",
            ),
            (
                Operation::CreateDBSubnetGroup,
                "InvalidParameterValue",
                "Missing necessary credentials. Please check http://docs.aws.amazon.com/x/UsingWithRDS.IAM.ServiceLinkedRoles.html",
                None,
                "--aws-service-name rds.amazonaws.com",
            ),
            (Operation::CreateVpc, "OptInRequired", "no", None, "whether the account is activated"),
            (
                Operation::GetCallerIdentity,
                ApiError::NO_ANSWER,
                "reaching https://sts.eu-central-9.amazonaws.com: dns error",
                None,
                "[aws] region, AWS_ENDPOINT_URL",
            ),
        ] {
            let mut error = ApiError::new(operation, code, message);
            error.cause = cause;
            let said = CallError::Api(error).next_step();
            assert!(said.contains(next), "{code}: {said}");
        }
    }
}
