//! The cluster's events about the release's objects.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event as Said;
use serde::Serialize;

use crate::api::{ApiServer, CallError};
use crate::history::Revision;
use crate::rollout::last_seen;

/// The letters of which Kubernetes makes the ends of names (apimachinery, `util/rand`).
const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";

/// Something that the cluster said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// When it was said last.
    pub last: Option<Timestamp>,
    /// The times that it was said.
    pub count: i32,
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub kind: String,
    /// In one word.
    pub reason: String,
    /// Of which object, such as `Pod web-7d9f-x2x4z`.
    pub object: String,
    /// In a sentence.
    pub message: String,
}

/// The events of the release's objects and of what controllers made of them, the newest last. The cluster keeps them for
/// about an hour.
///
/// # Errors
/// They may not be listed.
pub async fn events(
    api: &ApiServer,
    namespace: &str,
    release: &str,
    revisions: &[Revision],
) -> Result<Vec<Happened>, CallError> {
    let all: Vec<Said> = api.list(Some(namespace), "").await?;
    let names = names(release, revisions);
    let mut found: Vec<_> = all.iter().filter(|event| is_of(event, &names)).collect();
    // Many fall into one second; the API server's own count says which came later.
    let version = |event: &Said| event.metadata.resource_version.as_ref()?.parse::<u64>().ok();
    found.sort_by_key(|event| (last_seen(event).map(Timestamp::as_second), version(event)));
    Ok(found.into_iter().map(happened).collect())
}

/// The names of the objects that revisions have applied.
fn names(release: &str, revisions: &[Revision]) -> BTreeSet<String> {
    let applied = revisions.iter().flat_map(|revision| &revision.manifests);
    applied.map(|manifest| manifest.id.name.clone()).chain([release.to_owned()]).collect()
}

/// Returns true where the event is about an object of one of the names, or about one that a controller made of it: a
/// ReplicaSet, a Job or a pod, whose name goes on with one or two parts of Kubernetes' own letters.
fn is_of(event: &Said, names: &BTreeSet<String>) -> bool {
    let name = event.involved_object.name.as_deref().unwrap_or_default();
    let is_made = |part: &str| !part.is_empty() && part.chars().all(|it| LETTERS.contains(it));
    let is_of = |owner: &String| {
        let Some(rest) = name.strip_prefix(owner.as_str()) else { return false };
        let Some(rest) = rest.strip_prefix('-') else { return rest.is_empty() };
        let parts: Vec<_> = rest.split('-').collect();
        // Of a CronJob's Job the number of its minute.
        let is_number = |part: &str| !part.is_empty() && part.chars().all(|it| it.is_ascii_digit());
        match parts.as_slice() {
            [one] => is_made(one) || is_number(one),
            [one, two] => (is_made(one) || is_number(one)) && is_made(two) && two.len() == 5,
            _ => false,
        }
    };
    names.iter().any(is_of)
}

fn happened(event: &Said) -> Happened {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let object = &event.involved_object;
    let series = event.series.as_ref().and_then(|series| series.count);
    Happened {
        last: last_seen(event),
        count: series.or(event.count).unwrap_or(1).max(1),
        kind: text(&event.type_),
        reason: text(&event.reason),
        object: format!("{} {}", text(&object.kind), text(&object.name)),
        message: text(&event.message),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_events_are_those_of_the_release_and_of_what_was_made_of_it() {
        let names: BTreeSet<String> = ["web", "web-mailer"].map(str::to_owned).into();
        for (name, expected) in [
            ("web", true),
            ("web-7d9f8bc5", true),
            ("web-7d9f8bc5-x2x4z", true),
            ("web-mailer-7d9f8bc5-x2x4z", true),
            ("web-29384756-x2x4z", true),
            ("web-api", false),
            ("web-api-7d9f8bc5", false),
            ("web-api-7d9f8bc5-x2x4z", false),
            ("website", false),
            ("other", false),
        ] {
            let event: Said = serde_json::from_value(
                json!({"metadata": {}, "involvedObject": {"kind": "Pod", "name": name}}),
            )
            .expect("an event");
            assert_eq!(is_of(&event, &names), expected, "{name}");
        }
    }
}
