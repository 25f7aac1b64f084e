use std::collections::BTreeSet;

use super::State;
use super::interpret::{Reader, pending};
use super::raw::RawBucket;
use crate::topology::{
    AutoScalingGroup, Bucket, DbCluster, DbSubnetGroup, Id, InstanceProfile, LaunchTemplate,
    Lifecycle, Listener, ListenerAction, LoadBalancer, ROLE_POLICY, Role, ScalingPolicy, Spec,
    TargetGroup,
};
use skyward_aws::model::{self, BucketPart, BucketSetting, Tags};

/// Everything that goes by a name.
pub(super) fn read(reader: &mut Reader<'_>) {
    buckets(reader);
    identity(reader);
    target_group(reader);
    load_balancer(reader);
    launch_template(reader);
    auto_scaling_group(reader);
    db_subnet_group(reader);
    db_cluster(reader);
}

fn buckets(reader: &mut Reader<'_>) {
    // The bucket for logs first: the other refers to it.
    for part in ["logs", "assets"] {
        let (id, name) = (format!("bucket/{part}"), reader.names.bucket(part));
        match reader.raw.buckets.get(part) {
            None => {}
            Some(RawBucket::Taken) => reader.foreign(&id, &name),
            Some(RawBucket::Ours(settings)) => {
                let tags = match settings.get(&BucketPart::Tagging) {
                    Some(BucketSetting::Tagging(tags)) => tags.clone(),
                    _ => Tags::new(),
                };
                if !reader.is_ours(&tags) {
                    reader.foreign(&id, &name);
                    continue;
                }
                let mut bucket = Bucket {
                    name: name.clone(),
                    public_access_blocked: false,
                    ownership: String::new(),
                    encryption: String::new(),
                    versioning: false,
                    policy: serde_json::Value::Null,
                    lifecycle: None,
                    logging: None,
                };
                for setting in settings.values() {
                    set(reader, &mut bucket, setting);
                }
                let spec = Spec::Bucket(Box::new(bucket));
                reader.keep(Id::new(id), &name, spec, &tags, State::Ready);
                if part == "assets" {
                    reader.out.outputs.bucket = Some(name);
                }
            }
        }
    }
}

fn set(reader: &Reader<'_>, bucket: &mut Bucket, setting: &BucketSetting) {
    match setting.clone() {
        BucketSetting::Tagging(_) => {}
        BucketSetting::PublicAccessBlocked(blocked) => bucket.public_access_blocked = blocked,
        BucketSetting::Ownership(ownership) => bucket.ownership = ownership,
        BucketSetting::Encryption(encryption) => bucket.encryption = encryption,
        BucketSetting::Versioning(versioning) => bucket.versioning = versioning,
        BucketSetting::Policy(policy) => bucket.policy = policy,
        BucketSetting::Lifecycle { uploads, old_versions, objects } => {
            bucket.lifecycle = Some(Lifecycle { uploads, old_versions, objects });
        }
        BucketSetting::Logging { bucket: target, prefix } => {
            bucket.logging = Some((reader.id(&target), prefix));
        }
        BucketSetting::Other(other) => bucket.ownership = other,
    }
}

fn identity(reader: &mut Reader<'_>) {
    let raw = reader.raw;
    if let Some(role) = &raw.role {
        let name = &role.role.name;
        if reader.is_ours(&role.role.tags) {
            let spec = Spec::Role(Role {
                name: name.clone(),
                trust: role.role.trust.clone(),
                policy_name: ROLE_POLICY.into(),
                policy: role.policies.get(ROLE_POLICY).cloned().unwrap_or_default(),
                managed: role.managed.clone(),
            });
            reader.keep("role".into(), name, spec, &role.role.tags, State::Ready);
        } else {
            reader.foreign("role", name);
        }
    }
    if let Some(profile) = &raw.profile {
        if reader.is_ours(&profile.tags) {
            let role = profile.role.as_ref().map(|role| reader.id(role));
            let spec = Spec::InstanceProfile(InstanceProfile { name: profile.name.clone(), role });
            let id = "instance-profile".into();
            reader.keep(id, &profile.name, spec, &profile.tags, State::Ready);
        } else {
            reader.foreign("instance-profile", &profile.name);
        }
    }
}

