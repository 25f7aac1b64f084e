//! Pushing: what arrives, in which order, in which pieces.

use skyward_image::Event;
use skyward_image::registry::Action;

use crate::support::fake::{Act, Fake, Reply};
use crate::support::image::MemoryImage;
use crate::support::{push, push_with, retry, settings};

const MIB: usize = 1 << 20;

#[test]
fn all_parts_arrive_and_tags_come_last() {
    let fake = Fake::plain();
    let image = MemoryImage::several(1, &[100, 5 * MIB]).with_referrer().listed_twice();
    let to = [fake.reference("acme/web:1"), fake.reference("acme/web:latest")];
    let pushed = push_with(&image, &to, settings().0).expect("a push");
    assert_eq!(pushed.references, [fake.reference(&format!("acme/web@{}", image.digest()))]);
    assert_eq!(pushed.tags, to);
    // Two configurations and four layers, and the two blobs of the artifact.
    assert_eq!((pushed.uploaded, pushed.present), (8, 0));
    let state = fake.state.lock().unwrap();
    let puts: Vec<&str> = state
        .log
        .iter()
        .filter(|r| r.is("PUT", "/manifests/"))
        .map(|r| r.path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(puts[puts.len() - 2..], ["1", "latest"]);
    let fallback = format!("sha256-{}", &image.digest()[7..]);
    assert_eq!(puts[puts.len() - 3], fallback, "the list of referrers comes before the tags");
    let list: serde_json::Value =
        serde_json::from_slice(&state.manifests[&("acme/web".to_owned(), fallback)])
            .expect("an index");
    assert_eq!(list["manifests"][0]["artifactType"], "application/vnd.cyclonedx+json");
    assert_eq!(
        list["manifests"][0]["annotations"]["org.opencontainers.image.created"],
        "1970-01-01T00:00:00Z"
    );
}

#[test]
fn a_second_push_sends_nothing() {
    for referrers_api in [true, false] {
        let fake = Fake::plain();
        fake.state.lock().unwrap().referrers_api = referrers_api;
        let image = MemoryImage::several(1, &[100, 2000]).with_referrer();
        let to = [fake.reference("acme/web:1")];
        push_with(&image, &to, settings().0).expect("a first push");
        let before = fake.log().len();
        let pushed = push_with(&image, &to, settings().0).expect("a second push");
        assert_eq!((pushed.uploaded, pushed.uploaded_bytes, pushed.present), (0, 0, 8));
        let second = fake.log().split_off(before);
        assert!(
            second.iter().all(|request| matches!(request.method.as_str(), "HEAD" | "GET")),
            "{second:?}"
        );
    }
}

#[test]
fn a_registry_with_the_referrers_api_gets_no_tag_for_it() {
    let fake = Fake::plain();
    fake.state.lock().unwrap().referrers_api = true;
    let image = MemoryImage::single(1, &[100]).with_referrer();
    push_with(&image, &[fake.reference("web:1")], settings().0).expect("a push");
    assert_eq!(fake.state.lock().unwrap().tags(), ["1".to_owned()].into());
}

#[test]
fn blobs_are_mounted_from_a_repository_that_has_them() {
    let fake = Fake::plain();
    let image = MemoryImage::single(1, &[100, 5 * MIB]);
    let to = [fake.reference("a/web:1"), fake.reference("b/web:1")];
    let pushed = push_with(&image, &to, settings().0).expect("a push to two repositories");
    assert_eq!((pushed.uploaded, pushed.mounted), (3, 3));
    let third = [fake.reference("c/web:1")];
    let mut push = push(&image, &third, settings().0);
    push.mount_from = vec!["nobody/has".to_owned(), "a/web".to_owned()];
    let actions = push.dry_run().expect("a dry run");
    assert_eq!(actions[0].action, Action::Mount("a/web".to_owned()));
    let pushed = push.run().expect("a push with --mount-from");
    assert_eq!((pushed.uploaded, pushed.mounted), (0, 3));
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_would_happen() {
    let fake = Fake::plain();
    let old = MemoryImage::single(1, &[100]);
    push_with(&old, &[fake.reference("web:1")], settings().0).expect("a push");
    let before = fake.log().len();
    let image = MemoryImage::single(2, &[100, 200]);
    let to = [fake.reference("web:1"), fake.reference("web:2")];
    let intents = push(&image, &to, settings().0).dry_run().expect("a dry run");
    let actions: Vec<_> =
        intents.iter().map(|intent| (intent.kind, intent.action.clone())).collect();
    assert_eq!(
        actions,
        [
            ("blob", Action::Upload),
            ("blob", Action::Upload),
            ("blob", Action::Upload),
            ("manifest", Action::Upload),
            ("tag", Action::Move(old.digest())),
            ("tag", Action::Create),
        ]
    );
    assert!(fake.log().split_off(before).iter().all(|request| request.method == "HEAD"));
}

#[test]
fn no_request_is_4_mib_or_more() {
    let fake = Fake::start(|_, request| {
        let length =
            request.header("content-length").and_then(|length| length.parse::<usize>().ok());
        if length.unwrap_or(0) >= 4 * MIB {
            Act::Answer(Reply::error(416, "SIZE_INVALID"))
        } else {
            Act::Pass
        }
    });
    let image = MemoryImage::single(1, &[4 * MIB - 1, 4 * MIB, 13 * MIB]);
    let (settings, _, recorder) = settings();
    push_with(&image, &[fake.reference("web:1")], settings).expect("a push");
    let retries = recorder.events().iter().filter(|event| retry(event).is_some()).count();
    assert_eq!(retries, 0, "no request was refused");
    assert_eq!(fake.state.lock().unwrap().count("PATCH", "/uploads/"), 2 + 2 + 4);
}

#[test]
fn a_larger_minimum_of_the_registry_is_honoured() {
    let fake = Fake::start(|_, request| match request.method.as_str() {
        "POST" => Act::Change(|reply| reply.with("OCI-Chunk-Min-Length", 6 * MIB)),
        _ => Act::Pass,
    });
    let image = MemoryImage::single(1, &[13 * MIB]);
    push_with(&image, &[fake.reference("web:1")], settings().0).expect("a push");
    let log = fake.log();
    let sizes: Vec<usize> =
        log.iter().filter(|r| r.method == "PATCH").map(|r| r.body.len()).collect();
    assert_eq!(sizes, [6 * MIB, 6 * MIB, MIB]);
}

#[test]
fn a_broken_upload_goes_on_where_the_registry_says_it_stopped() {
    let mut patches = 0;
    let fake = Fake::start(move |_, request| {
        patches += usize::from(request.method == "PATCH");
        if request.method == "PATCH" && patches == 2 { Act::CutBody(MIB) } else { Act::Pass }
    });
    let image = MemoryImage::single(1, &[13 * MIB]);
    let (settings, _, recorder) = settings();
    push_with(&image, &[fake.reference("web:1")], settings).expect("a push");
    let resumed: Vec<_> = recorder
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Progress(step) if step.state == "resumed" => step.bytes_done,
            _ => None,
        })
        .collect();
    assert_eq!(resumed, [(4 * MIB - 64 * 1024 + MIB) as u64]);
    let state = fake.state.lock().unwrap();
    assert_eq!(state.count("POST", "/uploads/"), 2, "one upload for each of the two blobs");
}

