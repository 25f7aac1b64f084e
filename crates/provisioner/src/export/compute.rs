use serde_json::{Value, json};

use super::network::ATTACHMENT;
use super::reference::{attribute, key_values, reference, references};
use super::{Template, logical};
use crate::topology::{
    AutoScalingGroup, Id, InstanceProfile, LaunchTemplate, Listener, ListenerAction, LoadBalancer,
    Role, ScalingPolicy, Spec, TargetGroup,
};

impl Template<'_> {
    pub(super) fn load_balancer(&mut self, id: &Id, balancer: &LoadBalancer) {
        let properties = json!({
            "Name": balancer.name,
            "Type": "application",
            "Scheme": "internet-facing",
            "Subnets": references(&balancer.subnets),
            "SecurityGroups": balancer.security_groups.iter().map(|group| attribute(group, "GroupId")).collect::<Vec<_>>(),
            "LoadBalancerAttributes": key_values(&balancer.attributes),
            "Tags": self.tags(id),
        });
        let mut first = vec![ATTACHMENT.to_owned()];
        // Its first log is a test that the bucket takes it.
        first.extend(balancer.logs.as_ref().map(|bucket| format!("{}Policy", logical(bucket))));
        let kind = "AWS::ElasticLoadBalancingV2::LoadBalancer";
        self.add(&logical(id), kind, properties)["DependsOn"] = json!(first);
    }

    pub(super) fn target_group(&mut self, id: &Id, group: &TargetGroup) {
        let check = &group.health_check;
        let properties = json!({
            "Name": group.name,
            "VpcId": reference(&group.vpc),
            "TargetType": "instance",
            "Protocol": group.protocol,
            "Port": group.port,
            "HealthCheckPath": check.path,
            "HealthCheckIntervalSeconds": check.interval_s,
            "HealthCheckTimeoutSeconds": check.timeout_s,
            "HealthyThresholdCount": check.healthy,
            "UnhealthyThresholdCount": check.unhealthy,
            "Matcher": { "HttpCode": check.matcher },
            "TargetGroupAttributes": key_values(&group.attributes),
            "Tags": self.tags(id),
        });
        self.add(&logical(id), "AWS::ElasticLoadBalancingV2::TargetGroup", properties);
    }

    pub(super) fn listener(&mut self, id: &Id, listener: &Listener) {
        let action = match &listener.action {
            ListenerAction::Forward(group) => {
                json!({ "Type": "forward", "TargetGroupArn": reference(group) })
            }
            ListenerAction::RedirectToHttps(port) => json!({
                "Type": "redirect",
                "RedirectConfig": { "Protocol": "HTTPS", "Port": port.to_string(), "StatusCode": "HTTP_301" },
            }),
            // Desired listeners have none of these.
            ListenerAction::Other(kind) => json!({ "Type": kind }),
        };
        let mut properties = json!({
            "LoadBalancerArn": reference(&listener.load_balancer),
            "Port": listener.port,
            "Protocol": listener.protocol,
            "DefaultActions": [action],
        });
        if let Some(certificate) = &listener.certificate {
            properties["Certificates"] = json!([{ "CertificateArn": certificate }]);
        }
        if let Some(policy) = &listener.tls_policy {
            properties["SslPolicy"] = json!(policy);
        }
        let is_redirect = matches!(listener.action, ListenerAction::RedirectToHttps(_));
        let target =
            self.topology.resources.iter().find(|other| matches!(other.spec, Spec::TargetGroup(_)));
        let first = target.filter(|_| is_redirect).map(|target| logical(&target.id));
        let listener = self.add(&logical(id), "AWS::ElasticLoadBalancingV2::Listener", properties);
        if let Some(first) = first {
            listener["DependsOn"] = json!(first);
        }
    }

    pub(super) fn role(&mut self, id: &Id, role: &Role) {
        let properties = json!({
            "RoleName": role.name,
            "AssumeRolePolicyDocument": self.document(&role.trust),
            "Policies": [{ "PolicyName": role.policy_name, "PolicyDocument": self.document(&role.policy) }],
            "ManagedPolicyArns": role.managed,
            "Tags": self.tags(id),
        });
        self.add(&logical(id), "AWS::IAM::Role", properties);
    }

    pub(super) fn instance_profile(&mut self, id: &Id, profile: &InstanceProfile) {
        let roles: Vec<Value> = profile.role.iter().map(reference).collect();
        let properties = json!({ "InstanceProfileName": profile.name, "Roles": roles });
        self.add(&logical(id), "AWS::IAM::InstanceProfile", properties);
    }

    pub(super) fn launch_template(&mut self, id: &Id, template: &LaunchTemplate) {
        let tags = self.tags(id);
        let tagged = |kind: &str| json!({ "ResourceType": kind, "Tags": tags });
        let volume = &template.volume;
        let properties = json!({
            "LaunchTemplateName": template.name,
            "LaunchTemplateData": {
                "ImageId": template.image,
                "InstanceType": template.instance_type,
                "SecurityGroupIds": template.security_groups.iter().map(|group| attribute(group, "GroupId")).collect::<Vec<_>>(),
                "IamInstanceProfile": { "Arn": attribute(&template.instance_profile, "Arn") },
                "UserData": { "Fn::Base64": template.user_data },
                "MetadataOptions": {
                    "HttpEndpoint": "enabled",
                    "HttpTokens": template.http_tokens,
                    "HttpPutResponseHopLimit": template.http_hop_limit,
                },
                "BlockDeviceMappings": [{
                    "DeviceName": volume.device,
                    "Ebs": {
                        "VolumeSize": volume.size_gib,
                        "VolumeType": volume.kind,
                        "Encrypted": volume.encrypted,
                        "DeleteOnTermination": true,
                    },
                }],
                "Monitoring": { "Enabled": template.detailed_monitoring },
                "TagSpecifications": [tagged("instance"), tagged("volume")],
            },
            "TagSpecifications": [tagged("launch-template")],
        });
        self.add(&logical(id), "AWS::EC2::LaunchTemplate", properties);
    }

    pub(super) fn auto_scaling_group(&mut self, id: &Id, group: &AutoScalingGroup) {
        let tags: Vec<Value> = self
            .topology
            .tags_of(id)
            .iter()
            .map(|(name, value)| json!({ "Key": name, "Value": value, "PropagateAtLaunch": true }))
            .collect();
        let template = json!({
            "LaunchTemplateId": reference(&group.launch_template),
            "Version": attribute(&group.launch_template, "LatestVersionNumber"),
        });
        let properties = json!({
            "AutoScalingGroupName": group.name,
            "MinSize": group.min.to_string(),
            "MaxSize": group.max.to_string(),
            "VPCZoneIdentifier": references(&group.subnets),
            "TargetGroupARNs": references(&group.target_groups),
            "LaunchTemplate": template,
            "HealthCheckType": group.health_check,
            "HealthCheckGracePeriod": group.grace_s,
            "Tags": tags,
        });
        let waits_for = self.unnamed_needs(id);
        let asg = self.add(&logical(id), "AWS::AutoScaling::AutoScalingGroup", properties);
        asg["DependsOn"] = json!(waits_for);
        // As an instance refresh does: without it, a new template changes nothing that runs.
        let kept = if group.min < group.max { group.min } else { group.max - 1 };
        asg["UpdatePolicy"] = json!({
            "AutoScalingRollingUpdate": { "MinInstancesInService": kept, "MaxBatchSize": 1 },
        });
    }

    /// What the group needs without naming it: routes, rules and listeners.
    fn unnamed_needs(&self, id: &Id) -> Vec<String> {
        let needs =
            self.topology.get(id).map(|resource| resource.needs.clone()).unwrap_or_default();
        let is_unnamed = |need: &Id| {
            ["route/", "listener/"].iter().any(|prefix| need.as_str().starts_with(prefix))
        };
        let mut names: Vec<String> =
            needs.iter().filter(|need| is_unnamed(need)).map(logical).collect();
        // Rules stand beside their groups, under names that begin with the group's.
        let is_rule = |(_, resource): &(&String, &Value)| {
            resource["Type"].as_str().is_some_and(|kind| {
                ["AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"].contains(&kind)
            })
        };
        names.extend(self.resources.iter().filter(is_rule).map(|(name, _)| name.clone()));
        names.sort();
        names
    }

    pub(super) fn scaling_policy(&mut self, id: &Id, policy: &ScalingPolicy) {
        let mut properties = json!({
            "AutoScalingGroupName": reference(&policy.group),
            "PolicyType": "TargetTrackingScaling",
        });
        if let Some(target) = policy.target_cpu {
            properties["TargetTrackingConfiguration"] = json!({
                "PredefinedMetricSpecification": { "PredefinedMetricType": "ASGAverageCPUUtilization" },
                "TargetValue": target,
            });
        }
        self.add(&logical(id), "AWS::AutoScaling::ScalingPolicy", properties);
    }
}
