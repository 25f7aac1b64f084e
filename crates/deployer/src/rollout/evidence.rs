//! The evidence on a failing pod, collected before anything is rolled back.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::ListParams;

use super::snapshot::{Snapshot, containers, last_seen, name, uid};
use super::wording::{concise, one_line, printable, shorten};
use super::{DeploymentRef, Failure};
use crate::api::{ApiServer, Verb};

/// Lines of each log.
const LINES: usize = 20;

/// Characters of each line of a log.
const LINE_LENGTH: usize = 500;

/// Events that are shown.
const EVENTS: usize = 12;

/// The time to wait for each piece of evidence: it explains the failure and must not delay it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Adds events and logs to the failure. What cannot be had is left out.
pub(super) async fn collect(
    api: &ApiServer,
    target: &DeploymentRef,
    seen: &Snapshot,
    failure: &mut Failure,
) {
    let pod = failure
        .pod
        .as_deref()
        .and_then(|wanted| seen.pods.iter().find(|pod| name(&pod.metadata) == wanted));
    let Some(pod) = pod else {
        // Refused pods have no events; those of their ReplicaSet and Deployment tell of them.
        let set = seen.newest().map(|set| uid(&set.metadata).to_owned());
        for uid in [Some(target.uid.clone()), set].into_iter().flatten() {
            failure.events.extend(events(api, target, &uid).await.unwrap_or_default());
        }
        return;
    };
    let listed = events(api, target, uid(&pod.metadata)).await;
    // What was seen on the way, where the list is refused or the pod's events are gone.
    failure.events =
        listed.filter(|events| !events.is_empty()).unwrap_or_else(|| summary(&seen.events_of(pod)));
    let Some(status) = container(pod, failure.container.as_deref()) else { return };
    failure.container.get_or_insert_with(|| status.name.clone());
    if has_run(status) {
        let logs = [false, true].map(|previous| log(api, target, pod, status, previous));
        let [current, previous] = logs;
        let (current, previous) = tokio::join!(current, previous);
        failure.log = current;
        // A container that waits to be started again has no log of its own: both are the last one's.
        if previous != failure.log {
            failure.previous_log = previous;
        }
    }
}

/// The container of that name, else the first.
fn container<'p>(pod: &'p Pod, wanted: Option<&str>) -> Option<&'p ContainerStatus> {
    let named = wanted.and_then(|wanted| containers(pod).find(|status| status.name == wanted));
    named.or_else(|| containers(pod).next())
}

fn has_run(status: &ContainerStatus) -> bool {
    let ran = |state: Option<&k8s_openapi::api::core::v1::ContainerState>| {
        state.is_some_and(|state| state.running.is_some() || state.terminated.is_some())
    };
    ran(status.state.as_ref()) || ran(status.last_state.as_ref())
}

async fn events(api: &ApiServer, target: &DeploymentRef, uid: &str) -> Option<Vec<String>> {
    let events: Api<Event> = Api::namespaced(api.client(), &target.namespace);
    let parameters = ListParams::default().fields(&format!("involvedObject.uid={uid}")).limit(200);
    let list = api.call(Verb::List, "events", || events.list(&parameters));
    let list = tokio::time::timeout(PATIENCE, list).await.ok()?.ok()?;
    let mut events: Vec<&Event> = list.items.iter().collect();
    // Many fall into one second; the API server's own count says which came later.
    let version = |event: &Event| event.metadata.resource_version.as_ref()?.parse::<u64>().ok();
    events.sort_by_key(|event| (last_seen(event).map(Timestamp::as_second), version(event)));
    Some(summary(&events))
}

/// One line for each thing that was said, with how often, in the order in which it was said last.
fn summary(events: &[&Event]) -> Vec<String> {
    let mut said: Vec<(String, i32)> = Vec::new();
    for event in events {
        let text = |text: &Option<String>| one_line(text.as_deref().unwrap_or_default());
        let message = concise(event.message.as_deref().unwrap_or_default());
        let line = format!("{} {}: {message}", text(&event.type_), text(&event.reason));
        let series = event.series.as_ref().and_then(|series| series.count);
        let mut count = series.or(event.count).unwrap_or(1).max(1);
        if let Some(earlier) = said.iter().position(|(other, _)| *other == line) {
            count += said.remove(earlier).1;
        }
        said.push((line, count));
    }
    let surplus = said.len().saturating_sub(EVENTS);
    let lines = said.into_iter().skip(surplus);
    lines.map(|(line, count)| if count > 1 { format!("{line} ({count}×)") } else { line }).collect()
}

async fn log(
    api: &ApiServer,
    target: &DeploymentRef,
    pod: &Pod,
    status: &ContainerStatus,
    previous: bool,
) -> Vec<String> {
    if previous && status.restart_count == 0 {
        return Vec::new();
    }
    let lines = i64::try_from(LINES).unwrap_or(i64::MAX);
    let pod = name(&pod.metadata);
    let log = api.log(&target.namespace, pod, &status.name, previous, lines);
    match tokio::time::timeout(PATIENCE, log).await {
        Ok(Ok(text)) => end_of(&text),
        _ => Vec::new(),
    }
}

/// The last lines, without what would steer the terminal, each of bounded length.
fn end_of(log: &str) -> Vec<String> {
    // The kubelet answers so, as a log, where the container's files are gone already.
    let is_log = |line: &&str| !line.starts_with("unable to retrieve container logs for ");
    let lines: Vec<&str> = log.lines().filter(is_log).collect();
    let first = lines.len().saturating_sub(LINES);
    lines[first..]
        .iter()
        .map(|line| {
            let line: String =
                line.chars().map(|c| if c == '\t' { ' ' } else { printable(c) }).collect();
            shorten(&line, LINE_LENGTH)
        })
        .collect()
}