fn target_group(reader: &mut Reader<'_>) {
    let Some((group, attributes, tags)) = &reader.raw.target_group else { return };
    if !reader.is_ours(tags) {
        reader.foreign("target-group", &group.name);
        return;
    }
    let spec = Spec::TargetGroup(TargetGroup {
        name: group.name.clone(),
        vpc: reader.id(&group.vpc),
        protocol: group.protocol.clone(),
        port: group.port,
        health_check: group.health_check.clone(),
        attributes: attributes.clone(),
    });
    reader.keep("target-group".into(), &group.arn, spec, tags, State::Ready);
}

fn load_balancer(reader: &mut Reader<'_>) {
    let Some((balancer, attributes, tags)) = &reader.raw.load_balancer else { return };
    if !reader.is_ours(tags) {
        reader.foreign("load-balancer", &balancer.name);
        return;
    }
    let has_logs = attributes.get("access_logs.s3.enabled").is_some_and(|on| on == "true");
    let bucket = attributes.get("access_logs.s3.bucket").filter(|_| has_logs);
    let spec = Spec::LoadBalancer(LoadBalancer {
        name: balancer.name.clone(),
        subnets: reader.ids(&balancer.subnets),
        security_groups: reader.ids(&balancer.security_groups),
        attributes: attributes.clone(),
        logs: bucket.map(|bucket| reader.id(bucket)),
    });
    let state = match balancer.state.as_str() {
        "active" | "active_impaired" => State::Ready,
        "failed" => State::Failed(balancer.state.clone()),
        other => State::Pending(other.to_owned()),
    };
    reader.keep("load-balancer".into(), &balancer.arn, spec, tags, state);
    let mut is_tls = false;
    for (listener, tags) in &reader.raw.listeners {
        is_tls |= listener.protocol == "HTTPS";
        let name = match listener.port {
            80 => "listener/http".to_owned(),
            443 => "listener/https".to_owned(),
            other => format!("listener/{other}"),
        };
        let spec = Spec::Listener(Listener {
            load_balancer: "load-balancer".into(),
            port: listener.port,
            protocol: listener.protocol.clone(),
            certificate: listener.certificate.clone(),
            tls_policy: listener.tls_policy.clone(),
            action: match &listener.action {
                model::ListenerAction::Forward(group) => ListenerAction::Forward(reader.id(group)),
                model::ListenerAction::RedirectToHttps(port) => {
                    ListenerAction::RedirectToHttps(*port)
                }
                model::ListenerAction::Other(other) => ListenerAction::Other(other.clone()),
            },
        });
        reader.keep(Id::new(name), &listener.arn, spec, tags, State::Ready);
    }
    let scheme = if is_tls { "https" } else { "http" };
    reader.out.outputs.page = Some(format!("{scheme}://{}/", balancer.dns_name));
}

fn launch_template(reader: &mut Reader<'_>) {
    let Some((template, data)) = &reader.raw.template else { return };
    if !reader.is_ours(&template.tags) {
        reader.foreign("launch-template", &template.name);
        return;
    }
    let profile = if data.instance_profile == reader.names.role() {
        "instance-profile".into()
    } else {
        Id::new(&data.instance_profile)
    };
    let spec = Spec::LaunchTemplate(Box::new(LaunchTemplate {
        name: template.name.clone(),
        image: data.image.clone(),
        instance_type: data.instance_type.clone(),
        security_groups: reader.ids(&data.security_groups),
        instance_profile: profile,
        user_data: data.user_data.clone(),
        http_tokens: data.http_tokens.clone(),
        http_hop_limit: data.http_hop_limit,
        volume: data.volume.clone(),
        detailed_monitoring: data.detailed_monitoring,
    }));
    reader.keep("launch-template".into(), &template.id, spec, &template.tags, State::Ready);
}

fn auto_scaling_group(reader: &mut Reader<'_>) {
    let Some(group) = &reader.raw.scaling else { return };
    if !reader.is_ours(&group.tags) {
        reader.foreign("auto-scaling-group", &group.name);
        return;
    }
    let newest = reader.raw.template.as_ref().map(|(template, _)| template.latest_version);
    let (template, version) = group.launch_template.clone().unwrap_or_default();
    let spec = Spec::AutoScalingGroup(AutoScalingGroup {
        name: group.name.clone(),
        min: group.min,
        max: group.max,
        subnets: reader.ids(&group.subnets),
        target_groups: reader.ids(&group.target_groups),
        launch_template: reader.id(&template),
        is_newest: version == "$Latest" && is_newest(group, newest),
        health_check: group.health_check.clone(),
        grace_s: group.grace_s,
    });
    let healthy = healthy(group, &reader.raw.health);
    let state = match &group.status {
        Some(status) => State::Leaving(status.clone()),
        None if healthy < usize::try_from(group.min).unwrap_or_default() => {
            State::Pending(format!("{healthy} of {} instances healthy", group.min))
        }
        None => State::Ready,
    };
    reader.keep("auto-scaling-group".into(), &group.name, spec, &group.tags, state);
    for policy in &reader.raw.policies {
        let id = if policy.name == reader.names.scaling_policy() {
            Id::from("scaling-policy")
        } else {
            Id::new(format!("scaling-policy {}", policy.name))
        };
        let spec = Spec::ScalingPolicy(ScalingPolicy {
            group: "auto-scaling-group".into(),
            name: policy.name.clone(),
            target_cpu: policy.target_cpu,
        });
        reader.keep(id, &policy.name, spec, &Tags::new(), State::Ready);
    }
}

