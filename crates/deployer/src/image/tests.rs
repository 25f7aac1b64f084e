//! Deliveries by a stand-in for cargo and for the image's program: what is asked of them, and what becomes of their
//! answers. The real ones take part in `tests/`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use skyward_config::{Config, ConfigArgs, Delivery};

use super::program::Program;
use super::{Candidate, Delivered, ImageError, check, given, names_registry, normalized, settled};
use crate::event::Event;

const DIGEST: &str = "sha256:5af291e57db769df0841e2fcb6e07443f05b73e7ada1799f77a86997858f0730";

fn script(path: &Path, text: &str) {
    // Written elsewhere and moved: a file that a sibling test's child still has open for writing cannot be run.
    let draft = path.with_extension("draft");
    fs::write(&draft, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).expect("a program");
    fs::rename(&draft, path).expect("a script");
}

/// What a program that answers each step with `answers` (a shell's `case` branches) made of `config`: the result, the
/// events as JSON, and the command lines.
async fn delivered(
    config: &Config,
    answers: &str,
) -> (Result<Delivered, ImageError>, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let log = at("log").display().to_string();
    script(&at("image"), &format!("echo \"$@\" >> {log}; case $1 in {answers} esac"));
    let artifact = serde_json::json!({
        "reason": "compiler-artifact", "target": { "name": "skyward-image" }, "executable": at("image"),
    });
    let library =
        r#"{"reason":"compiler-artifact","target":{"name":"skyward_image"},"executable":null}"#;
    script(&at("cargo"), &format!("echo '{library}'; echo '{artifact}'"));
    let flags = ConfigArgs {
        environment: Some("staging".to_owned()),
        set: vec!["service.port=1".to_owned()],
        ..ConfigArgs::default()
    };
    let program = Program::compile_by(at("cargo").into(), folder.path(), &flags).await;
    let mut events = Vec::new();
    let mut sink = |event: Event| match event {
        Event::Ready { state, .. } => events.push(format!("ready: {state}\n")),
        Event::Note { text } => events.push(format!("note: {text}\n")),
        other => panic!("{other:?}"),
    };
    let program = program.expect("a program");
    let result = match Candidate::build(program, config, &mut sink).await {
        Ok(candidate) => candidate.deliver(&mut sink).await,
        Err(error) => Err(error),
    };
    (result, events.concat(), fs::read_to_string(at("log")).unwrap_or_default())
}

fn config(repository: &str, delivery: Delivery) -> Config {
    let mut config = Config::default();
    config.image.repository = repository.to_owned();
    config.k3s.delivery = delivery;
    config
}

const FLAGS: &str = "--output json --environment staging --set service.port=1";

#[tokio::test]
async fn what_names_a_registry_is_pushed() {
    let reference = format!("ghcr.io/acme/web@{DIGEST}");
    let answers = format!(
        "build) echo '{{\"reference\":\"{reference}\"}}';; \
         push) echo '{{\"references\":[\"{reference}\"],\"uploaded_bytes\":0}}';;"
    );
    let (result, events, log) =
        delivered(&config("ghcr.io/acme/web", Delivery::Auto), &answers).await;
    let expected = Delivered { reference, digest: Some(DIGEST.to_owned()) };
    assert_eq!(result.expect("it is pushed"), expected);
    assert_eq!(log, format!("build {FLAGS}\npush {FLAGS}\n"));
    assert!(events.ends_with("ready: the registry has it already\n"), "{events}");
}

#[tokio::test]
async fn what_names_none_is_loaded_into_the_one_engine_of_kubernetes() {
    let reference = format!("docker.io/library/web@{DIGEST}");
    let answers = format!(
        "build) echo '{{\"reference\":\"web@{DIGEST}\"}}';; \
         load) echo '[{{\"engine\":\"k3s\",\"references\":[\"{reference}\"]}}]';;"
    );
    let (result, events, log) = delivered(&config("web", Delivery::Auto), &answers).await;
    assert_eq!(result.expect("it is loaded").reference, reference);
    assert_eq!(log, format!("build {FLAGS}\nload {FLAGS} --into kubernetes\n"));
    assert!(events.ends_with("ready: loaded into k3s on this machine\n"), "{events}");
}

#[tokio::test]
async fn a_machine_without_kubernetes_says_what_to_configure() {
    let answers = "build) echo '{\"reference\":\"web\"}';; \
        load) printf 'error: one\\nerror: there is no engine:\\n  k3s: no\\n  ctr: no\\n' >&2; exit 1;;";
    let (result, _, _) = delivered(&config("web", Delivery::Load), answers).await;
    assert_eq!(
        result.expect_err("no engine").to_string(),
        "cannot load the image: there is no engine: k3s: no ctr: no; set image.repository to a registry that the nodes \
         pull from, or k3s.delivery to \"none\" if they have it"
    );
}

