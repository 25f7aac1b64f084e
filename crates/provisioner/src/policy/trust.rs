use serde_json::{Value, json};

use super::Command;

/// Who may take each role: GitHub's workflows, by the token that GitHub signs for a job. In capitals is what differs from one
/// account and repository to the next. Files in `infra`.
///
/// Pull requests and the main branch may plan; applying and destroying are bound to environments, which people can be asked to
/// approve. Source: GitHub, "Configuring OpenID Connect in Amazon Web Services".
pub fn trust_policies() -> Vec<(&'static str, Value)> {
    let repository = "repo:OWNER/REPOSITORY";
    Command::ALL
        .into_iter()
        .map(|command| match command {
            Command::Plan => {
                let subjects = ["pull_request", "ref:refs/heads/main"];
                (
                    "trust-plan.json",
                    trust(&subjects.map(|subject| format!("{repository}:{subject}"))),
                )
            }
            Command::Apply => {
                ("trust-apply.json", trust(&[format!("{repository}:environment:ENVIRONMENT")]))
            }
            Command::Destroy => (
                "trust-destroy.json",
                trust(&[format!("{repository}:environment:ENVIRONMENT-destroy")]),
            ),
        })
        .collect()
}

fn trust(subjects: &[String]) -> Value {
    let issuer = "token.actions.githubusercontent.com";
    let audience = format!("{issuer}:aud");
    let subject = format!("{issuer}:sub");
    let subjects = if let [one] = subjects { json!(one) } else { json!(subjects) };
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "GitHub",
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:aws:iam::ACCOUNT:oidc-provider/{issuer}") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { audience: "sts.amazonaws.com", subject: subjects } },
        }],
    })
}
