//! Reading an image from a registry whose transfers break, or which is not honest.

use skyward_image::registry::{Credentials, Push, RegistryError, RemoteImage, Settings};
use skyward_image::source::Source as _;

use crate::support::fake::{Act, Fake, Reply, Request};
use crate::support::image::{MemoryImage, read_all};
use crate::support::{retry, settings};

fn image() -> MemoryImage {
    MemoryImage::several(5, &[100_000, 300])
}

/// A registry that holds the image; the script sees the requests that come after the push.
fn holding(
    image: &MemoryImage,
    mut script: impl FnMut(usize, &Request) -> Act + Send + 'static,
) -> Fake {
    let (start, begun) = std::sync::mpsc::channel();
    let mut first = None;
    let fake = Fake::start(move |number, request| {
        if first.is_none() && begun.try_recv().is_ok() {
            first = Some(number);
        }
        first.map_or(Act::Pass, |first| script(number - first, request))
    });
    let references = vec![fake.reference("acme/web:1").parse().expect("a reference")];
    let credentials = Some(Credentials::anonymous());
    let push = Push {
        source: image,
        references,
        credentials,
        mount_from: Vec::new(),
        jobs: 1,
        settings: settings().0,
    };
    push.run().expect("a push");
    start.send(()).expect("the registry runs");
    fake
}

fn open(fake: &Fake, rest: &str, settings: Settings) -> Result<RemoteImage, RegistryError> {
    RemoteImage::open(
        &fake.reference(rest).parse().expect("a reference"),
        Some(Credentials::anonymous()),
        settings,
    )
}

#[test]
fn a_tag_and_a_digest_lead_to_all_parts() {
    let image = image();
    let fake = holding(&image, |_, _| Act::Pass);
    for rest in [
        "acme/web:1".to_owned(),
        format!("acme/web@{}", image.digest()),
        format!("acme/web:1@{}", image.digest()),
    ] {
        let remote = open(&fake, &rest, settings().0).expect("the image");
        assert_eq!(remote.digest().to_string(), image.digest());
        let parts = read_all(&remote).expect("all parts");
        assert_eq!(parts.len(), 8);
        assert!(parts.iter().all(|(digest, bytes)| image.bytes(digest) == bytes));
    }
    let single = MemoryImage::single(8, &[50]);
    let remote =
        open(&holding(&single, |_, _| Act::Pass), "acme/web:1", settings().0).expect("the image");
    let index = remote.index().expect("an index of one");
    assert_eq!(index.manifests()[0].digest().to_string(), single.digest());
}

#[test]
fn a_transfer_that_breaks_goes_on_where_it_broke_with_and_without_ranges() {
    let image = image();
    for ranges in [true, false] {
        let mut cuts = 0;
        let fake = holding(&image, move |_, request| {
            if !request.is("GET", "/blobs/") || cuts == 3 {
                return Act::Pass;
            }
            cuts += 1;
            match (ranges, cuts) {
                (true, _) => Act::Change(|reply| {
                    Reply { cut: Some(reply.body.len() / 3), ..reply }
                        .with("Accept-Ranges", "bytes")
                }),
                (false, _) => Act::Cut,
            }
        });
        let (settings, _, recorder) = settings();
        let remote = open(&fake, "acme/web:1", settings).expect("the image");
        for (digest, bytes) in read_all(&remote).expect("all parts") {
            assert!(image.bytes(&digest) == bytes, "{digest}");
        }
        let retries = recorder.events().iter().filter(|event| retry(event).is_some()).count();
        assert_eq!(retries, 3);
        let resumed = fake.log().iter().filter(|request| request.header("range").is_some()).count();
        assert_eq!(resumed > 0, ranges);
    }
}

#[test]
fn a_registry_that_knows_no_ranges_sends_it_again_from_the_beginning() {
    let image = image();
    let mut cut = false;
    let fake = holding(&image, move |_, request| {
        if !request.is("GET", "/blobs/") {
            return Act::Pass;
        }
        if request.header("range").is_some() {
            let digest = request.path.rsplit('/').next().expect("a digest");
            return Act::Answer(Reply::new(200).body(self::image().bytes(digest)));
        }
        if cut {
            return Act::Pass;
        }
        cut = true;
        Act::Change(|reply| Reply { cut: Some(100), ..reply })
    });
    let remote = open(&fake, "acme/web:1", settings().0).expect("the image");
    for (digest, bytes) in read_all(&remote).expect("all parts") {
        assert!(image.bytes(&digest) == bytes, "{digest}");
    }
}

#[test]
fn bytes_that_are_not_those_of_the_digest_are_refused() {
    let flip = |mut reply: Reply| {
        let middle = reply.body.len() / 2;
        reply.body[middle] ^= 1;
        reply
    };
    let image = image();
    let fake =
        holding(
            &image,
            move |_, request| {
                if request.is("GET", "/blobs/") { Act::Change(flip) } else { Act::Pass }
            },
        );
    let remote = open(&fake, "acme/web:1", settings().0).expect("the image");
    let error = format!("{:#}", read_all(&remote).expect_err("a changed blob"));
    assert!(error.contains("sha256:") && error.contains("damaged"), "{error}");
    // The tag's manifest itself: its digest is in a header.
    let fake = holding(&image, move |_, request| {
        if request.is("GET", "/manifests/") { Act::Change(flip) } else { Act::Pass }
    });
    let error =
        open(&fake, "acme/web:1", settings().0).err().expect("a changed manifest").to_string();
    assert!(error.contains("the digest is sha256:"), "{error}");
    // Asked for by digest, the header is of no use to a liar.
    let fake = holding(&image, move |_, request| {
        if request.is("GET", "/manifests/") {
            Act::Change(|reply| reply.without("Docker-Content-Digest").body("{}"))
        } else {
            Act::Pass
        }
    });
    let error = open(&fake, &format!("acme/web@{}", image.digest()), settings().0)
        .err()
        .expect("another manifest")
        .to_string();
    assert!(error.contains(&image.digest()), "{error}");
}

#[test]
fn what_is_not_there_is_said() {
    let fake = holding(&image(), |_, _| Act::Pass);
    let error = open(&fake, "acme/web:2", settings().0).err().expect("no such tag").to_string();
    assert!(error.contains("acme/web:2") && error.contains("no such image"), "{error}");
}

#[test]
fn a_manifest_without_end_is_not_read_to_the_end() {
    let fake = Fake::start(|_, _| Act::Answer(Reply::new(200).body(vec![b' '; 5 << 20])));
    let error = open(&fake, "acme/web:1", settings().0).err().expect("5 MiB of nothing");
    assert!(error.to_string().contains("more than 4194304 bytes"), "{error}");
    assert_eq!(fake.log().len(), 1, "asking again is of no use");
}
