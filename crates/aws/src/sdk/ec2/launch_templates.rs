use aws_sdk_ec2::types;
use aws_sdk_ec2::types::{
    InstanceType, LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMetadataEndpointState, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateTagSpecificationRequest, LaunchTemplatesMonitoringRequest,
    RequestLaunchTemplateData, ResourceType, ResponseLaunchTemplateData, VolumeType,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::filters::Names;
use super::{tagged, tags, to_tags};
use crate::model::{LaunchTemplate, LaunchTemplateData, LaunchTemplateVersion, Volume};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, next, set, text};
use crate::sdk::error::{Answer, OrNone};
use crate::{
    ApiError, CreateLaunchTemplate, CreateLaunchTemplateVersion, DeleteLaunchTemplate,
    DescribeLaunchTemplateVersions, DescribeLaunchTemplates, ModifyLaunchTemplate, Operation, Page,
    Select,
};

/// The most that a page of this list may hold.
const PAGE: i32 = 200;

fn template(template: types::LaunchTemplate) -> LaunchTemplate {
    LaunchTemplate {
        id: text(template.launch_template_id),
        name: text(template.launch_template_name),
        latest_version: template.latest_version_number.unwrap_or_default(),
        default_version: template.default_version_number.unwrap_or_default(),
        tags: tags(template.tags),
    }
}

fn request(data: LaunchTemplateData) -> RequestLaunchTemplateData {
    let profile = LaunchTemplateIamInstanceProfileSpecificationRequest::builder();
    let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_endpoint(LaunchTemplateInstanceMetadataEndpointState::Enabled)
        .http_tokens(LaunchTemplateHttpTokensState::from(data.http_tokens.as_str()))
        .http_put_response_hop_limit(data.http_hop_limit);
    let disk = LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_size(data.volume.size_gib)
        .volume_type(VolumeType::from(data.volume.kind.as_str()))
        .encrypted(data.volume.encrypted)
        .delete_on_termination(true);
    let device = LaunchTemplateBlockDeviceMappingRequest::builder()
        .device_name(data.volume.device)
        .ebs(disk.build());
    let tags = [ResourceType::Instance, ResourceType::Volume].map(|kind| {
        LaunchTemplateTagSpecificationRequest::builder()
            .resource_type(kind)
            .set_tags(Some(to_tags(data.tags.clone())))
            .build()
    });
    RequestLaunchTemplateData::builder()
        .image_id(data.image)
        .instance_type(InstanceType::from(data.instance_type.as_str()))
        .set_security_group_ids(Some(data.security_groups.into_iter().collect()))
        .iam_instance_profile(profile.name(data.instance_profile).build())
        .user_data(BASE64_STANDARD.encode(data.user_data))
        .metadata_options(metadata.build())
        .block_device_mappings(device.build())
        .monitoring(
            LaunchTemplatesMonitoringRequest::builder().enabled(data.detailed_monitoring).build(),
        )
        .set_tag_specifications((!data.tags.is_empty()).then(|| tags.into()))
        .build()
}

/// What is not text in the user data is not ours: it is shown as it came.
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

