//! Launch templates with their versions.

pub(crate) mod simulated;

use crate::page::prelude::*;

/// The properties that instances are made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateData {
    /// An AMI, or `resolve:ssm:` with the name of a parameter that holds one.
    pub image: String,
    pub instance_type: String,
    pub security_groups: BTreeSet<String>,
    /// The instance profile's name.
    pub instance_profile: String,
    /// Plain text; base64 is the wire's matter.
    pub user_data: String,
    /// `required`: no metadata without a session token (IMDSv2).
    pub http_tokens: String,
    pub http_hop_limit: i32,
    pub volume: Volume,
    pub detailed_monitoring: bool,
    /// Of instances and their volumes.
    pub tags: Tags,
}

/// The root volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    pub device: String,
    pub size_gib: i32,
    pub kind: String,
    pub encrypted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    pub id: String,
    pub name: String,
    pub latest_version: i64,
    pub default_version: i64,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateVersion {
    pub version: i64,
    /// When it was made, such as `2026-01-31T12:00:00Z`.
    pub created: String,
    pub data: LaunchTemplateData,
}

operations! {
    CreateLaunchTemplate {
        name: String,
        data: LaunchTemplateData,
        client_token: String,
        tags: Tags,
    } -> LaunchTemplate;
    DescribeLaunchTemplates { select: Select, page: Option<String> } -> Page<LaunchTemplate>;
    CreateLaunchTemplateVersion { template: String, data: LaunchTemplateData, client_token: String } -> i64;
    // One version, or all of them: at most 200.
    DescribeLaunchTemplateVersions { template: String, version: Option<String> } -> Vec<LaunchTemplateVersion>;
    DeleteLaunchTemplateVersions { template: String, versions: Vec<i64> } -> ();
    ModifyLaunchTemplate { template: String, default_version: i64 } -> ();
    DeleteLaunchTemplate { template: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::kind::prelude::*;

    /// The most that a page of this list may hold.
    const PAGE: i32 = 200;

    fn template(template: Element<'_>) -> LaunchTemplate {
        LaunchTemplate {
            id: template.text("launchTemplateId"),
            name: template.text("launchTemplateName"),
            latest_version: template.parsed("latestVersionNumber").unwrap_or_default(),
            default_version: template.parsed("defaultVersionNumber").unwrap_or_default(),
            tags: template.tags(),
        }
    }

    fn version(found: Element<'_>) -> LaunchTemplateVersion {
        LaunchTemplateVersion {
            version: found.parsed("versionNumber").unwrap_or_default(),
            created: found.text("createTime"),
            data: data(found.child("launchTemplateData")),
        }
    }

    fn to_data(data: LaunchTemplateData) -> Parameter {
        let tags = |kind: &str| {
            structure! { "ResourceType": kind, "Tag": pairs(data.tags.clone()) }
        };
        let tags = (!data.tags.is_empty()).then(|| vec![tags("instance"), tags("volume")]);
        let device = structure! {
            "DeviceName": data.volume.device,
            "Ebs": structure! {
                "Encrypted": data.volume.encrypted, "DeleteOnTermination": true,
                "VolumeSize": data.volume.size_gib, "VolumeType": data.volume.kind,
            },
        };
        structure! {
            "ImageId": data.image,
            "InstanceType": data.instance_type,
            "SecurityGroupId": data.security_groups,
            "IamInstanceProfile.Name": data.instance_profile,
            "UserData": BASE64_STANDARD.encode(data.user_data),
            "MetadataOptions": structure! {
                "HttpEndpoint": "enabled", "HttpTokens": data.http_tokens,
                "HttpPutResponseHopLimit": data.http_hop_limit,
            },
            "BlockDeviceMapping": vec![device],
            "Monitoring.Enabled": data.detailed_monitoring,
            "TagSpecification": tags,
        }
    }

    /// User data as text. Anything else is not ours, and is shown as it came.
    fn plain(user_data: String) -> String {
        let decoded = BASE64_STANDARD.decode(&user_data).ok();
        decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(user_data)
    }

    fn volume(data: Element<'_>) -> Volume {
        let device = data.items("blockDeviceMappingSet").next();
        let disk = device.map(|device| device.child("ebs"));
        Volume {
            device: device.map(|device| device.text("deviceName")).unwrap_or_default(),
            size_gib: disk.and_then(|disk| disk.parsed("volumeSize")).unwrap_or_default(),
            kind: disk.map(|disk| disk.text("volumeType")).unwrap_or_default(),
            encrypted: disk.and_then(|disk| disk.parsed("encrypted")).unwrap_or_default(),
        }
    }

    fn data(data: Element<'_>) -> LaunchTemplateData {
        let metadata = data.child("metadataOptions");
        let profile = data.child("iamInstanceProfile");
        let mut tags = data.items("tagSpecificationSet");
        let of_instances = tags.find(|found| found.text("resourceType") == "instance");
        LaunchTemplateData {
            image: data.text("imageId"),
            instance_type: data.text("instanceType"),
            security_groups: data.texts("securityGroupIdSet"),
            // By name; a template that someone else made may have it by ARN.
            instance_profile: profile
                .option("name")
                .or_else(|| profile.option("arn"))
                .unwrap_or_default(),
            user_data: plain(data.text("userData")),
            http_tokens: metadata.text("httpTokens"),
            http_hop_limit: metadata.parsed("httpPutResponseHopLimit").unwrap_or_default(),
            volume: volume(data),
            detailed_monitoring: data.child("monitoring").parsed("enabled").unwrap_or_default(),
            tags: of_instances.map(Element::tags).unwrap_or_default(),
        }
    }

    query! { ec2
        create_launch_template(call: CreateLaunchTemplate) {
            "LaunchTemplateName": call.name, "LaunchTemplateData": to_data(call.data),
            "ClientToken": call.client_token,
            "TagSpecification": tagged("launch-template", call.tags),
        } => |answer| answer.made("launchTemplate", template)?;
        create_launch_template_version(call: CreateLaunchTemplateVersion) {
            "LaunchTemplateId": call.template, "LaunchTemplateData": to_data(call.data),
            "ClientToken": call.client_token,
        } => |answer| {
            let version = answer.child("launchTemplateVersion");
            version.parsed("versionNumber").unwrap_or_default()
        };
        describe_launch_template_versions(call: DescribeLaunchTemplateVersions) {
            "LaunchTemplateId": call.template, "LaunchTemplateVersion": call.version.map(|one| vec![one]),
        } => |answer| answer.each("launchTemplateVersionSet", version);
        modify_launch_template(call: ModifyLaunchTemplate) {
            "LaunchTemplateId": call.template,
            "SetDefaultVersion": call.default_version,
        };
        delete_launch_template_versions(call: DeleteLaunchTemplateVersions) {
            "LaunchTemplateId": call.template,
            "LaunchTemplateVersion": call.versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        };
        delete_launch_template(call: DeleteLaunchTemplate) { "LaunchTemplateId": call.template };
    }

    impl Sdk {
        pub(crate) async fn describe_launch_templates(
            &self,
            call: DescribeLaunchTemplates,
        ) -> Result<Page<LaunchTemplate>, ApiError> {
            let operation = Operation::DescribeLaunchTemplates;
            let selected = match call.select {
                Select::Ids(ids) if ids.is_empty() => return Ok(Page::only(Vec::new())),
                // This list has no filter by id, and takes no page size beside ids.
                Select::Ids(ids) => structure! { "LaunchTemplateId": ids, "NextToken": call.page },
                select => {
                    let name = Some("launch-template-name");
                    let by = Filters { vpc: None, name, ..Filters::by("") };
                    structure! {
                        "Filter": by.of(operation, select)?, "MaxResults": PAGE,
                        "NextToken": call.page,
                    }
                }
            };
            let page = |answer: Element<'_>| {
                let next = next(answer.option("nextToken"));
                Ok(Page { items: answer.each("launchTemplates", template), next })
            };
            let missing = ["InvalidLaunchTemplateId.NotFound"];
            let found = self.ec2.call(operation, selected, page).await.or_none(&missing)?;
            Ok(found.unwrap_or_else(|| Page::only(Vec::new())))
        }
    }
}
