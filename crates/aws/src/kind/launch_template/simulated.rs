//! Launch templates with their versions.

use crate::kind::simulated::prelude::*;

/// A launch template with its versions, the first of which is 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LaunchTemplateRecord {
    template: LaunchTemplate,
    versions: BTreeMap<i64, LaunchTemplateVersion>,
}

impl LaunchTemplateRecord {
    /// The number and content of a version: a number, `$Latest` or `$Default`.
    pub(crate) fn version(&self, version: &str) -> Option<(i64, &LaunchTemplateData)> {
        let number = match version {
            "$Latest" => self.template.latest_version,
            "$Default" => self.template.default_version,
            number => number.parse().ok()?,
        };
        Some((number, &self.versions.get(&number)?.data))
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
        let first = LaunchTemplateVersion { version: 1, created: self.created(), data: call.data };
        let versions = BTreeMap::from([(1, first)]);
        let record = LaunchTemplateRecord { template: template.clone(), versions };
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
        let created = self.created();
        self.update::<LaunchTemplateRecord>(&call.template, |record| {
            let version = LaunchTemplateVersion { version: number, created, data: call.data };
            record.versions.insert(number, version);
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
        let Some(version) = &call.version else {
            return Ok(record.versions.values().rev().cloned().collect());
        };
        let found = record.version(version).and_then(|(number, _)| record.versions.get(&number));
        let Some(found) = found else {
            let message =
                format!("Could not find the specified version {version} for the launch template");
            return refuse("InvalidLaunchTemplateId.VersionNotFound", message);
        };
        Ok(vec![found.clone()])
    }

    /// The time now, as EC2 writes it.
    fn created(&self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The default version stays, and so does everything else of a call that names it.
    pub(crate) fn delete_launch_template_versions(
        &mut self,
        call: DeleteLaunchTemplateVersions,
    ) -> Answer<()> {
        let record = self.find::<LaunchTemplateRecord>(&call.template)?;
        if call.versions.contains(&record.template.default_version) {
            return refuse("InvalidLaunchTemplateVersion", "The default version cannot be deleted");
        }
        self.change::<LaunchTemplateRecord>(&call.template, |record| {
            record.versions.retain(|number, _| !call.versions.contains(number));
        })
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