#[test]
fn an_upload_that_may_not_go_on_begins_anew_as_a_new_one() {
    let mut broken = false;
    let fake = Fake::start(move |_, request| {
        // As ECR: after a fault, the old upload takes nothing any more.
        if request.method == "PATCH"
            && request.header("content-range").is_some_and(|range| !range.starts_with("0-"))
            && !broken
        {
            broken = true;
            return Act::Cut;
        }
        if broken && request.path.contains("/uploads/1?") {
            return Act::Answer(Reply::error(
                if request.method == "GET" { 404 } else { 400 },
                "BLOB_UPLOAD_INVALID",
            ));
        }
        Act::Pass
    });
    let image = MemoryImage::single(1, &[9 * MIB]);
    push_with(&image, &[fake.reference("web:1")], settings().0).expect("a push");
    assert_eq!(fake.state.lock().unwrap().count("POST", "/uploads/"), 3);
}

#[test]
fn a_registry_without_chunks_gets_the_blob_whole() {
    let fake = Fake::start(|_, request| {
        if request.method == "PATCH" {
            Act::Answer(Reply::error(405, "UNSUPPORTED"))
        } else {
            Act::Pass
        }
    });
    let image = MemoryImage::single(1, &[9 * MIB]);
    push_with(&image, &[fake.reference("web:1")], settings().0).expect("a push");
    let log = fake.log();
    assert!(
        log.iter().any(|request| request.is("PUT", "/uploads/") && request.body.len() == 9 * MIB)
    );
}
