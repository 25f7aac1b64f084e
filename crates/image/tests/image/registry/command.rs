//! `push` and `resolve` as they are typed.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::fake::{Act, Fake, Reply};
use crate::support::image::MemoryImage;
use skyward_testkit::registry::Distribution;

/// Runs `push` in `folder`, with nothing of the environment but what is given.
fn push(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
    command(folder, "push", arguments, variables, input)
}

fn command(
    folder: &Path,
    verb: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
    input: &str,
) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_skyward-image"))
        .arg(verb)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    // It may end before it reads.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the command ends")
}

/// A folder with an OCI layout named `image`.
fn layout(image: &MemoryImage) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    image.write(&folder.path().join("image"));
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[test]
fn standard_output_is_the_digest_reference_alone() {
    let (fake, image) = (Fake::plain(), MemoryImage::single(1, &[100]));
    let folder = layout(&image);
    let (one, two) = (fake.reference("acme/web:1"), fake.reference("acme/web:2"));
    // No proxy stands between this machine and itself.
    let proxies = [
        ("http_proxy", "http://127.0.0.1:9"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("ALL_PROXY", "http://127.0.0.1:9"),
    ];
    let output = push(folder.path(), &["image", "--to", &one, "--to", &two], &proxies, "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), fake.reference(&format!("acme/web@{}", image.digest())));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("uploaded") && stderr.contains(&format!("{two}: tagged")), "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "no escapes without a terminal");
    let output = push(folder.path(), &["image", "--to", &one, "--output", "json"], &[], "");
    let events: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON event on each line"))
        .collect();
    assert!(events.iter().any(|event| event["event"] == "done" && event["action"] == "upload"));
    let json = events.last().expect("a result");
    assert_eq!(json["event"], "pushed");
    assert_eq!(
        (&json["uploaded"], &json["present"], &json["digest"]),
        (&0.into(), &2.into(), &image.digest().into())
    );
}

#[test]
fn a_dry_run_is_a_list() {
    let (fake, image) = (Fake::plain(), MemoryImage::single(1, &[100]));
    let folder = layout(&image);
    let to = fake.reference("acme/web:1");
    let output = push(folder.path(), &["image", "--to", &to, "--dry-run"], &[], "");
    let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].starts_with("blob ") && lines[0].ends_with(" upload"), "{lines:?}");
    assert_eq!(lines[3], format!("tag       {to} {} 0 create", image.digest()));
    assert!(fake.log().iter().all(|request| request.method == "HEAD"));
}

#[test]
fn the_configuration_says_where_to_and_flags_say_it_first() {
    let (fake, image) = (Fake::plain(), MemoryImage::single(1, &[100]));
    let folder = layout(&image);
    let configuration = format!(
        "[image]\nrepository = \"{}\"\ntags = [\"a\", \"b\"]\n",
        fake.reference("acme/web")
    );
    fs::write(folder.path().join("skyward.toml"), configuration).expect("the configuration");
    let output = push(folder.path(), &["image"], &[], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let tags = fake.state.lock().unwrap().tags();
    assert_eq!(tags, ["a".to_owned(), "b".to_owned()].into());
}

#[test]
fn a_repository_that_names_no_registry_is_not_pushed_to_docker_hub() {
    let folder = layout(&MemoryImage::single(1, &[100]));
    fs::write(folder.path().join("skyward.toml"), "").expect("the configuration");
    for arguments in [&["image"][..], &["image", "--dry-run"]] {
        let output = push(folder.path(), arguments, &[], "");
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains("image.repository is \"skyward-service\", which names no registry")
        );
        assert!(stderr.contains("docker.io/acme/web") && stderr.contains("--to"), "{stderr}");
    }
}

