//! The jobs of a revision: run once each, before or after its pods.
//!
//! A release has a job as it has any other object, and no object of that name is ever made: each revision makes one with its
//! number at the end. By that name a run that was killed finds again what it has started, and starts nothing twice.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::core::subresource::LogParams;
use serde_json::{Value, json};

use crate::api::{ApiServer, Apply, CallError};
use crate::deploy::run::{Run, Stopped};
use crate::deploy::{inventory, objects};
use crate::event::{self, Action, DeployEvent, Sink};
use crate::history::{Owned, Revision};
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::render::{AFTER, WHEN};
use crate::rollout::Failure;

/// The label with the number of the revision that a job runs for.
const NUMBER: &str = "skyward.dev/job-of";

/// The time between two looks at a job.
const PAUSE: Duration = Duration::from_millis(500);

/// Seconds for which a container may be unable to start: a node tries again by itself.
const STUCK_S: i64 = 5;

/// The lines of a job's log that are shown.
const LINES: i64 = 100;

/// The moment of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    After,
}

/// Returns true for a job that is run at that moment.
pub(super) fn runs(manifest: &Manifest, moment: Moment) -> bool {
    let is_after = manifest.object["metadata"]["annotations"][WHEN] == AFTER;
    manifest.id.kind == Kind::Job && is_after == (moment == Moment::After)
}

/// The identity of a job of the revision of this number; any other object's own.
pub(super) fn id_in(id: &ObjectId, number: u32) -> ObjectId {
    match id.kind {
        Kind::Job => ObjectId { name: format!("{}-{number}", id.name), ..id.clone() },
        _ => id.clone(),
    }
}

/// Returns true for a job of the revision of this number, by its name.
pub(super) fn is_of(id: &ObjectId, manifests: &[Manifest], number: u32) -> bool {
    id.kind == Kind::Job
        && manifests.iter().any(|it| it.id.kind == Kind::Job && id_in(&it.id, number) == *id)
}

/// The job of a release as a revision runs it.
pub(super) fn of_revision(manifest: &Manifest, number: u32) -> Manifest {
    let id = id_in(&manifest.id, number);
    let mut object = manifest.object.clone();
    object["metadata"]["name"] = json!(id.name);
    object["metadata"]["labels"][NUMBER] = json!(number.to_string());
    Manifest { id, object }
}

