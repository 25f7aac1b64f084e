//! The processes beside the service: jobs, workers, and what a schedule starts. They have the service's image, variables and
//! files, and are as restricted as its pods.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::batch::v1::{
    CronJob, CronJobSpec, Job as JobObject, JobSpec, JobTemplateSpec,
};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use skyward_config::{Job, When, Worker};

use super::{Environment, RenderError, canonical, objects, pod};
use crate::release::{INSTANCE, Release};

/// The annotation of a job that says when it runs.
pub const WHEN: &str = "skyward.dev/when";

/// Its value for a job that runs after the rollout.
pub const AFTER: &str = "after";

/// The label that tells the processes of a release apart.
const PROCESS: &str = "app.kubernetes.io/name";

/// The longest name that a Deployment's pods, a revision's Job or a CronJob's Jobs leave room for.
const LONGEST: usize = 52;

/// The name of a process's objects.
pub fn process_of(release: &str, process: &str) -> String {
    format!("{release}-{process}")
}

/// Refuses names that are too long and schedules that no clock ever shows.
pub(super) fn check(release: &Release) -> Result<(), RenderError> {
    let jobs = release.k3s.job.iter().map(|job| ("k3s.job", &job.name));
    let workers = release.k3s.worker.iter().map(|worker| ("k3s.worker", &worker.name));
    for (key, name) in jobs.chain(workers) {
        let whole = process_of(release.name(), name);
        if whole.len() > LONGEST {
            let reason = format!(
                "the name {whole} is longer than {LONGEST} characters, which Kubernetes leaves for it; shorten it, or service.name"
            );
            return Err(RenderError { key: key.to_owned(), reason });
        }
    }
    for job in &release.k3s.job {
        for argument in job.args.iter().chain(&job.command).chain(job.env.values()) {
            canonical::check_text(&format!("k3s.job {}", job.name), argument)?;
        }
        if let Some(schedule) = &job.schedule {
            check_schedule(schedule).map_err(|why| RenderError {
                key: "k3s.job".to_owned(),
                reason: format!("the schedule of {}, `{schedule}`: {why}", job.name),
            })?;
        }
    }
    for worker in &release.k3s.worker {
        for argument in worker.args.iter().chain(&worker.command).chain(worker.env.values()) {
            canonical::check_text(&format!("k3s.worker {}", worker.name), argument)?;
        }
    }
    Ok(())
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// As the parser of Kubernetes' CronJobs does it (robfig/cron, `ParseStandard`).
fn check_schedule(schedule: &str) -> Result<(), String> {
    if schedule.starts_with('@') {
        return Ok(());
    }
    let fields: [(&str, u32, u32, &[&str]); 5] = [
        ("minute", 0, 59, &[]),
        ("hour", 0, 23, &[]),
        ("day of the month", 1, 31, &[]),
        ("month", 1, 12, &MONTHS),
        ("day of the week", 0, 6, &DAYS),
    ];
    for (text, (field, least, most, names)) in schedule.split_whitespace().zip(fields) {
        let number = |text: &str| {
            let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
            let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + least);
            let number = named.or_else(|| text.parse().ok());
            number.filter(|number| (least..=most).contains(number))
        };
        let is_right = |part: &str| {
            let (range, step) =
                part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            let is_step = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
            let is_range = match range.split_once('-') {
                _ if matches!(range, "*" | "?") => true,
                Some((from, to)) => {
                    number(from).zip(number(to)).is_some_and(|(from, to)| from <= to)
                }
                None => number(range).is_some(),
            };
            is_step && is_range
        };
        if !text.split(',').all(is_right) {
            return Err(format!(
                "`{text}` is no {field}, which is {least} to {most}, *, a range such as 1-5 or a step such as */5"
            ));
        }
    }
    Ok(())
}

/// The jobs of each revision.
pub(super) fn jobs(release: &Release, environment: &Environment) -> Vec<JobObject> {
    let of_revision = release.k3s.job.iter().filter(|job| job.when != When::Schedule);
    let job = |job: &Job| {
        let mut metadata = metadata(release, &job.name);
        let when = if job.when == When::After { AFTER } else { "before" };
        metadata.annotations = Some(BTreeMap::from([(WHEN.to_owned(), when.to_owned())]));
        JobObject {
            metadata,
            spec: Some(job_spec(release, environment, job)),
            ..JobObject::default()
        }
    };
    of_revision.map(job).collect()
}

/// The jobs that a schedule starts. Two of one never run beside each other.
pub(super) fn cron_jobs(release: &Release, environment: &Environment) -> Vec<CronJob> {
    let scheduled = release.k3s.job.iter().filter_map(|job| {
        let schedule = job.schedule.clone().filter(|_| job.when == When::Schedule)?;
        let spec = CronJobSpec {
            schedule,
            time_zone: job.time_zone.clone(),
            concurrency_policy: Some("Forbid".into()),
            job_template: JobTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels(release, &job.name)),
                    ..ObjectMeta::default()
                }),
                spec: Some(job_spec(release, environment, job)),
            },
            ..CronJobSpec::default()
        };
        Some(CronJob {
            metadata: metadata(release, &job.name),
            spec: Some(spec),
            ..CronJob::default()
        })
    });
    scheduled.collect()
}

