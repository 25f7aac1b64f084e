//! Against Debian's docker-registry, and read back by other programs.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use skyward_image::registry::{
    Credentials, Policy, Push, PushError, Pushed, RemoteImage, Settings, SystemClock,
};
use skyward_testkit::registry::Distribution;

use crate::support::image::{MemoryImage, read_all};
use crate::support::proxy::Proxy;
use crate::support::{retry, settings};

const MIB: usize = 1 << 20;

fn image() -> MemoryImage {
    MemoryImage::several(3, &[13 * MIB, 5000])
}

fn push(
    image: &MemoryImage,
    to: &[String],
    credentials: Credentials,
    settings: Settings,
) -> Result<Pushed, PushError> {
    let references = to.iter().map(|text| text.parse().expect("a reference")).collect();
    Push {
        source: image,
        references,
        credentials: Some(credentials),
        mount_from: Vec::new(),
        jobs: 3,
        settings,
    }
    .run()
}

/// Settings whose waits are real: a registry that restarts needs time.
fn real_time() -> Settings {
    let policy = Policy { base: Duration::from_millis(100), attempts: 8, ..Policy::default() };
    Settings { policy, clock: Arc::new(SystemClock), ..settings().0 }
}

fn assert_same(image: &MemoryImage, reference: &str, credentials: Credentials) {
    let remote = RemoteImage::open(
        &reference.parse().expect("a reference"),
        Some(credentials),
        settings().0,
    )
    .expect("the image");
    assert_eq!(remote.digest().to_string(), image.digest());
    let parts = read_all(&remote).expect("all parts");
    assert_eq!(parts.len(), 8, "two manifests, two configurations, four layers");
    for (digest, bytes) in parts {
        assert!(image.bytes(&digest) == bytes, "{digest}");
    }
}

#[test]
#[ignore = "needs docker-registry"]
fn an_image_goes_there_and_comes_back_and_goes_again_for_nothing() {
    let registry = Distribution::open();
    let to = ["acme/web:1", "acme/web:latest"].map(|rest| registry.reference(rest));
    let image = image().with_referrer();
    let pushed = push(&image, &to, Credentials::anonymous(), settings().0).expect("a push");
    assert_eq!((pushed.uploaded, pushed.present), (8, 0));
    let fallback = format!("sha256-{}", &image.digest()[7..]);
    assert_eq!(registry.tags("acme/web"), ["1", "latest", &fallback]);
    assert_same(&image, &to[1], Credentials::anonymous());
    assert_same(&image, &pushed.references[0], Credentials::anonymous());
    let again = push(&image, &to, Credentials::anonymous(), settings().0).expect("a second push");
    assert_eq!((again.uploaded, again.uploaded_bytes, again.present), (0, 0, 8));
    let other = [registry.reference("acme/copy:1"), registry.reference("acme/web:2")];
    let mounted = Push {
        source: &image,
        references: other.iter().map(|text| text.parse().expect("a reference")).collect(),
        credentials: Some(Credentials::anonymous()),
        mount_from: vec!["acme/web".to_owned()],
        jobs: 3,
        settings: settings().0,
    };
    assert_eq!(mounted.run().expect("a push by mounting").mounted, 8);
}

#[test]
#[ignore = "needs docker-registry"]
fn a_registry_with_passwords_takes_the_right_one_alone() {
    let registry = Distribution::with_login();
    let to = [registry.reference("acme/web:1")];
    let (image, right) = (image(), Credentials::basic("alice", "s3cret"));
    for wrong in [Credentials::anonymous(), Credentials::basic("alice", "guess")] {
        let error = push(&image, &to, wrong, settings().0).expect_err("no entry");
        assert!(error.source.to_string().contains("asks for a login"), "{}", error.source);
    }
    assert!(registry.tags("acme/web").is_empty());
    push(&image, &to, right.clone(), settings().0).expect("a push");
    assert_same(&image, &to[0], right);
}

#[test]
#[ignore = "needs docker-registry"]
fn a_connection_that_breaks_at_any_point_of_an_upload_is_mended() {
    let registry = Distribution::open();
    // In the first chunk, between two, in the last, and in what follows the uploads.
    for (number, after) in
        [100, 1_000_000, 4_200_000, 9_000_000, 13_700_000, 27_200_000, 27_280_000]
            .into_iter()
            .enumerate()
    {
        let proxy = Proxy::start(registry.address, after, || {});
        let to = [format!("{}/web{number}:1", proxy.address)];
        let image = MemoryImage::several(number as u64 + 20, &[13 * MIB, 5000]);
        push(&image, &to, Credentials::anonymous(), settings().0)
            .unwrap_or_else(|error| panic!("cut after {after}: {}", error.source));
        assert_eq!(proxy.broken.load(std::sync::atomic::Ordering::SeqCst), 1, "cut after {after}");
        assert_same(
            &image,
            &registry.reference(&format!("web{number}:1")),
            Credentials::anonymous(),
        );
    }
}

