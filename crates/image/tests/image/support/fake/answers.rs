//! The registry proper: distribution-spec's endpoints over what is in memory.

use serde_json::Value;
use skyward_image::digest;

use super::{Reply, Request, State};

/// What a registry answers.
pub(super) fn answer(request: &Request, state: &mut State) -> Reply {
    let path = request.path.split('?').next().unwrap_or("").trim_start_matches("/v2/").to_owned();
    if let Some((name, rest)) = path.split_once("/blobs/uploads/") {
        return upload(request, state, name, rest);
    }
    if let Some((name, digest)) = path.split_once("/blobs/") {
        let key = (name.to_owned(), digest.to_owned());
        return state
            .blobs
            .get(&key)
            .map_or_else(|| Reply::error(404, "BLOB_UNKNOWN"), |blob| ranged(request, blob));
    }
    if let Some((name, selector)) = path.split_once("/manifests/") {
        return manifest(request, state, name, selector);
    }
    if let Some((name, subject)) = path.split_once("/referrers/") {
        return referrers(state, name, subject);
    }
    Reply::error(404, "NAME_UNKNOWN")
}

fn ranged(request: &Request, blob: &[u8]) -> Reply {
    let from = request.header("range").and_then(|range| range.strip_prefix("bytes="));
    match from.and_then(|range| range.trim_end_matches('-').parse::<usize>().ok()) {
        Some(from) => Reply::new(206).body(&blob[from..]),
        None => Reply::new(200).body(blob),
    }
}

fn upload(request: &Request, state: &mut State, name: &str, session: &str) -> Reply {
    if request.method == "POST" {
        if let (Some(digest), Some(from)) = (request.query("mount"), request.query("from"))
            && let Some(blob) = state.blobs.get(&(from, digest.clone())).cloned()
        {
            state.blobs.insert((name.to_owned(), digest.clone()), blob);
            return Reply::new(201).with("Location", format!("/v2/{name}/blobs/{digest}"));
        }
        state.sessions += 1;
        let session = state.sessions.to_string();
        state.uploads.insert(session.clone(), Vec::new());
        return Reply::new(202)
            .with("Location", format!("/v2/{name}/blobs/uploads/{session}?state=0"));
    }
    let Some(have) = state.uploads.get_mut(session) else {
        return Reply::error(404, "BLOB_UPLOAD_UNKNOWN");
    };
    let location = format!("/v2/{name}/blobs/uploads/{session}?state=");
    let range = |have: &[u8]| format!("0-{}", have.len().saturating_sub(1));
    if request.method == "PATCH" {
        let start = request.header("content-range").and_then(|range| range.split_once('-'));
        if start.is_some_and(|(start, _)| start != have.len().to_string()) {
            return Reply::error(416, "RANGE_INVALID").with("Range", range(have));
        }
        have.extend_from_slice(&request.body);
        return Reply::new(202)
            .with("Location", location + &have.len().to_string())
            .with("Range", range(have));
    }
    if request.method == "GET" {
        return Reply::new(204).with("Location", location + "again").with("Range", range(have));
    }
    let mut blob = state.uploads.remove(session).unwrap_or_default();
    blob.extend_from_slice(&request.body);
    let found = digest::of(&blob).to_string();
    if request.query("digest").as_deref() != Some(found.as_str()) {
        return Reply::error(400, "DIGEST_INVALID");
    }
    state.blobs.insert((name.to_owned(), found.clone()), blob);
    Reply::new(201)
        .with("Location", format!("/v2/{name}/blobs/{found}"))
        .with("Docker-Content-Digest", found)
}

fn manifest(request: &Request, state: &mut State, name: &str, selector: &str) -> Reply {
    let key = |selector: &str| (name.to_owned(), selector.to_owned());
    if request.method != "PUT" {
        return match state.manifests.get(&key(selector)) {
            None => Reply::error(404, "MANIFEST_UNKNOWN"),
            Some(bytes) => {
                let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
                Reply::new(200)
                    .with("Content-Type", value["mediaType"].as_str().unwrap_or(""))
                    .with("Docker-Content-Digest", digest::of(bytes))
                    .body(bytes.clone())
            }
        };
    }
    let Ok(value) = serde_json::from_slice::<Value>(&request.body) else {
        return Reply::error(400, "MANIFEST_INVALID");
    };
    let digests = |list: &str| -> Vec<String> {
        let entries = value[list].as_array().into_iter().flatten();
        entries.filter_map(|entry| entry["digest"].as_str()).map(str::to_owned).collect()
    };
    let config = value["config"]["digest"].as_str().map(str::to_owned);
    let blobs_missing = digests("layers")
        .into_iter()
        .chain(config)
        .any(|digest| !state.blobs.contains_key(&key(&digest)));
    let children_missing =
        digests("manifests").iter().any(|digest| !state.manifests.contains_key(&key(digest)));
    if blobs_missing || children_missing {
        if !selector.contains(':') {
            state.broken_tags.push(selector.to_owned());
        }
        return Reply::error(404, "MANIFEST_BLOB_UNKNOWN");
    }
    let found = digest::of(&request.body).to_string();
    state.manifests.insert(key(selector), request.body.clone());
    state.manifests.insert(key(&found), request.body.clone());
    let mut reply = Reply::new(201).with("Docker-Content-Digest", found);
    if let Some(subject) = value["subject"]["digest"].as_str().filter(|_| state.referrers_api) {
        reply = reply.with("OCI-Subject", subject);
    }
    reply
}

fn referrers(state: &State, name: &str, subject: &str) -> Reply {
    if !state.referrers_api {
        return Reply::error(404, "NOT_FOUND");
    }
    let mut listed = Vec::new();
    for ((repository, selector), bytes) in &state.manifests {
        let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        if repository == name && selector.contains(':') && value["subject"]["digest"] == subject {
            listed.push(serde_json::json!({"mediaType": value["mediaType"], "digest": selector, "size": bytes.len()}));
        }
    }
    Reply::new(200).body(serde_json::json!({"schemaVersion": 2, "manifests": listed}).to_string())
}