fn job_spec(release: &Release, environment: &Environment, job: &Job) -> JobSpec {
    let process = Process {
        name: &job.name,
        command: &job.command,
        args: &job.args,
        env: &job.env,
        resources: as_the_service(release),
    };
    let mut template = process.template(release, environment);
    if let Some(spec) = template.spec.as_mut() {
        spec.restart_policy = Some("Never".into());
    }
    JobSpec {
        active_deadline_seconds: Some(job.timeout_s.into()),
        backoff_limit: Some(job.retries.into()),
        template,
        ..JobSpec::default()
    }
}

/// The workers' Deployments.
pub(super) fn workers(release: &Release, environment: &Environment) -> Vec<Deployment> {
    release.k3s.worker.iter().map(|worker| deployment(release, environment, worker)).collect()
}

fn deployment(release: &Release, environment: &Environment, worker: &Worker) -> Deployment {
    let k3s = &release.k3s;
    let or =
        |own: &Option<String>, service: &str| own.clone().unwrap_or_else(|| service.to_owned());
    let resources = pod::amounts(
        release,
        [&or(&worker.cpu, &k3s.cpu), &or(&worker.cpu_limit, &k3s.cpu_limit)],
        [&or(&worker.memory, &k3s.memory), &or(&worker.memory_limit, &k3s.memory_limit)],
    );
    let process = Process {
        name: &worker.name,
        command: &worker.command,
        args: &worker.args,
        env: &worker.env,
        resources,
    };
    let mut template = process.template(release, environment);
    if let Some(spec) = template.spec.as_mut() {
        spec.termination_grace_period_seconds = Some(worker.stop_s.into());
    }
    let match_labels = Some(selector(release, &worker.name));
    let spec = DeploymentSpec {
        replicas: Some(worker.replicas.into()),
        selector: LabelSelector { match_labels, ..LabelSelector::default() },
        strategy: Some(objects::strategy(release)),
        min_ready_seconds: (k3s.min_ready_s > 0).then(|| k3s.min_ready_s.into()),
        progress_deadline_seconds: Some(k3s.progress_deadline_s.into()),
        revision_history_limit: Some(objects::OLD_REPLICA_SETS),
        template,
        ..DeploymentSpec::default()
    };
    Deployment {
        metadata: metadata(release, &worker.name),
        spec: Some(spec),
        ..Deployment::default()
    }
}

fn as_the_service(release: &Release) -> ResourceRequirements {
    let k3s = &release.k3s;
    pod::amounts(release, [&k3s.cpu, &k3s.cpu_limit], [&k3s.memory, &k3s.memory_limit])
}

/// The labels that choose a process's pods. The Service does not choose them: its own name is another.
fn selector(release: &Release, process: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        (PROCESS.to_owned(), process_of(release.name(), process)),
        (INSTANCE.to_owned(), release.name().to_owned()),
    ])
}

fn labels(release: &Release, process: &str) -> BTreeMap<String, String> {
    let mut labels = release.labels();
    labels.extend(selector(release, process));
    labels
}

fn metadata(release: &Release, process: &str) -> ObjectMeta {
    let mut metadata = objects::metadata(release, process_of(release.name(), process));
    metadata.labels = Some(labels(release, process));
    metadata
}

/// A process that is not the service.
struct Process<'a> {
    name: &'a str,
    command: &'a [String],
    args: &'a [String],
    env: &'a BTreeMap<String, String>,
    resources: ResourceRequirements,
}

impl Process<'_> {
    fn template(self, release: &Release, environment: &Environment) -> PodTemplateSpec {
        let mut labels = release.k3s.labels.clone();
        labels.extend(release.k3s.pod_labels.clone());
        labels.extend(selector(release, self.name));
        let mut variables = environment.variables.clone();
        variables.extend(self.env.clone());
        let container = Container {
            command: pod::literals(self.command),
            args: pod::literals(self.args),
            env: Some(pod::variables(release, &variables)),
            resources: Some(self.resources),
            ..pod::process(release, &process_of(release.name(), self.name))
        };
        PodTemplateSpec {
            metadata: Some(pod::metadata(release, labels)),
            spec: Some(PodSpec {
                security_context: Some(pod::restricted(release.user)),
                containers: vec![container],
                ..pod::common(release)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_what_kubernetes_reads() {
        for right in
            ["* * * * *", "*/5 0-23/2 1,15 JAN-mar MON", "59 23 31 12 6", "@daily", "0 0 ? * ?"]
        {
            assert_eq!(check_schedule(right), Ok(()), "{right}");
        }
        for wrong in [
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            ", * * * *",
        ] {
            assert!(check_schedule(wrong).is_err(), "{wrong}");
        }
    }
}
