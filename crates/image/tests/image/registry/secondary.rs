//! What is secondary never decides over the image; and odd answers that are answers all the same.

use std::sync::{Arc, Mutex};

use serde_json::json;
use skyward_image::Event;
use skyward_image::registry::{Credentials, Push, RemoteImage, Settings};
use skyward_terminal::Calls;

use crate::support::fake::{Act, Fake, Reply};
use crate::support::image::MemoryImage;
use crate::support::{chain, push_with, settings};

fn image() -> MemoryImage {
    MemoryImage::single(1, &[100]).with_referrer()
}

fn warnings(events: &[Event]) -> Vec<String> {
    let warning = |event: &Event| match event {
        Event::Warning { text } => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(warning).collect()
}

#[test]
fn a_registry_that_takes_the_referrers_tag_for_the_image_gets_the_image() {
    for image in [image(), MemoryImage::several(1, &[100]).with_referrer()] {
        // As GitLab: `sha256-HEX` leads to the image itself.
        let (digest, body) = (image.digest(), image.bytes(&image.digest()).to_vec());
        let fallback = format!("/manifests/sha256-{}", &digest[7..]);
        let fake = Fake::start(move |_, request| {
            if request.is("GET", &fallback) {
                let reply = Reply::new(200).with("Docker-Content-Digest", &digest);
                return Act::Answer(reply.body(body.clone()));
            }
            Act::Pass
        });
        let (settings, _, recorder) = settings();
        let pushed = push_with(&image, &[fake.reference("web:1")], settings).expect("a push");
        assert_eq!(pushed.tags, [fake.reference("web:1")]);
        let warnings = warnings(&recorder.events());
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("resolves the tag to the image itself"), "{warnings:?}");
        assert_eq!(fake.state.lock().unwrap().tags(), ["1".to_owned()].into());
    }
}

#[test]
fn a_referrers_api_that_fails_is_none() {
    for status in [400, 401, 403, 405, 500] {
        let fake = Fake::start(move |_, request| {
            if request.is("GET", "/referrers/") {
                return Act::Answer(Reply::error(status, "UNKNOWN"));
            }
            Act::Pass
        });
        let image = image();
        for push in 1..=2 {
            let (settings, _, recorder) = settings();
            let pushed = push_with(&image, &[fake.reference("web:1")], settings)
                .unwrap_or_else(|error| panic!("{status}, push {push}: {}", chain(&error)));
            assert_eq!(pushed.tags.len(), 1);
            assert!(warnings(&recorder.events()).is_empty());
        }
        assert!(fake.state.lock().unwrap().count("GET", "/referrers/") <= 2, "{status}");
    }
}

#[test]
fn a_policy_against_artifacts_does_not_keep_the_image_out() {
    for part in ["/manifests/sha256:", "/manifests/sha256-"] {
        let image = image();
        let own = image.digest();
        let fake = Fake::start(move |_, request| {
            let refused = request.is("PUT", part) && !request.path.ends_with(&own);
            if refused { Act::Answer(Reply::error(403, "DENIED")) } else { Act::Pass }
        });
        let (settings, _, recorder) = settings();
        push_with(&image, &[fake.reference("web:1")], settings).expect("a push");
        assert!(fake.state.lock().unwrap().tags().contains("1"));
        let warnings = warnings(&recorder.events());
        assert!(warnings.len() == 1 && warnings[0].contains("DENIED"), "{warnings:?}");
    }
}

/// A registry that asks for a token, and a service that answers with `token`; how often that was asked.
fn push_with_token(token: &str) -> usize {
    let token = token.to_owned();
    let service = Fake::start(move |_, _| Act::Answer(Reply::new(200).body(token.as_str())));
    let realm = format!("Bearer realm=\"http://{}/token\"", service.address);
    let fake = Fake::start(move |_, request| match request.header("authorization") {
        Some("Bearer T") => Act::Pass,
        _ => Act::Answer(Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", &realm)),
    });
    let image = MemoryImage::single(1, &[100]);
    let references = vec![fake.reference("web:1").parse().expect("a reference")];
    let mut push = Push::new(&image, references, settings().0);
    push.credentials = Some(Credentials::anonymous());
    push.run().unwrap_or_else(|error| panic!("{}", chain(&error)));
    service.log().len()
}

#[test]
fn odd_answers_of_token_services_are_tokens() {
    for token in [
        r#"{"token":null,"access_token":"T"}"#,
        r#"{"token":"T","expires_in":"300"}"#,
        r#"{"token":"T","expires_in":300.0}"#,
        r#"{"token":"T","expires_in":-1}"#,
        r#"{"token":"T","expires_in":0}"#,
        r#"{"token":"T","expires_in":null}"#,
        r#"{"token":"T","expires_in":"soon"}"#,
    ] {
        assert_eq!(push_with_token(token), 1, "{token}");
    }
}

#[test]
fn a_repository_that_the_registry_does_not_make_is_named_with_the_next_step() {
    let fake = Fake::start(|_, request| {
        // As ECR: nothing of a repository that was not made before.
        let absent = Reply::error(404, "NAME_UNKNOWN");
        if request.method == "POST" { Act::Answer(absent) } else { Act::Pass }
    });
    let error = push_with(&image(), &[fake.reference("acme/web:1")], settings().0)
        .expect_err("no repository");
    assert!(chain(&error).contains("make the repository acme/web at the"), "{}", chain(&error));
}

#[test]
fn a_manifest_of_schema_1_is_named_as_too_old() {
    let old = json!({"schemaVersion": 1, "name": "web", "tag": "1", "fsLayers": [], "history": []});
    let fake = Fake::start(move |_, _| {
        let kind = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        Act::Answer(Reply::new(200).with("Content-Type", kind).body(old.to_string()))
    });
    let reference = fake.reference("web:1").parse().expect("a reference");
    let error = RemoteImage::open(&reference, Some(Credentials::anonymous()), settings().0);
    let error = error.err().expect("too old").to_string();
    assert!(error.contains("manifest of schema 1") && error.contains("too old"), "{error}");
}

#[test]
fn calls_name_each_request_and_no_secret() {
    let fake = Fake::start(|_, request| match request.header("authorization") {
        Some(_) => Act::Pass,
        None => Act::Answer(
            Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", "Basic realm=\"r\""),
        ),
    });
    let image = MemoryImage::single(1, &[100]);
    let (calls, told) = (Arc::new(Mutex::new(Vec::new())), settings().0);
    let taken = Arc::clone(&calls);
    let settings =
        Settings { calls: Calls::new(move |call| taken.lock().unwrap().push(call)), ..told };
    let references = vec![fake.reference("web:1").parse().expect("a reference")];
    let mut push = Push::new(&image, references, settings);
    push.credentials = Some(Credentials::basic("alice", "s3cret"));
    push.run().expect("a push");
    let calls = calls.lock().unwrap();
    assert_eq!(calls.len(), fake.log().len());
    assert_eq!(calls[0].peer, format!("registry {}", fake.address));
    assert_eq!((calls[0].status, calls[0].outcome.as_str()), (Some(401), "refused"));
    assert!(calls[0].operation.starts_with("HEAD /v2/web/blobs/sha256:"), "{calls:?}");
    let shown = format!("{calls:?}");
    assert!(!shown.contains("s3cret") && !shown.contains('?'), "{shown}");
}
