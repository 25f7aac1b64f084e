//! A fault at every single request of a push: it converges, and a tag never leads to less than a
//! whole image.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use skyward_image::registry::{
    Credentials, Policy, Push, PushError, Pushed, RemoteImage, Settings,
};

use crate::support::fake::{Act, Fake, Reply, Request};
use crate::support::image::{MemoryImage, read_all};
use crate::support::settings;

/// The ways in which a request can fail.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Cut,
    Lost,
    HalfBody,
    Busy,
    Limited,
}

const FAULTS: [Fault; 5] = [Fault::Cut, Fault::Lost, Fault::HalfBody, Fault::Busy, Fault::Limited];

impl Fault {
    fn act(self, request: &Request) -> Act {
        let length =
            request.header("content-length").and_then(|length| length.parse::<usize>().ok());
        match self {
            Self::Cut => Act::Cut,
            Self::Lost => Act::Lose,
            // Without a body it is a lost answer.
            Self::HalfBody => length.filter(|length| *length > 1).map_or(Act::Lose, |length| {
                match request.method.as_str() {
                    // A manifest that is cut is no JSON, and no registry takes it.
                    "PUT" if request.path.contains("/manifests/") => Act::Cut,
                    _ => Act::CutBody(length / 2),
                }
            }),
            Self::Busy => Act::Answer(Reply::error(500, "UNKNOWN")),
            Self::Limited => {
                Act::Answer(Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", 2))
            }
        }
    }
}

fn image() -> MemoryImage {
    MemoryImage::several(7, &[2500, 300]).with_referrer()
}

fn push(image: &MemoryImage, fake: &Fake, settings: Settings) -> Result<Pushed, PushError> {
    let references = ["1", "latest"]
        .map(|tag| fake.reference(&format!("acme/web:{tag}")).parse().expect("a reference"));
    let credentials = Some(Credentials::anonymous());
    // Three chunks for the largest layer.
    let settings = Settings { chunk: 1000, ..settings };
    Push {
        source: image,
        references: references.to_vec(),
        credentials,
        mount_from: Vec::new(),
        jobs: 1,
        settings,
    }
    .run()
}

/// Requests of a push without faults.
fn requests(image: &MemoryImage) -> usize {
    let fake = Fake::plain();
    push(image, &fake, settings().0).expect("a push without faults");
    fake.log().len()
}

/// Every tag leads to a whole image, whose parts are those that were pushed.
fn assert_tags_are_whole(image: &MemoryImage, fake: &Fake, case: &str) {
    let (broken, tags) = {
        let state = fake.state.lock().unwrap();
        (state.broken_tags.clone(), state.tags())
    };
    assert!(broken.is_empty(), "{case}: tags set too early: {broken:?}");
    for tag in tags.iter().filter(|tag| !tag.starts_with("sha256-")) {
        let reference = fake.reference(&format!("acme/web:{tag}")).parse().expect("a reference");
        let remote = RemoteImage::open(&reference, Some(Credentials::anonymous()), settings().0)
            .expect(case);
        assert_eq!(remote.digest().to_string(), image.digest(), "{case}");
        for (digest, bytes) in read_all(&remote).expect(case) {
            assert!(image.bytes(&digest) == bytes, "{case}: {digest}");
        }
    }
}

#[test]
fn one_fault_at_each_request_is_overcome_in_the_same_run() {
    let image = image();
    let count = requests(&image);
    assert!(count > 30, "{count} requests");
    for fault in FAULTS {
        for position in 0..count {
            let fake = Fake::start(
                move |number, request| {
                    if number == position { fault.act(request) } else { Act::Pass }
                },
            );
            let case = format!("{fault:?} at request {position}");
            let pushed = push(&image, &fake, settings().0)
                .unwrap_or_else(|error| panic!("{case}: {error}: {:?}", error.source));
            assert_eq!(pushed.tags.len(), 2, "{case}");
            assert_tags_are_whole(&image, &fake, &case);
        }
    }
}

#[test]
fn a_registry_that_dies_at_each_request_leaves_no_half_tagged_image_and_the_next_run_converges() {
    let image = image();
    let count = requests(&image);
    for fault in [Fault::Cut, Fault::Lost, Fault::HalfBody, Fault::Busy] {
        for position in 0..count {
            let alive = Arc::new(AtomicUsize::new(position));
            let until = Arc::clone(&alive);
            let fake = Fake::start(move |number, request| {
                if number >= until.load(Ordering::SeqCst) { fault.act(request) } else { Act::Pass }
            });
            let case = format!("{fault:?} from request {position} on");
            let (mut settings, _, _) = settings();
            settings.policy = Policy { attempts: 2, ..Policy::default() };
            let error = push(&image, &fake, settings.clone()).expect_err(&case);
            // What a lost answer set is set; what is said to be set is.
            let set: HashSet<String> = error
                .tags_set
                .iter()
                .map(|tag| tag.rsplit(':').next().unwrap().to_owned())
                .collect();
            let tags = fake.state.lock().unwrap().tags();
            assert!(set.is_subset(&tags), "{case}: {set:?} of {tags:?}");
            alive.store(usize::MAX, Ordering::SeqCst);
            assert_tags_are_whole(&image, &fake, &case);
            push(&image, &fake, settings)
                .unwrap_or_else(|error| panic!("{case}: {error}: {:?}", error.source));
            assert_eq!(fake.state.lock().unwrap().tags().len(), 3, "{case}");
            assert_tags_are_whole(&image, &fake, &case);
        }
    }
}