#[test]
#[ignore = "needs docker-registry"]
fn a_registry_killed_in_the_middle_of_an_upload_leaves_no_tag_and_the_next_push_goes_on() {
    let registry = Distribution::open();
    let image = image();
    let proxy = Proxy::start(registry.address, 9_000_000, registry.killer());
    let to = [format!("{}/acme/web:1", proxy.address)];
    let error = push(&image, &to, Credentials::anonymous(), settings().0)
        .expect_err("the registry is dead");
    assert!(error.to_string().contains("no tag was set"), "{error}");
    assert!(registry.tags("acme/web").is_empty());
    registry.restart();
    assert!(registry.tags("acme/web").is_empty());
    push(&image, &to, Credentials::anonymous(), settings().0).expect("the next push");
    assert_same(&image, &registry.reference("acme/web:1"), Credentials::anonymous());
}

#[test]
#[ignore = "needs docker-registry"]
fn a_registry_that_restarts_in_the_middle_of_an_upload_is_waited_for() {
    let registry = Arc::new(Distribution::open());
    let image = image();
    // The proxy outlives the test; the registry must not.
    let restarted = Arc::downgrade(&registry);
    let kill = registry.killer();
    let proxy = Proxy::start(registry.address, 20_000_000, move || {
        kill();
        let registry = restarted.upgrade().expect("the test waits for its push");
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            registry.restart();
        });
    });
    let (_, _, recorder) = settings();
    let settings = Settings { monitor: recorder.monitor(), ..real_time() };
    push(&image, &[format!("{}/acme/web:1", proxy.address)], Credentials::anonymous(), settings)
        .expect("one push");
    assert!(recorder.events().iter().any(|event| retry(event).is_some()));
    assert_same(&image, &registry.reference("acme/web:1"), Credentials::anonymous());
}

/// The program's standard output.
fn output(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).output().expect(program);
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

#[test]
#[ignore = "needs docker-registry skopeo"]
fn skopeo_reads_and_copies_what_was_pushed() {
    let registry = Distribution::with_login();
    let (image, reference) = (image(), registry.reference("acme/web:1"));
    push(
        &image,
        std::slice::from_ref(&reference),
        Credentials::basic("alice", "s3cret"),
        settings().0,
    )
    .expect("a push");
    let from = format!("docker://{reference}");
    let login = ["--creds", "alice:s3cret", "--tls-verify=false"];
    let inspected =
        output("skopeo", &[&["inspect"], &login[..], &["--format", "{{.Digest}}", &from]].concat());
    // skopeo names the platform's manifest of an index: the index itself is compared raw.
    assert!(inspected.starts_with("sha256:"), "{inspected}");
    let raw = Command::new("skopeo")
        .arg("inspect")
        .args(login)
        .args(["--raw", &from])
        .output()
        .expect("skopeo");
    assert_eq!(skyward_image::digest::of(&raw.stdout).to_string(), image.digest());
    let folder = tempfile::tempdir().expect("a folder");
    let to = format!("oci:{}:web", folder.path().join("copy").display());
    output(
        "skopeo",
        &[
            "copy",
            "--all",
            "--preserve-digests",
            "--src-creds",
            "alice:s3cret",
            "--src-tls-verify=false",
            &from,
            &to,
        ],
    );
    let copied = skyward_image::store::Store::open(&folder.path().join("copy")).expect("a layout");
    for (digest, bytes) in read_all(&copied).expect("all parts") {
        assert!(image.bytes(&digest) == bytes, "{digest}");
    }
}

#[test]
#[ignore = "needs docker-registry crane"]
fn crane_finds_the_digest_and_validates() {
    let registry = Distribution::open();
    let (image, reference) = (image(), registry.reference("acme/web:1"));
    push(&image, std::slice::from_ref(&reference), Credentials::anonymous(), settings().0)
        .expect("a push");
    assert_eq!(output("crane", &["digest", &reference]), image.digest());
}
