//! Whether everything is as if nothing had ever been disturbed.

use std::collections::BTreeMap;

use serde_json::Value;
use skyward_deployer::api::ApiServer;
use skyward_deployer::history::{History, Status};

use super::{Run, Scenario};
use crate::support::census::{self, Census, Item};
use crate::support::foreign;

/// The type of a Secret that holds a revision, or a piece of one.
const RECORDS: &str = "skyward.dev/";

/// What is wrong with the namespace of a run, beside that of the run without faults.
pub(super) async fn of(api: &ApiServer, run: &Run, census: &Census) -> Vec<String> {
    let mut wrong = foreign::touched(&run.planted, census, &run.namespace);
    wrong.extend(differences(&objects(census, &run.reference), &objects(census, &run.namespace)));
    wrong.extend(orphans(census, &run.namespace));
    wrong.extend(history(api, run, census).await);
    wrong.extend(jobs(census, &run.namespace));
    let Run { scenario, namespace, .. } = run;
    if let Some(image) = scenario.serves {
        wrong.extend(serving(census, namespace, image, 2, false));
        let (canary, pods) = scenario.canary.map_or(("", 0), |image| (image, 1));
        wrong.extend(serving(census, namespace, canary, pods, true));
    }
    wrong
}

/// The objects that stand by themselves, by name; without the history, which is as long as there were runs.
fn objects(census: &Census, namespace: &str) -> BTreeMap<String, Value> {
    let items = census.get(namespace).into_iter().flatten();
    let own_namespace =
        census[""].iter().filter(|item| item.name == format!("namespaces/{namespace}"));
    items
        .chain(own_namespace)
        .filter(|item| item.object.metadata.owner_references.is_none() && !is_record(item))
        .map(|item| match item.name.strip_prefix("jobs/") {
            // Its number is that of the revision, of which a run that was killed may have made one more.
            Some(job) => (
                format!("jobs/{}", job.trim_end_matches(|it: char| it.is_ascii_digit())),
                Value::Null,
            ),
            None => (item.name.replace(namespace, "NAMESPACE"), substance(item, namespace)),
        })
        .collect()
}

/// A Namespace has no namespace of its own to be read from.
fn substance(item: &Item, namespace: &str) -> Value {
    let text = item.substance().to_string().replace(namespace, "NAMESPACE");
    serde_json::from_str(&text).expect("JSON still")
}

fn is_record(item: &Item) -> bool {
    item.object.data["type"].as_str().is_some_and(|kind| kind.starts_with(RECORDS))
}

fn differences(expected: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) -> Vec<String> {
    let missing = expected
        .keys()
        .filter(|name| !found.contains_key(*name))
        .map(|name| format!("{name} is missing"));
    let others = found.iter().filter_map(|(name, value)| match expected.get(name) {
        None => Some(format!("{name} is left over")),
        // Certificates and tokens differ between any two namespaces.
        Some(wanted) if wanted != value && !name.starts_with("configmaps/kube-root") => {
            Some(format!("{name} is {value} and should be {wanted}"))
        }
        Some(_) => None,
    });
    missing.chain(others).collect()
}

/// Objects whose owner is gone.
fn orphans(census: &Census, namespace: &str) -> Vec<String> {
    let uids = census::uids(census);
    let items = census.get(namespace).into_iter().flatten();
    items
        .filter(|item| item.object.metadata.owner_references.is_some() && !item.is_owned(&uids))
        .map(|item| format!("{} has lost its owner", item.name))
        .collect()
}

/// The revisions: in order, none pending, each Secret one of them, the newest good one with the image that should serve.
async fn history(api: &ApiServer, run: &Run, census: &Census) -> Vec<String> {
    let revisions = match History::new(api, &run.namespace, "web").list().await {
        Ok(revisions) => revisions,
        Err(error) => return vec![error.to_string()],
    };
    let mut wrong = Vec::new();
    if revisions.windows(2).any(|pair| pair[0].number >= pair[1].number) {
        wrong.push("a revision is there twice".to_owned());
    }
    let pending = revisions.iter().filter(|revision| revision.status == Status::Pending);
    wrong.extend(pending.map(|revision| format!("revision {} is pending", revision.number)));
    let records =
        census.get(&run.namespace).into_iter().flatten().filter(|item| is_record(item)).count();
    if records != revisions.len() {
        wrong.push(format!("{records} Secrets hold {} revisions", revisions.len()));
    }
    let newest = revisions.last().map(|revision| (revision.status, revision.image.as_str()));
    let expected = match run.scenario {
        Scenario { canary: Some(image), .. } => Some((Status::Canary, image)),
        Scenario { serves, .. } => serves.map(|image| (Status::Deployed, image)),
    };
    if newest != expected {
        wrong.push(format!("the newest revision is {newest:?}"));
    }
    wrong
}

/// The jobs that were started more than once: each has one pod.
fn jobs(census: &Census, namespace: &str) -> Vec<String> {
    let items = census.get(namespace).map_or(&[][..], Vec::as_slice);
    let mut pods = BTreeMap::<&str, usize>::new();
    for item in items.iter().filter(|item| item.name.starts_with("pods/")) {
        let labels = item.object.metadata.labels.as_ref();
        if let Some(job) = labels.and_then(|it| it.get("batch.kubernetes.io/job-name")) {
            *pods.entry(job).or_default() += 1;
        }
    }
    let twice = pods.into_iter().filter(|(_, count)| *count > 1);
    twice.map(|(job, count)| format!("{job} was started {count} times")).collect()
}

/// Whether there are so many pods of the service, or of its canary, all of this image and ready.
fn serving(
    census: &Census,
    namespace: &str,
    image: &str,
    wanted: usize,
    is_canary: bool,
) -> Vec<String> {
    let items = census.get(namespace).map_or(&[][..], Vec::as_slice);
    let is_service = |item: &&Item| {
        let labels = item.object.metadata.labels.as_ref();
        item.name.starts_with("pods/")
            && labels.is_some_and(|it| {
                it.get("app.kubernetes.io/name").is_some_and(|it| it == "web")
                    && it.contains_key("skyward.dev/canary") == is_canary
            })
    };
    let pods: Vec<_> = items.iter().filter(is_service).collect();
    let serves = |item: &&Item| {
        let data = &item.object.data;
        data["spec"]["containers"][0]["image"] == image
            && data["status"]["containerStatuses"][0]["ready"] == true
    };
    let good = pods.iter().filter(|item| serves(item)).count();
    if good == wanted && pods.len() == wanted {
        return Vec::new();
    }
    vec![format!("{good} of {} pods serve {image}, and should be {wanted}", pods.len())]
}
