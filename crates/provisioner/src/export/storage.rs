use serde_json::{Value, json};

use super::reference::{attribute, reference, references};
use super::{Template, logical};
use crate::topology::{Bucket, DbCluster, DbSubnetGroup, Id, Lifecycle, Spec};

impl Template<'_> {
    pub(super) fn db_subnet_group(&mut self, id: &Id, group: &DbSubnetGroup) {
        let properties = json!({
            "DBSubnetGroupName": group.name,
            "DBSubnetGroupDescription": group.description,
            "SubnetIds": references(&group.subnets),
            "Tags": self.tags(id),
        });
        self.add(&logical(id), "AWS::RDS::DBSubnetGroup", properties);
    }

    pub(super) fn db_cluster(&mut self, id: &Id, cluster: &DbCluster) {
        let groups: Vec<Value> =
            cluster.security_groups.iter().map(|group| attribute(group, "GroupId")).collect();
        let mut properties = json!({
            "DBClusterIdentifier": cluster.name,
            "Engine": cluster.engine,
            "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
            "DBClusterInstanceClass": cluster.class,
            "StorageType": cluster.storage_type,
            "AllocatedStorage": cluster.storage_gib,
            "DBSubnetGroupName": reference(&cluster.subnet_group),
            "VpcSecurityGroupIds": groups,
            "MasterUsername": cluster.user,
            "ManageMasterUserPassword": cluster.managed_password,
            "StorageEncrypted": cluster.encrypted,
            "PubliclyAccessible": false,
            "DeletionProtection": cluster.deletion_protection,
            "BackupRetentionPeriod": cluster.backup_retention_days,
            "CopyTagsToSnapshot": cluster.copy_tags_to_snapshot,
            "EnableCloudwatchLogsExports": cluster.log_exports,
            "Tags": self.tags(id),
        });
        if let Some(iops) = cluster.iops {
            properties["Iops"] = json!(iops);
        }
        let policy = if cluster.deletion_protection { "Snapshot" } else { "Delete" };
        let cluster = self.add(&logical(id), "AWS::RDS::DBCluster", properties);
        cluster["DeletionPolicy"] = json!(policy);
        cluster["UpdateReplacePolicy"] = json!(policy);
    }

    /// Whether the stack is protected: its buckets then stay when it goes, for what is in them may be needed.
    fn is_protected(&self) -> bool {
        self.topology.resources.iter().any(|resource| {
            matches!(&resource.spec, Spec::DbCluster(cluster) if cluster.deletion_protection)
        })
    }

    /// A bucket and its policy.
    pub(super) fn bucket(&mut self, id: &Id, bucket: &Bucket) {
        let blocked = bucket.public_access_blocked;
        let mut properties = json!({
            "BucketName": bucket.name,
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": blocked,
                "BlockPublicPolicy": blocked,
                "IgnorePublicAcls": blocked,
                "RestrictPublicBuckets": blocked,
            },
            "OwnershipControls": { "Rules": [{ "ObjectOwnership": bucket.ownership }] },
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{
                    "ServerSideEncryptionByDefault": { "SSEAlgorithm": bucket.encryption },
                }],
            },
            "VersioningConfiguration": { "Status": if bucket.versioning { "Enabled" } else { "Suspended" } },
            "Tags": self.tags(id),
        });
        if let Some(lifecycle) = &bucket.lifecycle {
            properties["LifecycleConfiguration"] = json!({ "Rules": rules(lifecycle) });
        }
        if let Some((target, prefix)) = &bucket.logging {
            properties["LoggingConfiguration"] =
                json!({ "DestinationBucketName": reference(target), "LogFilePrefix": prefix });
        }
        let stays = if self.is_protected() { "Retain" } else { "Delete" };
        let first = bucket.logging.as_ref().map(|(target, _)| format!("{}Policy", logical(target)));
        let resource = self.add(&logical(id), "AWS::S3::Bucket", properties);
        resource["DeletionPolicy"] = json!(stays);
        resource["UpdateReplacePolicy"] = json!(stays);
        if let Some(first) = first {
            resource["DependsOn"] = json!(first);
        }
        let properties =
            json!({ "Bucket": reference(id), "PolicyDocument": self.document(&bucket.policy) });
        let name = format!("{}Policy", logical(id));
        let policy = self.add(&name, "AWS::S3::BucketPolicy", properties);
        policy["DeletionPolicy"] = json!(stays);
        policy["UpdateReplacePolicy"] = json!(stays);
    }
}

fn rules(lifecycle: &Lifecycle) -> Vec<Value> {
    let rule = |id: &str| json!({ "Id": id, "Status": "Enabled" });
    let mut rules = Vec::new();
    if let Some(days) = lifecycle.uploads {
        let mut rule = rule("uploads");
        rule["AbortIncompleteMultipartUpload"] = json!({ "DaysAfterInitiation": days });
        rules.push(rule);
    }
    if let Some(days) = lifecycle.old_versions {
        let mut rule = rule("old-versions");
        rule["NoncurrentVersionExpiration"] = json!({ "NoncurrentDays": days });
        rules.push(rule);
    }
    if let Some(days) = lifecycle.objects {
        let mut rule = rule("objects");
        rule["ExpirationInDays"] = json!(days);
        rules.push(rule);
    }
    rules
}
