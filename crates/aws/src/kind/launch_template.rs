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
    DescribeLaunchTemplateVersions { template: String, version: String } -> Vec<LaunchTemplateVersion>;
    ModifyLaunchTemplate { template: String, default_version: i64 } -> ();
    DeleteLaunchTemplate { template: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_ec2::types;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::kind::prelude::*;

    /// The most that a page of this list may hold.
    const PAGE: i32 = 200;

    fn template(template: types::LaunchTemplate) -> LaunchTemplate {
        LaunchTemplate {
            id: text(template.launch_template_id),
            name: text(template.launch_template_name),
            latest_version: template.latest_version_number.unwrap_or_default(),
            default_version: template.default_version_number.unwrap_or_default(),
            tags: ec2::tags(template.tags),
        }
    }

    fn to_data(data: LaunchTemplateData) -> types::RequestLaunchTemplateData {
        let profile = types::LaunchTemplateIamInstanceProfileSpecificationRequest::builder();
        let metadata = types::LaunchTemplateInstanceMetadataOptionsRequest::builder()
            .http_endpoint(types::LaunchTemplateInstanceMetadataEndpointState::Enabled)
            .http_tokens(data.http_tokens.as_str().into())
            .http_put_response_hop_limit(data.http_hop_limit);
        let disk = types::LaunchTemplateEbsBlockDeviceRequest::builder()
            .volume_size(data.volume.size_gib)
            .volume_type(data.volume.kind.as_str().into())
            .encrypted(data.volume.encrypted)
            .delete_on_termination(true);
        let device = types::LaunchTemplateBlockDeviceMappingRequest::builder()
            .device_name(data.volume.device)
            .ebs(disk.build());
        let monitoring =
            types::LaunchTemplatesMonitoringRequest::builder().enabled(data.detailed_monitoring);
        let tags = [types::ResourceType::Instance, types::ResourceType::Volume].map(|kind| {
            types::LaunchTemplateTagSpecificationRequest::builder()
                .resource_type(kind)
                .set_tags(Some(ec2::to_tags(data.tags.clone())))
                .build()
        });
        types::RequestLaunchTemplateData::builder()
            .image_id(data.image)
            .instance_type(data.instance_type.as_str().into())
            .set_security_group_ids(Some(data.security_groups.into_iter().collect()))
            .iam_instance_profile(profile.name(data.instance_profile).build())
            .user_data(BASE64_STANDARD.encode(data.user_data))
            .metadata_options(metadata.build())
            .block_device_mappings(device.build())
            .monitoring(monitoring.build())
            .set_tag_specifications((!data.tags.is_empty()).then(|| tags.into()))
            .build()
    }

    /// User data as text. Anything else is not ours, and is shown as it came.
    fn plain(user_data: String) -> String {
        let decoded = BASE64_STANDARD.decode(&user_data).ok();
        decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(user_data)
    }

    fn volume(devices: Option<Vec<types::LaunchTemplateBlockDeviceMapping>>) -> Volume {
        let device = devices.unwrap_or_default().into_iter().next();
        let (device, disk) = device.map_or((None, None), |device| (device.device_name, device.ebs));
        let kind = disk.as_ref().and_then(|disk| disk.volume_type.as_ref());
        Volume {
            device: text(device),
            kind: name(kind),
            size_gib: disk.as_ref().and_then(|disk| disk.volume_size).unwrap_or_default(),
            encrypted: disk.and_then(|disk| disk.encrypted).unwrap_or_default(),
        }
    }

    fn data(data: types::ResponseLaunchTemplateData) -> LaunchTemplateData {
        let metadata = data.metadata_options;
        let tokens = metadata.as_ref().and_then(|options| options.http_tokens.as_ref());
        let profile = data.iam_instance_profile;
        let mut tags = data.tag_specifications.unwrap_or_default().into_iter();
        LaunchTemplateData {
            image: text(data.image_id),
            instance_type: name(data.instance_type.as_ref()),
            security_groups: set(data.security_group_ids),
            // By name; a template that someone else made may have it by ARN.
            instance_profile: text(profile.and_then(|profile| profile.name.or(profile.arn))),
            user_data: plain(text(data.user_data)),
            http_tokens: name(tokens),
            http_hop_limit: metadata
                .and_then(|options| options.http_put_response_hop_limit)
                .unwrap_or_default(),
            volume: volume(data.block_device_mappings),
            detailed_monitoring: data
                .monitoring
                .and_then(|found| found.enabled)
                .unwrap_or_default(),
            tags: tags
                .find(|found| found.resource_type == Some(types::ResourceType::Instance))
                .map(|found| ec2::tags(found.tags))
                .unwrap_or_default(),
        }
    }

    requests! { ec2
        create_launch_template(call: CreateLaunchTemplate) {
            launch_template_name(call.name) launch_template_data(to_data(call.data))
            client_token(call.client_token)
            tag_specifications(ec2::tagged(types::ResourceType::LaunchTemplate, call.tags))
        } => |answer| made(Operation::CreateLaunchTemplate, answer.launch_template, template)?;
        create_launch_template_version(call: CreateLaunchTemplateVersion) {
            launch_template_id(call.template) launch_template_data(to_data(call.data))
            client_token(call.client_token)
        } => |answer| {
            let version = answer.launch_template_version;
            version.and_then(|version| version.version_number).unwrap_or_default()
        };
        describe_launch_template_versions(call: DescribeLaunchTemplateVersions) {
            launch_template_id(call.template) versions(call.version)
        } => |answer| each(answer.launch_template_versions, |found| LaunchTemplateVersion {
            version: found.version_number.unwrap_or_default(),
            data: data(
                found
                    .launch_template_data
                    .unwrap_or_else(|| types::ResponseLaunchTemplateData::builder().build())
            ),
        });
        modify_launch_template(call: ModifyLaunchTemplate) {
            launch_template_id(call.template) default_version(call.default_version.to_string())
        };
        delete_launch_template(call: DeleteLaunchTemplate) { launch_template_id(call.template) };
    }

    impl Sdk {
        pub(crate) async fn describe_launch_templates(
            &self,
            call: DescribeLaunchTemplates,
        ) -> Result<Page<LaunchTemplate>, ApiError> {
            let operation = Operation::DescribeLaunchTemplates;
            let sent = self.ec2.describe_launch_templates().set_next_token(call.page);
            let sent = match call.select {
                Select::Ids(ids) if ids.is_empty() => return Ok(Page::only(Vec::new())),
                // This list has no filter by id, and takes no page size beside ids.
                Select::Ids(ids) => sent.set_launch_template_ids(Some(ids)),
                select => {
                    let name = Some("launch-template-name");
                    let by = Filters { vpc: None, name, ..Filters::by("") };
                    sent.set_filters(by.of(operation, select)?).max_results(PAGE)
                }
            };
            let missing = ["InvalidLaunchTemplateId.NotFound"];
            let Some(answer) = sent.send().await.answer(operation).or_none(&missing)? else {
                return Ok(Page::only(Vec::new()));
            };
            Ok(Page {
                items: each(answer.launch_templates, template),
                next: next(answer.next_token),
            })
        }
    }
}
