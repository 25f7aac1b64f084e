//! The launch template that instances are made from. A change is a new version of it.

mod change;

use skyward_aws::model::{LaunchTemplateData, Volume};
use skyward_aws::{
    DeleteLaunchTemplate, DescribeInstanceTypeOfferings, DescribeLaunchTemplateVersions,
    DescribeLaunchTemplates, GetParameter,
};

use super::{AutoScalingGroup, security_group};
use crate::resource::prelude::*;
use crate::workload;

/// Amazon Linux 2023, as AWS publishes the newest of it: new instances have its newest image, and no plan changes with it.
const IMAGE: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
/// The same for Graviton.
const IMAGE_ARM: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
/// The version that a question about versions is about.
const LATEST: &str = "$Latest";
/// The number of a new template's version.
const FIRST: i64 = 1;

/// The template that instances are made from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LaunchTemplate {
    pub(crate) name: String,
    /// The image, by the parameter that names it.
    pub image: String,
    pub(crate) instance_type: String,
    pub(crate) security_groups: BTreeSet<Id>,
    pub(crate) instance_profile: Id,
    /// The script that an instance runs when it starts.
    pub user_data: String,
    pub(crate) http_tokens: String,
    pub(crate) http_hop_limit: i32,
    pub(crate) volume: Volume,
    pub(crate) detailed_monitoring: bool,
}

/// The name of the image's parameter.
fn image_parameter(aws: &Aws) -> &'static str {
    if aws.platform() == "linux/arm64" { IMAGE_ARM } else { IMAGE }
}

/// Asks for the stack's launch template.
pub(crate) async fn read(reader: &Reader<'_>) -> Option<model::LaunchTemplate> {
    let select = Select::Name(reader.names.launch_template());
    let found = reader.find(DescribeLaunchTemplates { select, page: None }).await;
    found.as_ref().as_ref()?.items.first().cloned()
}

/// The newest version of the stack's launch template.
async fn read_newest(
    reader: &Reader<'_>,
    template: &model::LaunchTemplate,
) -> Option<model::LaunchTemplateVersion> {
    let call =
        DescribeLaunchTemplateVersions { template: template.id.clone(), version: Some(latest()) };
    let versions = reader.find(call).await.as_ref().clone().unwrap_or_default();
    versions.into_iter().max_by_key(|version| version.version)
}

/// The number of the newest version. What is seen of the template may be older than what is seen of its versions.
pub(crate) async fn newest(reader: &Reader<'_>) -> Option<i64> {
    let template = read(reader).await?;
    let seen = read_newest(reader, &template).await.map(|version| version.version);
    seen.max(Some(template.latest_version))
}

/// The launch template of this name.
pub(crate) async fn look(
    run: &Execution<'_>,
    name: &str,
) -> Result<Option<model::LaunchTemplate>, CallError> {
    let call = DescribeLaunchTemplates { select: Select::Name(name.to_owned()), page: None };
    Ok(run.caller.find(call).await?.and_then(|page| page.items.into_iter().next()))
}

fn latest() -> String {
    LATEST.to_owned()
}

/// A text in which the names that the database fills in are its attributes in a template.
fn with_attributes(text: &str) -> Value {
    if !workload::asks_for_database(text) {
        return json!(text);
    }
    let cluster = logical_name(&"db-cluster".into());
    let attributes = ["Endpoint.Address", "ReadEndpoint.Address", "MasterUserSecret.SecretArn"];
    let mut text = text.replace("${", "${!");
    for (name, attribute) in workload::OF_DATABASE.into_iter().zip(attributes) {
        text = text.replace(name, &format!("${{{cluster}.{attribute}}}"));
    }
    json!({ "Fn::Sub": text })
}

