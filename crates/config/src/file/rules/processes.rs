//! The rules over jobs, workers, files, volumes, ports and metrics.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, is_within};
use crate::file::keys::child;
use crate::file::validate::quoted;
use crate::{Access, Config, K3s, MetricSource, When};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let k3s = &config.k3s;
    names(k3s, report);
    schedules(k3s, report);
    paths(k3s, report);
    volumes(k3s, report);
    ports(k3s, report);
    scheduling(k3s, report);
    if [&k3s.max_surge, &k3s.max_unavailable]
        .into_iter()
        .all(|count| count.trim_end_matches('%') == "0")
    {
        report(&["k3s.max_surge", "k3s.max_unavailable"], &|_| {
            "both are 0, so that no pod could ever be replaced; one of them is 1 at least".into()
        });
    }
}

/// Jobs and workers are told apart by their names, in `logs --only` too.
fn names(k3s: &K3s, report: &mut Report<'_>) {
    let jobs = k3s.job.iter().map(|job| ("k3s.job", &job.name));
    let workers = k3s.worker.iter().map(|worker| ("k3s.worker", &worker.name));
    let mut seen = BTreeMap::new();
    for (key, name) in jobs.chain(workers) {
        if let Some(other) = seen.insert(name, key) {
            report(&[key, other], &|_| {
                format!(
                    "{} is the name of two; jobs and workers have names of their own",
                    quoted(name)
                )
            });
        }
    }
}

fn schedules(k3s: &K3s, report: &mut Report<'_>) {
    for job in &k3s.job {
        let name = quoted(&job.name);
        match (job.when, &job.schedule) {
            (When::Schedule, None) => report(&["k3s.job"], &|_| {
                format!(
                    "{name} runs by a schedule and has none; give schedule, such as \"30 3 * * *\""
                )
            }),
            (When::Before | When::After, Some(_)) => report(&["k3s.job"], &|_| {
                format!(
                    "{name} has a schedule and does not run by it; say when = \"schedule\", or leave the schedule out"
                )
            }),
            _ => {}
        }
        if job.time_zone.is_some() && job.schedule.is_none() {
            report(&["k3s.job"], &|_| {
                format!("{name} has a time zone and no schedule; leave time_zone out")
            });
        }
        if job.when != When::Schedule && job.timeout_s > k3s.timeout_s {
            report(&["k3s.job", "k3s.timeout_s"], &|_| {
                format!(
                    "{name} may take {} s and the whole deployment {} s; timeout_s under [k3s] is the greater",
                    job.timeout_s, k3s.timeout_s
                )
            });
        }
    }
}

/// Places in a container that belong to the system, or to the pod already.
const TAKEN: [&str; 5] = ["/tmp", "/proc", "/sys", "/dev", "/var/run/secrets"];

fn paths(k3s: &K3s, report: &mut Report<'_>) {
    let files = k3s.files.keys().map(|path| (child("k3s.files", path), path));
    let secrets = k3s.secret_files.keys().map(|path| (child("k3s.secret_files", path), path));
    let volumes = k3s.volume.iter().map(|volume| ("k3s.volume".to_owned(), &volume.path));
    let all: Vec<_> = files.chain(secrets).chain(volumes).collect();
    for (index, (key, path)) in all.iter().enumerate() {
        if let Some(taken) = TAKEN.iter().find(|taken| is_within(path, taken)) {
            report(&[key], &|_| {
                format!(
                    "{} is in {taken}, which the pod has already; choose another path",
                    quoted(path)
                )
            });
        }
        if let Some((other, _)) = all[..index].iter().find(|(_, other)| *other == *path) {
            report(&[key, other], &|_| {
                format!("{} is there twice; each path is one thing", quoted(path))
            });
        }
    }
    let mut keys = BTreeMap::new();
    for path in k3s.files.keys() {
        let key = path.trim_start_matches('/').replace('/', ".");
        if let Some(other) = keys.insert(key, path) {
            report(&[&child("k3s.files", path), &child("k3s.files", other)], &|_| {
                format!(
                    "{} and {} differ by / and . alone; name one of them otherwise",
                    quoted(path),
                    quoted(other)
                )
            });
        }
    }
}

