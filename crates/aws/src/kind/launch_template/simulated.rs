//! Launch templates with their versions.

use crate::kind::simulated::prelude::*;

/// A launch template with its versions, the first of which is 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LaunchTemplateRecord {
    template: LaunchTemplate,
    versions: Vec<LaunchTemplateData>,
}

impl LaunchTemplateRecord {
    /// The number and content of a version: a number, `$Latest` or `$Default`.
    pub(crate) fn version(&self, version: &str) -> Option<(i64, &LaunchTemplateData)> {
        let number = match version {
            "$Latest" => self.template.latest_version,
            "$Default" => self.template.default_version,
            number => number.parse().ok()?,
        };
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        Some((number, self.versions.get(index)?))
    }
}

const QUOTA: DefaultQuota =
    DefaultQuota::new("launch templates", 5000, "LaunchTemplateLimitExceeded");

impl Kind for LaunchTemplateRecord {
    const NAME: &'static str = "launch-template";
    const MISSING: &'static str = "InvalidLaunchTemplateId.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("lt");
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(template.tags);

    fn keys(&self) -> Vec<String> {
        vec![format!("name={}", self.template.name)]
    }

    fn state(&self) -> String {
        self.template.name.clone()
    }
}

impl World {
    pub(crate) fn create_launch_template(
        &mut self,
        call: CreateLaunchTemplate,
    ) -> Answer<LaunchTemplate> {
        let request = format!("{} {:?} {:?}", call.name, call.data, call.tags);
        let template = |id: String| LaunchTemplate {
            id,
            name: call.name.clone(),
            latest_version: 1,
            default_version: 1,
            tags: call.tags.clone(),
        };
        if let Some(id) =
            self.earlier(Operation::CreateLaunchTemplate, &call.client_token, &request)?
        {
            let living =
                self.get::<LaunchTemplateRecord>(&id).map(|record| record.template.clone());
            return Ok(living.unwrap_or_else(|| template(id)));
        }
        if self.any::<LaunchTemplateRecord>(&format!("name={}", call.name)) {
            return refuse(
                "InvalidLaunchTemplateName.AlreadyExistsException",
                "Launch template name already in use.",
            );
        }
        self.room(&QUOTA, self.count::<LaunchTemplateRecord>())?;
        let template = template(self.id("lt"));
        let record = LaunchTemplateRecord { template: template.clone(), versions: vec![call.data] };
        self.put(&template.id, record);
        self.remember(Operation::CreateLaunchTemplate, &call.client_token, request, &template.id);
        Ok(template)
    }

    pages!(describe_launch_templates(DescribeLaunchTemplates) of LaunchTemplateRecord => |record| record.template.clone());

    pub(crate) fn create_launch_template_version(
        &mut self,
        call: CreateLaunchTemplateVersion,
    ) -> Answer<i64> {
        let request = format!("{} {:?}", call.template, call.data);
        let operation = Operation::CreateLaunchTemplateVersion;
        if let Some(number) = self.earlier(operation, &call.client_token, &request)? {
            return Ok(number.parse().expect("a version's number"));
        }
        let record = self.find::<LaunchTemplateRecord>(&call.template)?;
        let number = record.template.latest_version + 1;
        self.update::<LaunchTemplateRecord>(&call.template, |record| {
            record.versions.push(call.data);
            record.template.latest_version = number;
        });
        self.remember(operation, &call.client_token, request, &number.to_string());
        Ok(number)
    }

    pub(crate) fn describe_launch_template_versions(
        &mut self,
        call: DescribeLaunchTemplateVersions,
    ) -> Answer<Vec<LaunchTemplateVersion>> {
        let record = self.look::<LaunchTemplateRecord>(&call.template)?;
        let Some((version, data)) = record.version(&call.version) else {
            let message = format!(
                "Could not find the specified version {} for the launch template",
                call.version
            );
            return refuse("InvalidLaunchTemplateId.VersionNotFound", message);
        };
        Ok(vec![LaunchTemplateVersion { version, data: data.clone() }])
    }

    pub(crate) fn modify_launch_template(&mut self, call: ModifyLaunchTemplate) -> Answer<()> {
        let record = self.find::<LaunchTemplateRecord>(&call.template)?;
        if record.version(&call.default_version.to_string()).is_none() {
            let message = format!("Could not find the specified version {}", call.default_version);
            return refuse("InvalidLaunchTemplateId.VersionNotFound", message);
        }
        let change = |record: &mut LaunchTemplateRecord| {
            record.template.default_version = call.default_version;
        };
        self.change::<LaunchTemplateRecord>(&call.template, change)
    }

    /// Also while a group uses it: the group then cannot start instances.
    pub(crate) fn delete_launch_template(&mut self, call: DeleteLaunchTemplate) -> Answer<()> {
        self.delete::<LaunchTemplateRecord>(&call.template)
    }
}