fn response(data: ResponseLaunchTemplateData) -> LaunchTemplateData {
    let metadata = data.metadata_options;
    let tokens = metadata.as_ref().and_then(|options| options.http_tokens.as_ref());
    let specifications = data.tag_specifications.unwrap_or_default();
    LaunchTemplateData {
        image: text(data.image_id),
        instance_type: name(data.instance_type.as_ref()),
        security_groups: set(data.security_group_ids),
        // By name; a template that someone else made may have it by ARN.
        instance_profile: text(
            data.iam_instance_profile.and_then(|profile| profile.name.or(profile.arn)),
        ),
        user_data: plain(text(data.user_data)),
        http_tokens: name(tokens),
        http_hop_limit: metadata
            .and_then(|options| options.http_put_response_hop_limit)
            .unwrap_or_default(),
        volume: volume(data.block_device_mappings),
        detailed_monitoring: data.monitoring.and_then(|found| found.enabled).unwrap_or_default(),
        tags: specifications
            .into_iter()
            .find(|found| found.resource_type == Some(ResourceType::Instance))
            .map(|found| tags(found.tags))
            .unwrap_or_default(),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn create_launch_template(
        &self,
        call: CreateLaunchTemplate,
    ) -> Result<LaunchTemplate, ApiError> {
        let sent = self.ec2.create_launch_template().launch_template_name(call.name);
        let sent = sent.launch_template_data(request(call.data)).client_token(call.client_token);
        let sent = sent.tag_specifications(tagged(ResourceType::LaunchTemplate, call.tags));
        let answer = sent.send().await.answer(Operation::CreateLaunchTemplate)?;
        let none = || types::LaunchTemplate::builder().build();
        Ok(template(answer.launch_template.unwrap_or_else(none)))
    }

    pub(in crate::sdk) async fn describe_launch_templates(
        &self,
        call: DescribeLaunchTemplates,
    ) -> Result<Page<LaunchTemplate>, ApiError> {
        let operation = Operation::DescribeLaunchTemplates;
        let sent = self.ec2.describe_launch_templates().set_next_token(call.page);
        let sent = match call.select {
            Select::Ids(ids) if ids.is_empty() => return Ok(Page::only(Vec::new())),
            // There is no filter of ids, and with ids no size of a page.
            Select::Ids(ids) => sent.set_launch_template_ids(Some(ids)),
            select => {
                let name = Some("launch-template-name");
                let names = Names { operation, id: "", vpc: None, name };
                sent.set_filters(names.filters(select)?).max_results(PAGE)
            }
        };
        let missing = ["InvalidLaunchTemplateId.NotFound"];
        match sent.send().await.answer(operation).or_none(&missing)? {
            Some(answer) => Ok(Page {
                items: each(answer.launch_templates, template),
                next: next(answer.next_token),
            }),
            None => Ok(Page::only(Vec::new())),
        }
    }

    pub(in crate::sdk) async fn create_launch_template_version(
        &self,
        call: CreateLaunchTemplateVersion,
    ) -> Result<i64, ApiError> {
        let sent = self.ec2.create_launch_template_version().launch_template_id(call.template);
        let sent = sent.launch_template_data(request(call.data)).client_token(call.client_token);
        let answer = sent.send().await.answer(Operation::CreateLaunchTemplateVersion)?;
        let version = answer.launch_template_version;
        Ok(version.and_then(|version| version.version_number).unwrap_or_default())
    }

    pub(in crate::sdk) async fn describe_launch_template_versions(
        &self,
        call: DescribeLaunchTemplateVersions,
    ) -> Result<Vec<LaunchTemplateVersion>, ApiError> {
        let sent = self.ec2.describe_launch_template_versions().launch_template_id(call.template);
        let sent = sent.versions(call.version);
        let answer = sent.send().await.answer(Operation::DescribeLaunchTemplateVersions)?;
        let none = || ResponseLaunchTemplateData::builder().build();
        Ok(each(answer.launch_template_versions, |found| LaunchTemplateVersion {
            version: found.version_number.unwrap_or_default(),
            data: response(found.launch_template_data.unwrap_or_else(none)),
        }))
    }

    pub(in crate::sdk) async fn modify_launch_template(
        &self,
        call: ModifyLaunchTemplate,
    ) -> Result<(), ApiError> {
        let sent = self.ec2.modify_launch_template().launch_template_id(call.template);
        let sent = sent.default_version(call.default_version.to_string());
        sent.send().await.answer(Operation::ModifyLaunchTemplate).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_launch_template(
        &self,
        call: DeleteLaunchTemplate,
    ) -> Result<(), ApiError> {
        let sent = self.ec2.delete_launch_template().launch_template_id(call.template);
        sent.send().await.answer(Operation::DeleteLaunchTemplate).map(|_| ())
    }
}