impl Resource for LaunchTemplate {
    const ID: &'static str = "launch-template";
    const NAME: &'static str = "launch template";
    const GONE_FIRST: &'static [Kind] = &[Kind::of::<AutoScalingGroup>()];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeLaunchTemplates, DescribeLaunchTemplateVersions, DescribeInstanceTypeOfferings;
        All [READ_IMAGE]: GetParameter;
        Apply [NETWORK_NEW] "ec2:CreateTags" on TAG_NEW, "ssm:GetParameters" on READ_IMAGE: CreateLaunchTemplate;
        Apply [NETWORK_OWN] "ssm:GetParameters" on READ_IMAGE: CreateLaunchTemplateVersion;
        Apply [NETWORK_OWN]: ModifyLaunchTemplate;
        ApplyAndDestroy [NETWORK_OWN]: DeleteLaunchTemplate;
    };

    type Answer = Option<(model::LaunchTemplate, LaunchTemplateData)>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let instance_type = stack.aws.instance_type.clone();
        let user_data = stack.workload.user_data(stack.aws, &stack.names, stack.known.addresses());
        // The service is healthy once it has its database, and so it starts after that.
        let has_database =
            stack.workload.release().is_some() || workload::asks_for_database(&user_data);
        let spec = Self {
            name: stack.names.launch_template(),
            image: format!("resolve:ssm:{}", image_parameter(stack.aws)),
            instance_type,
            security_groups: BTreeSet::from(["security-group/cms".into()]),
            instance_profile: "instance-profile".into(),
            user_data,
            http_tokens: "required".into(),
            http_hop_limit: 1,
            volume: Volume {
                device: "/dev/xvda".into(),
                size_gib: stack.aws.root_volume_gib.into(),
                kind: "gp3".into(),
                encrypted: true,
            },
            detailed_monitoring: false,
        };
        let mut wanted = Wanted::new("launch-template", spec);
        if has_database {
            wanted = wanted.needing(["db-cluster"]);
        }
        if stack.workload.release().is_some() {
            wanted = wanted.needing(["release"]);
        }
        vec![wanted]
    }

    fn refs(&self) -> Vec<&Id> {
        self.security_groups.iter().chain([&self.instance_profile]).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let template = read(reader).await?;
        let version = read_newest(reader, &template).await?;
        Some((template, version.data))
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some((template, data)) = answer else { return };
        // The profile by its name: this does not depend on whether the profile is seen at this moment.
        let instance_profile = if data.instance_profile == observation.names.role() {
            "instance-profile".into()
        } else {
            Id::new(&data.instance_profile)
        };
        let spec = Self {
            name: template.name.clone(),
            image: data.image.clone(),
            instance_type: data.instance_type.clone(),
            security_groups: security_group::ids_of(observation, &data.security_groups),
            instance_profile,
            user_data: data.user_data.clone(),
            http_tokens: data.http_tokens.clone(),
            http_hop_limit: data.http_hop_limit,
            volume: data.volume.clone(),
            detailed_monitoring: data.detailed_monitoring,
        };
        let found = Found::new("launch-template", &template.id, spec, &template.tags);
        observation.keep_named(&template.name, found);
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let (run, data) = (step.run, self.data(step).await?);
        let template = match step.existing() {
            Some(template) => template,
            None => match self.create(step, &data).await? {
                Some(template) => {
                    run.remember(step.id(), &template);
                    run.remember_version(step.id(), FIRST);
                    return Ok(());
                }
                None => self.adopt(step).await?,
            },
        };
        run.remember(step.id(), &template);
        self.set_version(step, &template, data).await?;
        step.update_tags::<Self>(&template).await
    }

    async fn delete(step: &StepContext<'_>, template: &str) -> Result<(), CallError> {
        step.run.caller.delete(DeleteLaunchTemplate { template: template.to_owned() }).await
    }

    async fn offered_in(reader: &Reader<'_>, aws: &Aws) -> Option<ZoneOffer> {
        let call = DescribeInstanceTypeOfferings { instance_type: aws.instance_type.clone() };
        let zones = reader.find(call).await.as_ref().clone()?.into_iter().collect();
        Some(ZoneOffer { zones, lack: format!("does not offer {}", aws.instance_type) })
    }

    async fn check(
        &self,
        reader: &Reader<'_>,
        aws: &Aws,
        _: (Action, &[Difference]),
    ) -> Vec<Finding> {
        let size = self.user_data.len();
        if size > workload::LIMIT {
            let problem = format!(
                "the instances' user data has {size} bytes, and EC2 takes {}",
                workload::LIMIT
            );
            return vec![Finding::new(problem, "shorten service.env or service.args")];
        }
        let name = image_parameter(aws);
        match reader.caller.read(GetParameter { name: name.to_owned() }).await {
            Ok(_) => Vec::new(),
            Err(error) if error.class() == Some(Class::NotFound) => vec![Finding::new(
                format!("{} has no image {name}", aws.region),
                "choose another region, or an instance type of another architecture",
            )],
            Err(error) => vec![Finding::of(&error)],
        }
    }

    fn detail(&self) -> String {
        let volume = &self.volume;
        format!("{}, {} GiB of {}", self.instance_type, volume.size_gib, volume.kind)
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let tags = template.tags(id);
        let tagged = |kind: &str| json!({ "ResourceType": kind, "Tags": tags });
        let groups: Vec<_> =
            self.security_groups.iter().map(|group| attribute(group, "GroupId")).collect();
        let properties = json!({
            "LaunchTemplateName": self.name,
            "LaunchTemplateData": {
                "ImageId": self.image,
                "InstanceType": self.instance_type,
                "SecurityGroupIds": groups,
                "IamInstanceProfile": { "Arn": attribute(&self.instance_profile, "Arn") },
                "UserData": { "Fn::Base64": with_attributes(&self.user_data) },
                "MetadataOptions": {
                    "HttpEndpoint": "enabled",
                    "HttpTokens": self.http_tokens,
                    "HttpPutResponseHopLimit": self.http_hop_limit,
                },
                "BlockDeviceMappings": [{
                    "DeviceName": self.volume.device,
                    "Ebs": {
                        "VolumeSize": self.volume.size_gib,
                        "VolumeType": self.volume.kind,
                        "Encrypted": self.volume.encrypted,
                        "DeleteOnTermination": true,
                    },
                }],
                "Monitoring": { "Enabled": self.detailed_monitoring },
                "TagSpecifications": [tagged("instance"), tagged("volume")],
            },
            "TagSpecifications": [tagged("launch-template")],
        });
        template.add(&logical_name(id), "AWS::EC2::LaunchTemplate", properties);
    }
}
