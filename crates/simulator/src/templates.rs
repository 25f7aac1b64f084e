use serde::{Deserialize, Serialize};

use super::store::Thing;
use super::world::{Answer, World, find, refuse};
use skyward_aws::model::{LaunchTemplate, LaunchTemplateData, LaunchTemplateVersion, Tags};
use skyward_aws::{
    CreateLaunchTemplate, CreateLaunchTemplateVersion, DeleteLaunchTemplate,
    DescribeLaunchTemplateVersions, DescribeLaunchTemplates, ModifyLaunchTemplate, Operation, Page,
};

/// A launch template with its versions, the first of which is 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Template {
    pub(super) template: LaunchTemplate,
    versions: Vec<LaunchTemplateData>,
}

impl Template {
    /// The number and content of a version: a number, `$Latest` or `$Default`.
    pub(super) fn version(&self, version: &str) -> Option<(i64, &LaunchTemplateData)> {
        let number = match version {
            "$Latest" => self.template.latest_version,
            "$Default" => self.template.default_version,
            number => number.parse().ok()?,
        };
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        Some((number, self.versions.get(index)?))
    }
}

impl Thing for Template {
    fn tags(&self) -> &Tags {
        &self.template.tags
    }

    fn keys(&self) -> Vec<String> {
        vec![format!("name={}", self.template.name)]
    }
}

const NO_TEMPLATE: &str = "InvalidLaunchTemplateId.NotFound";

impl World {
    pub(super) fn create_launch_template(
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
            let living = self.state.templates.get(&id).map(|record| record.template.clone());
            return Ok(living.unwrap_or_else(|| template(id)));
        }
        if self.state.templates.any(&format!("name={}", call.name)) {
            return refuse(
                "InvalidLaunchTemplateName.AlreadyExistsException",
                "Launch template name already in use.",
            );
        }
        let count = self.state.templates.len();
        self.quota("launch templates", count, "LaunchTemplateLimitExceeded")?;
        let template = template(self.id("lt"));
        let record = Template { template: template.clone(), versions: vec![call.data] };
        self.state.templates.put(self.moment(), &template.id, record);
        self.remember(Operation::CreateLaunchTemplate, &call.client_token, request, &template.id);
        Ok(template)
    }

    pub(super) fn describe_launch_templates(
        &mut self,
        call: DescribeLaunchTemplates,
    ) -> Answer<Page<LaunchTemplate>> {
        let view = |record: &Template| record.template.clone();
        Ok(self.page(|state| &state.templates, &call.select, call.page.as_ref(), view))
    }

    pub(super) fn create_launch_template_version(
        &mut self,
        call: CreateLaunchTemplateVersion,
    ) -> Answer<i64> {
        let request = format!("{} {:?}", call.template, call.data);
        let operation = Operation::CreateLaunchTemplateVersion;
        if let Some(number) = self.earlier(operation, &call.client_token, &request)? {
            return Ok(number.parse().expect("a version's number"));
        }
        let record = find(&self.state.templates, &call.template, self.view, NO_TEMPLATE)?;
        let number = record.template.latest_version + 1;
        self.state.templates.update(self.moment(), &call.template, |record| {
            record.versions.push(call.data);
            record.template.latest_version = number;
        });
        self.remember(operation, &call.client_token, request, &number.to_string());
        Ok(number)
    }

    pub(super) fn describe_launch_template_versions(
        &mut self,
        call: DescribeLaunchTemplateVersions,
    ) -> Answer<Vec<LaunchTemplateVersion>> {
        find(&self.state.templates, &call.template, self.view, NO_TEMPLATE)?;
        let record = self.state.templates.seen(&call.template, self.view).expect("it is known");
        let Some((version, data)) = record.version(&call.version) else {
            let message = format!(
                "Could not find the specified version {} for the launch template",
                call.version
            );
            return refuse("InvalidLaunchTemplateId.VersionNotFound", message);
        };
        Ok(vec![LaunchTemplateVersion { version, data: data.clone() }])
    }

    pub(super) fn modify_launch_template(&mut self, call: ModifyLaunchTemplate) -> Answer<()> {
        let record = find(&self.state.templates, &call.template, self.view, NO_TEMPLATE)?;
        if record.version(&call.default_version.to_string()).is_none() {
            let message = format!("Could not find the specified version {}", call.default_version);
            return refuse("InvalidLaunchTemplateId.VersionNotFound", message);
        }
        let change = |record: &mut Template| record.template.default_version = call.default_version;
        self.state.templates.update(self.moment(), &call.template, change);
        Ok(())
    }

    /// Also while a group uses it: the group then cannot start instances.
    pub(super) fn delete_launch_template(&mut self, call: DeleteLaunchTemplate) -> Answer<()> {
        find(&self.state.templates, &call.template, self.view, NO_TEMPLATE)?;
        self.state.templates.remove(self.moment(), &call.template);
        Ok(())
    }
}
