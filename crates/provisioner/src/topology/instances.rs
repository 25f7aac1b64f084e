use std::collections::BTreeSet;

use serde_json::json;

use super::build::{Builder, each};
use super::{AutoScalingGroup, Id, InstanceProfile, LaunchTemplate, Role, ScalingPolicy, Spec};
use skyward_aws::model::Volume;

/// Amazon Linux 2023, as AWS publishes the newest of it: new instances have its newest image, and no plan changes with it.
pub(crate) const IMAGE: &str =
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
/// The same for Graviton.
pub(crate) const IMAGE_ARM: &str =
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";

/// The name of the policy in the role of the instances.
pub(crate) const ROLE_POLICY: &str = "assets";

/// The instances in the internal subnets, attached to the load balancer.
pub(super) fn add(builder: &mut Builder<'_>) {
    role(builder);
    launch_template(builder);
    group(builder);
    if builder.aws.max_instances > builder.aws.instances {
        let spec = ScalingPolicy {
            group: "auto-scaling-group".into(),
            name: builder.names.scaling_policy(),
            target_cpu: Some(builder.aws.target_cpu.into()),
        };
        builder.add("scaling-policy", Spec::ScalingPolicy(spec), ["auto-scaling-group"]);
    }
}

/// The name of the image's parameter for an instance type. Graviton's types have a `g` behind their generation's number.
pub(crate) fn image_parameter(instance_type: &str) -> &'static str {
    let family = instance_type.split('.').next().unwrap_or_default();
    let attributes = family.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let attributes = attributes.trim_start_matches(|c: char| c.is_ascii_digit());
    if attributes.starts_with('g') || family == "a1" { IMAGE_ARM } else { IMAGE }
}

/// Reads and writes the assets, and is reached by Session Manager instead of SSH.
fn role(builder: &mut Builder<'_>) {
    let bucket = format!("arn:aws:s3:::{}", builder.names.bucket("assets"));
    let statement = |actions: &[&str], resource: &str| json!({ "Effect": "Allow", "Action": actions, "Resource": resource });
    let spec = Role {
        name: builder.names.role(),
        trust: json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }],
        }),
        policy_name: ROLE_POLICY.into(),
        policy: json!({
            "Version": "2012-10-17",
            "Statement": [
                statement(&["s3:ListBucket"], &bucket),
                statement(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], &format!("{bucket}/*")),
            ],
        }),
        managed: BTreeSet::from(["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore".into()]),
    };
    builder.add("role", Spec::Role(spec), [] as [Id; 0]);
    let profile = InstanceProfile { name: builder.names.role(), role: Some("role".into()) };
    builder.add("instance-profile", Spec::InstanceProfile(profile), ["role"]);
}

fn launch_template(builder: &mut Builder<'_>) {
    let spec = LaunchTemplate {
        name: builder.names.launch_template(),
        image: format!("resolve:ssm:{}", image_parameter(&builder.aws.instance_type)),
        instance_type: builder.aws.instance_type.clone(),
        security_groups: BTreeSet::from(["security-group/cms".into()]),
        instance_profile: "instance-profile".into(),
        user_data: builder.user_data.to_owned(),
        http_tokens: "required".into(),
        http_hop_limit: 1,
        volume: Volume {
            device: "/dev/xvda".into(),
            size_gib: 8,
            kind: "gp3".into(),
            encrypted: true,
        },
        detailed_monitoring: false,
    };
    let needs = ["security-group/cms", "instance-profile"];
    builder.add("launch-template", Spec::LaunchTemplate(Box::new(spec)), needs);
}

fn group(builder: &mut Builder<'_>) {
    let subnets: BTreeSet<Id> = each("subnet/internal").into();
    let spec = AutoScalingGroup {
        name: builder.names.auto_scaling_group(),
        min: builder.aws.instances.into(),
        max: builder.aws.max_instances.into(),
        subnets: subnets.clone(),
        target_groups: BTreeSet::from(["target-group".into()]),
        launch_template: "launch-template".into(),
        is_newest: true,
        health_check: "ELB".into(),
        grace_s: 180,
    };
    let mut needs = subnets;
    needs.extend(["launch-template".into(), "target-group".into()]);
    // An instance installs its packages when it boots: without a way out, or with a closed group, it never gets healthy.
    needs.extend(each("route/internal"));
    needs.extend(["rules/cms".into(), "rules/load-balancer".into()]);
    // A target group without a listener is checked by nobody.
    needs.insert("listener/http".into());
    if builder.aws.certificate.is_some() {
        needs.insert("listener/https".into());
    }
    builder.add("auto-scaling-group", Spec::AutoScalingGroup(spec), needs);
}
