//! Pushing to a registry that is busy, wrong or gone: bounded, and with errors that say what is.

use std::time::Duration;

use crate::support::fake::{Act, Fake, Reply};
use crate::support::image::MemoryImage;
use crate::support::{chain, push, push_with, retry, settings};

const MIB: usize = 1 << 20;

#[test]
fn retry_after_is_waited_for_in_seconds_and_as_a_date() {
    for asked in ["7", "Tue, 14 Nov 2023 22:13:27 GMT"] {
        let fake = Fake::start(move |number, _| {
            if number == 3 {
                Act::Answer(Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", asked))
            } else {
                Act::Pass
            }
        });
        let image = MemoryImage::single(1, &[100]);
        let (settings, clock, recorder) = settings();
        push_with(&image, &[fake.reference("web:1")], settings).expect("a push");
        assert_eq!(clock.slept(), Duration::from_secs(7));
        assert!(
            matches!(&recorder.events()[..], [.., _] if recorder.events().iter().any(|event| retry(event).is_some_and(|(_, reason)| reason.contains("429"))))
        );
    }
}

#[test]
fn a_registry_that_stays_busy_is_given_up_within_the_bounds() {
    let fake = Fake::start(|_, _| Act::Answer(Reply::error(503, "UNAVAILABLE")));
    let image = MemoryImage::single(1, &[100]);
    let (settings, clock, _) = settings();
    let error =
        push_with(&image, &[fake.reference("web:1")], settings.clone()).expect_err("no answer");
    assert!(
        chain(&error).contains("gave up: tried 6 times: looking for blob"),
        "{}",
        chain(&error)
    );
    assert!(chain(&error).ends_with("the registry answers 503"), "{}", chain(&error));
    assert_eq!(fake.log().len(), 6);
    assert!(clock.slept() < Duration::from_secs(20));
    let hour = Fake::start(|_, _| {
        Act::Answer(Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", 3600))
    });
    let error =
        push_with(&image, &[hour.reference("web:1")], settings).expect_err("an hour is too long");
    assert!(chain(&error).contains("asks to wait 3600 s"), "{}", chain(&error));
    assert_eq!(hour.log().len(), 1);
}

#[test]
fn a_server_that_hangs_is_left() {
    let fake = Fake::start(
        |number, _| if number == 2 { Act::Hang(Duration::from_secs(3)) } else { Act::Pass },
    );
    let image = MemoryImage::single(1, &[100]);
    let (mut settings, _, recorder) = settings();
    settings.timeouts.answer = Duration::from_millis(200);
    settings.timeouts.stall = Duration::from_millis(200);
    push_with(&image, &[fake.reference("web:1")], settings).expect("a push");
    assert!(
        recorder
            .events()
            .iter()
            .any(|event| retry(event)
                .is_some_and(|(_, reason)| reason.contains("no answer in time")))
    );
}

/// Method, path, what happens to the answer, what the error says.
type Case = (&'static str, &'static str, fn(Reply) -> Reply, &'static str);

#[test]
fn answers_that_are_wrong_are_errors_that_say_so() {
    let lie = |reply: Reply| {
        reply
            .without("Docker-Content-Digest")
            .with("Docker-Content-Digest", format!("sha256:{}", "0".repeat(64)))
    };
    let cases: [Case; 4] = [
        ("POST", "/uploads/", |reply| reply.without("Location"), "names no Location"),
        ("PUT", "/uploads/", lie, "as the registry stored it: the digest is sha256:000"),
        ("PUT", "/manifests/sha256:", lie, "as the registry stored it"),
        ("PUT", "/manifests/1", lie, "the tag"),
    ];
    for (method, part, change, expected) in cases {
        let fake =
            Fake::start(
                move |_, request| {
                    if request.is(method, part) { Act::Change(change) } else { Act::Pass }
                },
            );
        let image = MemoryImage::single(1, &[100]);
        let error =
            push_with(&image, &[fake.reference("web:1")], settings().0).expect_err(expected);
        assert!(chain(&error).contains(expected), "{method} {part}: {}", chain(&error));
    }
}

#[test]
fn a_tag_that_fails_says_which_are_set() {
    let fake = Fake::start(|_, request| {
        if request.is("PUT", "/manifests/2") {
            Act::Answer(Reply::error(405, "UNSUPPORTED"))
        } else {
            Act::Pass
        }
    });
    let image = MemoryImage::single(1, &[100]);
    let to = ["web:1", "web:2", "web:3"].map(|tag| fake.reference(tag));
    let error = push_with(&image, &to, settings().0).expect_err("an immutable tag");
    assert_eq!(error.tags_set, [fake.reference("web:1")]);
    assert_eq!(error.tags_left.len(), 2);
    assert_eq!(fake.state.lock().unwrap().tags(), ["1".to_owned()].into());
}

#[test]
fn many_blobs_go_in_parallel_and_the_first_failure_ends_all() {
    let fake = Fake::plain();
    let image = MemoryImage::single(1, &[3000; 40]);
    let to = [fake.reference("web:1")];
    let mut several = push(&image, &to, settings().0);
    several.jobs = 8;
    assert_eq!(several.run().expect("a push").uploaded, 41);
    let denied =
        Fake::start(
            |number, _| {
                if number > 20 { Act::Answer(Reply::error(403, "DENIED")) } else { Act::Pass }
            },
        );
    let to = [denied.reference("web:1")];
    let mut several = push(&image, &to, settings().0);
    several.jobs = 8;
    let error = several.run().expect_err("denied");
    assert!(chain(&error).contains("denies it"), "{}", chain(&error));
    assert!(denied.log().len() < 40, "{} requests", denied.log().len());
}

#[test]
fn a_damaged_image_is_never_tagged_nor_its_blob_completed() {
    for size in [100, 9 * MIB] {
        let fake = Fake::plain();
        let image = MemoryImage::single(1, &[size, 50]).damaged();
        let error = push_with(&image, &[fake.reference("web:1")], settings().0)
            .expect_err("a damaged blob");
        assert!(
            chain(&error).contains("no tag was set") && chain(&error).contains("damaged"),
            "{}",
            chain(&error)
        );
        let state = fake.state.lock().unwrap();
        assert!(state.tags().is_empty() && state.manifests.is_empty());
        assert_eq!(
            state.count("PUT", "/uploads/"),
            0,
            "the largest blob goes first, and is not completed"
        );
    }
}

#[test]
fn a_fault_behind_bytes_that_are_sent_again_is_given_up() {
    // Only the first chunk is ever taken, and no upload can be resumed.
    let fake = Fake::start(|_, request| match request.method.as_str() {
        "PATCH"
            if !request.header("content-range").is_some_and(|range| range.starts_with("0-")) =>
        {
            Act::Cut
        }
        "GET" if request.path.contains("/uploads/") => Act::Answer(Reply::error(404, "UNKNOWN")),
        _ => Act::Pass,
    });
    let image = MemoryImage::single(1, &[2500]);
    let (mut settings, clock, _) = settings();
    settings.chunk = 1000;
    let error = push_with(&image, &[fake.reference("web:1")], settings).expect_err("no progress");
    assert!(chain(&error).contains("tried 6 times"), "{}", chain(&error));
    assert!(clock.slept() < Duration::from_secs(20), "{:?}", clock.slept());
}

#[test]
fn a_registry_that_cannot_be_reached_is_said_once_a_wait_and_soon_given_up() {
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let to = [format!("{}/web:1", closed.expect("a port that nobody listens on"))];
    let image = MemoryImage::single(1, &[100; 8]);
    let (settings, _, recorder) = settings();
    let mut several = push(&image, &to, settings);
    several.jobs = 4;
    let error = several.run().expect_err("nobody answers");
    let registry = to[0].trim_end_matches("/web:1");
    let reached = format!(
        "gave up: tried 3 times: reaching the registry at http://{registry}: Connection refused"
    );
    assert!(chain(&error).contains(&reached), "{}", chain(&error));
    assert!(chain(&error).contains("before anything was sent"), "{}", chain(&error));
    let lines: Vec<_> = recorder
        .events()
        .iter()
        .map(|event| retry(event).map(|(operation, reason)| format!("{operation}: {reason}")))
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let said = format!("the registry at http://{registry} cannot be reached: Connection refused");
    assert!(lines.iter().all(|line| line.starts_with(&said)), "{lines:?}");
}