#[test]
fn a_tag_is_resolved_to_its_digest() {
    let (fake, image) = (Fake::plain(), MemoryImage::single(1, &[100]));
    let folder = layout(&image);
    let one = fake.reference("acme/web:1");
    assert!(push(folder.path(), &["image", "--to", &one], &[], "").status.success());
    let by_digest = fake.reference(&format!("acme/web@{}", image.digest()));
    let resolve = |arguments: &[&str]| command(folder.path(), "resolve", arguments, &[], "");
    let output = resolve(&[&one]);
    assert_eq!(text(&output.stdout), by_digest, "{}", text(&output.stderr));
    // Without a reference: the first of the configuration.
    let file = format!(
        "[image]\nrepository = \"{}\"\ntags = [\"1\", \"2\"]\n",
        fake.reference("acme/web")
    );
    fs::write(folder.path().join("skyward.toml"), file).expect("the configuration");
    let output = resolve(&["--output", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&json["reference"], &json["digest"], &json["asked"]),
        (&by_digest.into(), &image.digest().into(), &one.into())
    );
    let output = resolve(&[&fake.reference("acme/web:2")]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(text(&output.stderr).contains("has no such image"), "{}", text(&output.stderr));
}

#[test]
fn credentials_come_from_standard_input_or_from_the_files() {
    let fake = Fake::start(|_, request| match request.header("authorization") {
        Some("Basic YWxpY2U6czNjcmV0") => Act::Pass,
        _ => Act::Answer(
            Reply::error(401, "UNAUTHORIZED").with("WWW-Authenticate", "Basic realm=\"r\""),
        ),
    });
    let folder = layout(&MemoryImage::single(1, &[100]));
    let to = fake.reference("acme/web:1");
    let output = push(
        folder.path(),
        &["image", "--to", &to, "--username", "alice", "--password-stdin"],
        &[],
        "s3cret\n",
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = push(folder.path(), &["image", "--to", &to], &[], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("looked in"), "{}", text(&output.stderr));
    let auth = format!(r#"{{"auths":{{"{}":{{"auth":"YWxpY2U6czNjcmV0"}}}}}}"#, fake.address);
    fs::create_dir(folder.path().join(".docker")).expect("a folder");
    fs::write(folder.path().join(".docker/config.json"), auth).expect("the credentials");
    assert!(push(folder.path(), &["image", "--to", &to], &[], "").status.success());
    let output = push(
        folder.path(),
        &["image", "--to", &to, "--username", "alice", "--password-stdin"],
        &[],
        "",
    );
    assert!(
        text(&output.stderr).contains("no password on standard input"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn wrong_usage_is_exit_2_and_a_failure_exit_1() {
    let folder = layout(&MemoryImage::single(1, &[100]));
    for arguments in [
        &["image", "--to", "ghcr.io/Acme/web"][..],
        &["image", "--username", "alice"],
        &["image", "--jobs", "0"],
        &["image", "--frobnicate"],
    ] {
        let output = push(folder.path(), arguments, &[], "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    let output = push(folder.path(), &["absent.tar", "--to", "localhost:1/web"], &[], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("absent.tar"), "{}", text(&output.stderr));
}

#[test]
#[ignore = "needs docker-registry openssl"]
fn https_is_spoken_where_the_registry_does_and_its_certificate_is_checked() {
    let registry = Distribution::with_tls();
    let image = MemoryImage::single(1, &[100]);
    let folder = layout(&image);
    for host in ["localhost", "127.0.0.1"] {
        let to = format!("{host}:{}/acme/web:1", registry.address.port());
        let output = push(folder.path(), &["image", "--to", &to], &[], "");
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        assert!(stderr.contains("UnknownIssuer") && stderr.contains("SSL_CERT_FILE"), "{stderr}");
        let output = push(folder.path(), &["image", "--to", &to, "--plain-http"], &[], "");
        assert!(text(&output.stderr).contains("400"), "{}", text(&output.stderr));
        let authority = registry.authority().display().to_string();
        let output =
            push(folder.path(), &["image", "--to", &to], &[("SSL_CERT_FILE", &authority)], "");
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).ends_with(&image.digest()));
    }
    assert_eq!(registry.tags("acme/web"), ["1"]);
}