/// Whether all instances that stay are of the template's newest version.
pub(crate) fn is_newest(group: &model::AutoScalingGroup, newest: Option<i64>) -> bool {
    let newest = newest.map(|version| version.to_string());
    group
        .instances
        .iter()
        .filter(|instance| !instance.lifecycle.starts_with("Terminat"))
        .all(|instance| instance.version == newest)
}

/// How many instances are in service and answer the load balancer.
pub(crate) fn healthy(group: &model::AutoScalingGroup, health: &[model::TargetHealth]) -> usize {
    let answering: BTreeSet<&str> = health
        .iter()
        .filter(|target| target.state == "healthy")
        .map(|target| target.target.as_str())
        .collect();
    let in_service = group.instances.iter().filter(|one| one.lifecycle == "InService");
    in_service.filter(|one| answering.contains(one.id.as_str())).count()
}

fn db_subnet_group(reader: &mut Reader<'_>) {
    let Some((group, tags)) = &reader.raw.db_group else { return };
    if !reader.is_ours(tags) {
        reader.foreign("db-subnet-group", &group.name);
        return;
    }
    let spec = Spec::DbSubnetGroup(DbSubnetGroup {
        name: group.name.clone(),
        description: group.description.clone(),
        subnets: reader.ids(&group.subnets),
    });
    let state = pending(&group.status, "Complete");
    reader.keep("db-subnet-group".into(), &group.name, spec, tags, state);
}

fn db_cluster(reader: &mut Reader<'_>) {
    let Some(cluster) = &reader.raw.cluster else { return };
    if !reader.is_ours(&cluster.tags) {
        reader.foreign("db-cluster", &cluster.name);
        return;
    }
    // Both have the same name: the cluster does not hang on whether the group is seen at this moment.
    let group = match &cluster.subnet_group {
        Some(group) if *group == reader.names.database() => "db-subnet-group".into(),
        group => Id::new(group.clone().unwrap_or_default()),
    };
    let spec = Spec::DbCluster(Box::new(DbCluster {
        name: cluster.name.clone(),
        engine: cluster.engine.clone(),
        class: cluster.class.clone().unwrap_or_default(),
        storage_type: cluster.storage_type.clone().unwrap_or_default(),
        storage_gib: cluster.storage_gib.unwrap_or_default(),
        iops: cluster.iops,
        subnet_group: group,
        security_groups: reader.ids(&cluster.security_groups),
        user: cluster.user.clone().unwrap_or_default(),
        managed_password: cluster.secret.is_some(),
        encrypted: cluster.encrypted,
        deletion_protection: cluster.deletion_protection,
        backup_retention_days: cluster.backup_retention_days,
        copy_tags_to_snapshot: cluster.copy_tags_to_snapshot,
        log_exports: cluster.log_exports.clone(),
    }));
    let state = database_state(&cluster.status);
    reader.keep("db-cluster".into(), &cluster.name, spec, &cluster.tags, state);
    let outputs = &mut reader.out.outputs;
    outputs.database.clone_from(&cluster.endpoint);
    outputs.database_reader.clone_from(&cluster.reader_endpoint);
    outputs.database_port = cluster.port;
    outputs.database_secret.clone_from(&cluster.secret);
}

/// What RDS's word for a cluster's state means ("Viewing DB cluster status").
pub(crate) fn database_state(status: &str) -> State {
    match status {
        "available" => State::Ready,
        "deleting" => State::Leaving(status.to_owned()),
        "failed" | "inaccessible-encryption-credentials" | "storage-full" | "stopped" => {
            State::Failed(status.to_owned())
        }
        other if other.starts_with("incompatible-") => State::Failed(other.to_owned()),
        other => State::Pending(other.to_owned()),
    }
}