fn volumes(k3s: &K3s, report: &mut Report<'_>) {
    let mut names = BTreeSet::new();
    for volume in &k3s.volume {
        if !names.insert(&volume.name) {
            report(&["k3s.volume"], &|_| {
                format!("{} is the name of two volumes", quoted(&volume.name))
            });
        }
        if volume.access == Access::Single && (k3s.replicas > 1 || k3s.max_replicas.is_some()) {
            report(&["k3s.volume", "k3s.replicas", "k3s.max_replicas"], &|_| {
                format!(
                    "the volume {} is for one pod at a time; set replicas = 1 without max_replicas, or access = \"shared\"",
                    quoted(&volume.name)
                )
            });
        }
    }
}

fn ports(k3s: &K3s, report: &mut Report<'_>) {
    let mut names = BTreeSet::from(["http", "admin"]);
    let mut numbers = BTreeSet::from([(80, crate::Protocol::Tcp as u8)]);
    for port in &k3s.extra_port {
        if !names.insert(&port.name) {
            report(&["k3s.extra_port"], &|_| {
                format!(
                    "{} is the name of another port; http and admin are the service's own",
                    quoted(&port.name)
                )
            });
        }
        let number = port.port.unwrap_or(port.target);
        if !numbers.insert((number, port.protocol as u8)) {
            report(&["k3s.extra_port"], &|_| {
                format!("the Service has two ports {number}; 80 leads to the service already")
            });
        }
    }
}

fn scheduling(k3s: &K3s, report: &mut Report<'_>) {
    if k3s.toleration.iter().any(|it| it.key.is_none() && it.value.is_some()) {
        report(&["k3s.toleration"], &|_| {
            "a toleration with a value names the taint's key too".into()
        });
    }
    if k3s.service_account.is_some() && !k3s.service_account_annotations.is_empty() {
        report(&["k3s.service_account", "k3s.service_account_annotations"], &|_| {
            "the ServiceAccount is made by others, who annotate it too; one of the two keys goes"
                .into()
        });
    }
    for (key, given) in
        [("target_memory", k3s.target_memory.is_some()), ("metric", !k3s.metric.is_empty())]
    {
        if given && k3s.max_replicas.is_none() {
            report(&[&child("k3s", key), "k3s.max_replicas"], &|_| {
                format!("{key} is for an autoscaler, which there is with max_replicas alone")
            });
        }
    }
    metrics(k3s, report);
    for name in k3s.pod_labels.keys().filter(|name| k3s.labels.contains_key(*name)) {
        report(&[&child("k3s.pod_labels", name), &child("k3s.labels", name)], &|_| {
            "the label is in k3s.labels and in k3s.pod_labels; keep one of the two".into()
        });
    }
}

/// As autoscaling/v2 takes them: a metric of the pods has a value for each pod alone.
fn metrics(k3s: &K3s, report: &mut Report<'_>) {
    for metric in &k3s.metric {
        let name = quoted(&metric.name);
        match (&metric.per_pod, &metric.total) {
            (None, None) => report(&["k3s.metric"], &|_| {
                format!("{name} has no value to aim for; give per_pod, such as per_pod = \"100\"")
            }),
            (Some(_), Some(_)) => report(&["k3s.metric"], &|_| {
                format!("{name} has per_pod and total; one of them goes")
            }),
            (None, Some(_)) if metric.source == MetricSource::Pods => {
                report(&["k3s.metric"], &|_| {
                    format!(
                        "{name} is a metric of the pods, which has a value for each; give per_pod, or source = \"external\""
                    )
                });
            }
            _ => {}
        }
    }
}
