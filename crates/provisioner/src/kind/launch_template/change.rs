//! The creation of a launch template, and its versions.

use sha2::{Digest, Sha256};
use skyward_aws::model::LaunchTemplateData;
use skyward_aws::{
    CreateLaunchTemplate, CreateLaunchTemplateVersion, DeleteLaunchTemplateVersions,
    DescribeAutoScalingGroups, DescribeLaunchTemplateVersions, ModifyLaunchTemplate,
};

use super::super::{ReleaseObject, db_cluster};
use super::{LaunchTemplate, latest, look};
use crate::resource::prelude::*;
use crate::workload;

/// The number of attempts at a creation whose token tells of a template that was deleted since.
const ATTEMPTS: u32 = 3;
/// The versions that stay, and with them their releases: one can go back to them.
const HISTORY: i64 = 10;
/// The pause between looks for a new template.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

fn digest(data: &LaunchTemplateData) -> String {
    let text = serde_json::to_string(data).unwrap_or_default();
    Sha256::digest(text).iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

impl LaunchTemplate {
    /// The content of a version. What the user data asks of the database is known once that is there.
    pub(super) async fn data(
        &self,
        step: &StepContext<'_>,
    ) -> Result<LaunchTemplateData, CallError> {
        let run = step.run;
        let mut user_data = self.user_data.clone();
        while workload::asks_for_database(&user_data) {
            user_data = workload::fill(&user_data, db_cluster::outputs(run).await?.addresses());
            // What is seen of the database may be older than it is.
            if workload::asks_for_database(&user_data) {
                step.pause("waiting for the database's address").await?;
            }
        }
        // The instances carry the stack's tag, so that what is left of them is found.
        let mut tags = run.topology.tags.clone();
        tags.insert("Name".into(), format!("{}-cms", run.topology.stack));
        Ok(LaunchTemplateData {
            image: self.image.clone(),
            instance_type: self.instance_type.clone(),
            security_groups: run.physicals(&self.security_groups)?,
            instance_profile: run.physical(&self.instance_profile)?,
            user_data,
            http_tokens: self.http_tokens.clone(),
            http_hop_limit: self.http_hop_limit,
            volume: self.volume.clone(),
            detailed_monitoring: self.detailed_monitoring,
            tags,
        })
    }

    /// Creates it; none where there is one of this name.
    pub(super) async fn create(
        &self,
        step: &StepContext<'_>,
        data: &LaunchTemplateData,
    ) -> Result<Option<String>, CallError> {
        let run = step.run;
        for attempt in 0..ATTEMPTS {
            let token = format!("{} {} {attempt}", digest(data), step.replaced());
            let call = CreateLaunchTemplate {
                name: self.name.clone(),
                data: data.clone(),
                client_token: run.names.client_token(step.id(), &token),
                tags: step.tags(),
            };
            let template = match run.caller.create(call).await? {
                Some(template) => template.id,
                None => return Ok(None),
            };
            // An old token tells of a template that was deleted since: then there is none of the name.
            let asked = Instant::now();
            while asked.elapsed() <= run.settings.settle {
                if look(run, &self.name).await?.is_some_and(|found| found.id == template) {
                    return Ok(Some(template));
                }
                run.caller.sleep(LOOK_AGAIN).await?;
            }
        }
        Err(step.invisible())
    }

    /// Takes over the template of this name that someone else made meanwhile.
    pub(super) async fn adopt(&self, step: &StepContext<'_>) -> Result<String, CallError> {
        let look =
            async || Ok(look(step.run, &self.name).await?.map(|found| (found.id, found.tags)));
        step.adopt("launch template", &self.name, look).await
    }

    /// Makes a version of this content, where the latest has another.
    pub(super) async fn set_version(
        &self,
        step: &StepContext<'_>,
        template: &str,
        data: LaunchTemplateData,
    ) -> Result<(), CallError> {
        let (run, template) = (step.run, template.to_owned());
        let call =
            DescribeLaunchTemplateVersions { template: template.clone(), version: Some(latest()) };
        let versions = run.caller.find(call).await?.unwrap_or_default();
        let latest = versions.iter().max_by_key(|version| version.version);
        if latest.is_some_and(|latest| latest.data == data) {
            return Ok(());
        }
        let newest = latest.map_or(0, |latest| latest.version);
        // The same change from the same version is the same call, whoever repeats it.
        let token = format!("{} after {template} {newest}", digest(&data));
        let client_token = run.names.client_token(step.id(), &token);
        let call = CreateLaunchTemplateVersion { template: template.clone(), data, client_token };
        let version = run.caller.change(call).await?;
        run.remember_version(step.id(), version);
        let default_version = version;
        let call = ModifyLaunchTemplate { template: template.clone(), default_version };
        run.caller.change(call).await?;
        self.prune(step, &template, version).await
    }

    /// Deletes the versions of a service that are too old to go back to. The one that the instances have stays.
    async fn prune(
        &self,
        step: &StepContext<'_>,
        template: &str,
        newest: i64,
    ) -> Result<(), CallError> {
        let run = step.run;
        if newest <= HISTORY || run.topology.all::<ReleaseObject>().next().is_none() {
            return Ok(());
        }
        let name = run.names.auto_scaling_group();
        let group = run.first(DescribeAutoScalingGroups { name }).await?;
        let used: BTreeSet<String> = group
            .into_iter()
            .flat_map(|group| {
                let of_instances = group.instances.into_iter().filter_map(|one| one.version);
                of_instances.chain(group.launch_template.map(|(_, version)| version))
            })
            .collect();
        let call = DescribeLaunchTemplateVersions { template: template.to_owned(), version: None };
        let all = run.caller.find(call).await?.unwrap_or_default();
        let old = all.iter().map(|version| version.version);
        let old = old.filter(|one| *one <= newest - HISTORY && !used.contains(&one.to_string()));
        let versions: Vec<i64> = old.collect();
        if versions.is_empty() {
            return Ok(());
        }
        let template = template.to_owned();
        run.caller.delete(DeleteLaunchTemplateVersions { template, versions }).await
    }
}