#[tokio::test]
async fn without_delivery_the_tag_is_pinned_where_the_registry_can_be_asked() {
    let config = config("ghcr.io/acme/web", Delivery::None);
    let reference = format!("ghcr.io/acme/web@{DIGEST}");
    let answers =
        format!("resolve) echo '{{\"reference\":\"{reference}\",\"digest\":\"{DIGEST}\"}}';;");
    let (result, _, log) = delivered(&config, &answers).await;
    assert_eq!(result.expect("it is there").digest.as_deref(), Some(DIGEST));
    assert_eq!(log, format!("resolve {FLAGS} ghcr.io/acme/web:latest --timeout 20\n"));

    let (result, events, _) =
        delivered(&config, "resolve) echo 'error: no way' >&2; exit 1;;").await;
    let expected = Delivered { reference: "ghcr.io/acme/web:latest".to_owned(), digest: None };
    assert_eq!(result.expect("the nodes may reach it"), expected);
    assert!(
        events.starts_with("note: cannot resolve the image: no way; the nodes get the tag\n"),
        "{events}"
    );
    assert!(events.contains("has no digest"), "{events}");
}

#[tokio::test]
async fn a_program_that_answers_something_else_is_named() {
    for answers in ["build) echo hello;;", "build) echo '{}';;", "build) ;;"] {
        let (result, _, _) = delivered(&config("web", Delivery::Load), answers).await;
        let error = result.expect_err(answers).to_string();
        assert!(
            error.starts_with("cannot build the image: `cargo xtask image build` printed"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_cargo_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let flags = ConfigArgs::default();
    let error =
        Program::compile_by(folder.path().join("cargo").into(), folder.path(), &flags).await;
    let error = error.expect_err("no cargo").to_string();
    assert!(error.contains("starting `cargo build --package skyward-image`"), "{error}");
}

#[test]
fn a_registry_has_a_dot_a_port_or_is_this_machine() {
    for (repository, expected) in [
        ("web", Delivery::Load),
        ("acme/web", Delivery::Load),
        ("web.example/", Delivery::Push),
        ("web.v1", Delivery::Load),
        ("docker.io/acme/web", Delivery::Push),
        ("localhost/web", Delivery::Push),
        ("registry:5000/web", Delivery::Push),
    ] {
        assert_eq!(settled(Delivery::Auto, repository), expected, "{repository}");
        assert_eq!(names_registry(repository), expected == Delivery::Push, "{repository}");
        assert_eq!(settled(Delivery::None, repository), Delivery::None);
    }
}

#[test]
fn what_is_foreseen_has_the_name_that_the_nodes_know() {
    for (built, expected) in [
        ("web@sha256:0", "docker.io/library/web@sha256:0"),
        ("docker.io/web@sha256:0", "docker.io/library/web@sha256:0"),
        ("acme/web@sha256:0", "docker.io/acme/web@sha256:0"),
        ("docker.io/acme/web@sha256:0", "docker.io/acme/web@sha256:0"),
        ("localhost:5000/web@sha256:0", "localhost:5000/web@sha256:0"),
    ] {
        assert_eq!(normalized(built), expected);
    }
}

#[test]
fn an_image_that_a_flag_names_is_taken_as_it_is() {
    let mut notes = 0;
    let mut sink = |_: Event| notes += 1;
    let reference = format!("ghcr.io/acme/web:1@{DIGEST}");
    let pinned = given(&reference, &mut sink).expect("a reference");
    assert_eq!((pinned.reference, pinned.digest.as_deref()), (reference, Some(DIGEST)));
    assert_eq!(given("web:1", &mut sink).expect("a reference").digest, None);
    let error = given("", &mut sink).expect_err("empty").to_string();
    assert_eq!(notes, 1, "the tag is worth a note");
    assert!(
        error.starts_with("--image: \"\" is no image reference: it has no repository"),
        "{error}"
    );
}

#[test]
fn what_no_node_understands_is_refused() {
    for (reference, accepted) in [
        ("web", true),
        ("web:Latest_1", true),
        ("Registry.example:5000/acme/web", true),
        ("[::1]:5000/web", true),
        ("acme/Web", false),
        ("Acme/web", false),
        ("web:", false),
        ("registry:5000/", false),
        (":1", false),
        ("web 1", false),
        ("web@sha256:12", false),
        ("web@latest", false),
    ] {
        assert_eq!(check(reference).is_ok(), accepted, "{reference}");
    }
}
