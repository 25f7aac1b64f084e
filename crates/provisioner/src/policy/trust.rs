//! The trust policies of the roles, which jobs of GitHub's workflows may take.

use serde_json::{Value, json};
use skyward_aws::Partition;

use super::Command;

/// The trust policies: GitHub's workflows take the roles, by the token that GitHub signs for a job. In capitals is what differs from one
/// account and repository to the next. Files in `infra`.
///
/// Each role is bound to an environment of the repository, of the same names as in `.github/workflows/provision.yml`: there
/// people can be asked to approve, and branches be kept out. Source: GitHub, "Configuring OpenID Connect in Amazon Web
/// Services".
pub fn trust_policies(partition: Partition) -> Vec<(&'static str, Value)> {
    let policy = |command: Command| {
        let file = match command {
            Command::Plan => "github/trust-plan.json",
            Command::Apply => "github/trust-apply.json",
            Command::Destroy => "github/trust-destroy.json",
        };
        (file, trust(partition, environment(command)))
    };
    Command::ALL.into_iter().map(policy).collect()
}

/// The environment whose jobs may take a role.
pub fn environment(command: Command) -> &'static str {
    match command {
        Command::Plan => "aws-plan",
        Command::Apply => "aws",
        Command::Destroy => "aws-destroy",
    }
}

fn trust(partition: Partition, environment: &str) -> Value {
    let partition = partition.id;
    let issuer = "token.actions.githubusercontent.com";
    let (audience, subject) = (format!("{issuer}:aud"), format!("{issuer}:sub"));
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "GitHub",
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:{partition}:iam::ACCOUNT:oidc-provider/{issuer}") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    audience: "sts.amazonaws.com",
                    subject: format!("repo:OWNER/REPOSITORY:environment:{environment}"),
                },
            },
        }],
    })
}