impl Run<'_> {
    /// Runs the revision's jobs of this moment, one after the other. One that an interrupted run has started is followed, and not
    /// started again.
    pub(super) async fn jobs(
        &self,
        revision: &mut Revision,
        moment: Moment,
        sink: &Sink<'_>,
    ) -> Result<(), Stopped> {
        if !self.desired.runs_jobs {
            return Ok(());
        }
        let jobs: Vec<_> = revision
            .manifests
            .iter()
            .filter(|it| runs(it, moment))
            .map(|it| of_revision(it, revision.number))
            .collect();
        if !jobs.is_empty() && moment == Moment::Before {
            self.end_earlier(revision).await?;
        }
        for job in jobs {
            let live = match self.api.get(&job.id).await? {
                Some(live) if !inventory::bears_our_labels(&live, &self.desired.release) => {
                    let reason = format!(
                        "{}: it is there, and belongs to {}",
                        job.id,
                        inventory::owner(&live)
                    );
                    let next = "delete it, or give the job another name".to_owned();
                    return Err(Stopped::Rollout(Box::new(Failure {
                        reason,
                        next,
                        ..Failure::default()
                    })));
                }
                Some(live) => live,
                None => self.api.apply(&job, Apply::default()).await?,
            };
            inventory::record(&mut revision.inventory, &job.id, inventory::uid(&live));
            self.history.put(revision).await?;
            sink.emit(event::object(&job.id, Action::Created));
            self.follow_job(&job.id, inventory::uid(&live), moment, sink).await?;
        }
        Ok(())
    }

    /// Ends what jobs of earlier revisions still do, and waits until it is over: two migrations at the same time are one too many.
    async fn end_earlier(&self, revision: &mut Revision) -> Result<(), CallError> {
        let earlier: Vec<Owned> = revision
            .inventory
            .iter()
            .filter(|it| {
                it.id.kind == Kind::Job && !is_of(&it.id, &revision.manifests, revision.number)
            })
            .cloned()
            .collect();
        for owned in &earlier {
            self.api.delete(&owned.id, &owned.uid).await?;
        }
        for owned in &earlier {
            objects::gone(self.api, &owned.id, Some(&owned.uid), self.ends, |_| {}).await?;
            revision.inventory.retain(|it| it.id != owned.id);
        }
        Ok(())
    }

    /// Waits until a job is done, and shows its log.
    async fn follow_job(
        &self,
        id: &ObjectId,
        uid: &str,
        moment: Moment,
        sink: &Sink<'_>,
    ) -> Result<(), Stopped> {
        let begun = Instant::now();
        let mut told = String::new();
        let mut stuck_since = None;
        loop {
            let job = self.api.get(id).await?.filter(|live| inventory::uid(live) == uid);
            let pods = pods(self.api, id).await?;
            let state = match job.as_ref().map(ended) {
                None => Some(Err("someone deleted it".to_owned())),
                Some(Some(end)) => Some(end),
                Some(None) if Instant::now() >= self.ends => {
                    Some(Err(format!("it is not done after {} s", begun.elapsed().as_secs())))
                }
                Some(None) => stuck(&pods, &mut stuck_since, Timestamp::now()).map(Err),
            };
            match state {
                Some(Ok(())) => {
                    self.show_log(id, &pods, sink).await;
                    sink.emit(event::done(id.to_string(), "run", "done".into(), begun.elapsed()));
                    return Ok(());
                }
                Some(Err(reason)) => {
                    let log = log(self.api, id, &pods).await;
                    return Err(Stopped::Rollout(Box::new(failure(
                        id, &reason, moment, &pods, log,
                    ))));
                }
                None => {
                    let now = progress(&pods);
                    if now != told {
                        told.clone_from(&now);
                        let left = self.ends.saturating_duration_since(Instant::now());
                        sink.emit(event::waiting(id.to_string(), now, left));
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn show_log(&self, id: &ObjectId, pods: &[Pod], sink: &Sink<'_>) {
        let lines = log(self.api, id, pods).await;
        if !lines.is_empty() {
            sink.emit(DeployEvent::Log { id: id.clone(), lines }.into());
        }
    }
}

/// The end of a job; none while it runs.
fn ended(job: &Value) -> Option<Result<(), String>> {
    let job: Job = serde_json::from_value(job.clone()).unwrap_or_default();
    let conditions = job.status.unwrap_or_default().conditions.unwrap_or_default();
    let is = |kind: &str| conditions.iter().find(|it| it.type_ == kind && it.status == "True");
    if is("Complete").is_some() {
        return Some(Ok(()));
    }
    // The controller says so first, and ends the pods then.
    is("Failed").or_else(|| is("FailureTarget")).map(|failed| {
        let reason = failed.reason.as_deref().unwrap_or_default();
        let message = failed.message.as_deref().unwrap_or("the cluster gives no reason");
        Err(match reason {
            "DeadlineExceeded" => "it took longer than its timeout_s".to_owned(),
            "BackoffLimitExceeded" => "it failed".to_owned(),
            _ => message.to_owned(),
        })
    })
}

async fn pods(api: &ApiServer, id: &ObjectId) -> Result<Vec<Pod>, CallError> {
    let labels = format!("batch.kubernetes.io/job-name={}", id.name);
    let mut pods: Vec<Pod> = api.list(id.namespace.as_deref(), &labels).await?;
    pods.sort_by_key(|pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0));
    Ok(pods)
}

fn statuses(pods: &[Pod]) -> impl Iterator<Item = &ContainerStatus> {
    let statuses = pods.iter().filter_map(|pod| pod.status.as_ref()?.container_statuses.as_ref());
    statuses.flatten()
}

/// The reason why a container cannot start, once that lasts.
fn stuck(pods: &[Pod], since: &mut Option<Timestamp>, now: Timestamp) -> Option<String> {
    const REASONS: [&str; 8] = [
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "StartError",
    ];
    let waiting = statuses(pods).find_map(|status| {
        let waiting = status.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting.reason.as_deref().filter(|reason| REASONS.contains(reason))?;
        Some(format!("{reason}: {}", waiting.message.as_deref().unwrap_or_default()))
    });
    let Some(reason) = waiting else {
        *since = None;
        return None;
    };
    let first = *since.get_or_insert(now);
    (now.as_second() - first.as_second() >= STUCK_S).then_some(reason)
}

fn progress(pods: &[Pod]) -> String {
    let Some(pod) = pods.last() else { return "waits for its pod".to_owned() };
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let state = statuses(std::slice::from_ref(pod)).find_map(|status| status.state.as_ref());
    let waiting = state.and_then(|state| state.waiting.as_ref()?.reason.clone());
    let tries = if pods.len() > 1 { format!(", try {}", pods.len()) } else { String::new() };
    match (waiting, state.is_some_and(|state| state.running.is_some())) {
        (Some(reason), _) => format!("{name}: {reason}{tries}"),
        (None, true) => format!("{name} runs{tries}"),
        (None, false) if state.is_some_and(|state| state.terminated.is_some()) => {
            format!("{name} has ended{tries}")
        }
        (None, false) => format!("{name} is starting{tries}"),
    }
}

/// The end of the log of the job's newest pod that has one.
async fn log(api: &ApiServer, id: &ObjectId, pods: &[Pod]) -> Vec<String> {
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let parameters = LogParams { tail_lines: Some(LINES), ..LogParams::default() };
    for pod in pods.iter().rev() {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let Ok(mut stream) = api.open_log(namespace, name, &parameters).await else { continue };
        let mut lines = Vec::new();
        while let Ok(Some(line)) = stream.line().await {
            lines.push(line);
        }
        return lines;
    }
    Vec::new()
}

fn failure(id: &ObjectId, reason: &str, moment: Moment, pods: &[Pod], log: Vec<String>) -> Failure {
    let pod = pods.last();
    let code =
        statuses(pods).filter_map(|status| status.state.as_ref()?.terminated.as_ref()).last();
    let code = code.map(|it| format!(" with exit code {}", it.exit_code)).unwrap_or_default();
    let changed = if moment == Moment::Before { "; no pod was changed" } else { "" };
    Failure {
        reason: format!("{id}: {reason}{code}{changed}"),
        next: "correct what its log says, and run this again".to_owned(),
        pod: pod.and_then(|pod| pod.metadata.name.clone()),
        log,
        ..Failure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_end_is_told_by_its_conditions() {
        let of = |conditions: Value| ended(&json!({"status": {"conditions": conditions}}));
        assert_eq!(ended(&json!({})), None);
        assert_eq!(of(json!([{"type": "Complete", "status": "False"}])), None);
        assert_eq!(of(json!([{"type": "Complete", "status": "True"}])), Some(Ok(())));
        let failed =
            |reason: &str| of(json!([{"type": "Failed", "status": "True", "reason": reason}]));
        assert_eq!(failed("BackoffLimitExceeded"), Some(Err("it failed".to_owned())));
        assert_eq!(
            failed("DeadlineExceeded"),
            Some(Err("it took longer than its timeout_s".to_owned()))
        );
    }

    #[test]
    fn what_cannot_start_is_given_a_moment() {
        let pod: Pod = serde_json::from_value(
            json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [
                {"name": "a", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                 "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}
            ]}}),
        )
        .expect("a pod");
        let pods = [pod];
        let at = |second| Timestamp::from_second(second).expect("a time");
        let mut since = None;
        assert_eq!(stuck(&pods, &mut since, at(100)), None);
        assert_eq!(stuck(&pods, &mut since, at(104)), None);
        assert_eq!(
            stuck(&pods, &mut since, at(105)).as_deref(),
            Some("ImagePullBackOff: not found")
        );
        assert_eq!(stuck(&[], &mut since, at(106)), None);
        assert_eq!(since, None);
    }
}
