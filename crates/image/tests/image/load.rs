//! Loading into real engines, and what is said where they are not there.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use skyward_image::load::{
    Engine, Expected, LoadError, Options, Unusable, identified, load, preflight,
};

use crate::support::archive::archive;
use crate::support::containerd::Containerd;
use crate::support::script;

fn options(path: impl Into<OsString>) -> Options {
    Options {
        path: Some(path.into()),
        namespace: None,
        timeout: Duration::from_mins(2),
        ..Options::default()
    }
}

fn system() -> Options {
    options(std::env::var_os("PATH").unwrap_or_default())
}

/// An executable script in `folder`.
fn program(folder: &Path, name: &str, text: &str) {
    script(&folder.join(name), text);
}

/// The command line, with this `PATH` alone.
fn command(folder: &Path, path: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_skyward-image"))
        .arg("load")
        .args(arguments)
        .current_dir(folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .expect("the command runs")
}

#[test]
fn an_engine_that_is_not_there_is_named_with_its_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = options(folder.path());
    for engine in Engine::ALL {
        let error = preflight(engine, &options).expect_err("an empty PATH");
        assert!(matches!(error, Unusable::Absent { .. }), "{error}");
        assert!(error.to_string().contains(&format!("`{}`", engine.program())), "{error}");
    }
}

#[test]
fn an_engine_that_does_not_answer_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let denied = "permission denied while trying to connect to the Docker daemon socket";
    program(folder.path(), "docker", &format!("echo '{denied}' >&2; exit 1"));
    let error = preflight(Engine::Docker, &options(folder.path())).expect_err("denied").to_string();
    assert!(error.contains(denied) && error.contains("group docker"), "{error}");
    program(folder.path(), "ctr", "echo 'dial unix: no such file' >&2; exit 1");
    let error =
        preflight(Engine::Containerd, &options(folder.path())).expect_err("absent").to_string();
    assert!(error.contains("CONTAINERD_ADDRESS"), "{error}");
}

#[test]
fn an_engine_that_lies_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, _) = archive(folder.path(), "acme/web", "1");
    let expected = Expected::read(&archive).expect("an archive");
    assert_eq!(expected.names, ["docker.io/acme/web:1"]);
    let other = format!("sha256:{}", "0".repeat(64));
    program(folder.path(), "docker", &format!("test $1 = image && echo {other}; exit 0"));
    let error = load(Engine::Docker, &archive, &expected, &options(folder.path()))
        .expect_err("another image");
    assert!(
        matches!(error, LoadError::Missing { .. }) && error.to_string().contains(&other),
        "{error}"
    );
    program(
        folder.path(),
        "docker",
        "test $1 != load || { echo 'no space left on device' >&2; exit 1; }",
    );
    let error = load(Engine::Docker, &archive, &expected, &options(folder.path()))
        .expect_err("a full disk");
    assert!(error.to_string().contains("no space left on device"), "{error}");
}

#[test]
fn a_program_that_hangs_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, _) = archive(folder.path(), "acme/web", "1");
    program(folder.path(), "podman", "test $1 != load || exec sleep 60");
    let options = Options {
        timeout: Duration::from_millis(100),
        path: std::env::join_paths([folder.path(), Path::new("/bin"), Path::new("/usr/bin")]).ok(),
        ..system()
    };
    let expected = Expected::read(&archive).expect("an archive");
    let error = load(Engine::Podman, &archive, &expected, &options).expect_err("it hangs");
    assert!(error.to_string().contains("no answer within"), "{error}");
}

#[test]
fn auto_without_engines_lists_what_was_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, _) = archive(folder.path(), "acme/web", "1");
    let empty = tempfile::tempdir().expect("a folder");
    let archive = archive.to_str().expect("UTF-8");
    let output = command(folder.path(), empty.path(), &[archive]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    for program in ["`docker`", "`podman`", "`k3s`", "`ctr`"] {
        assert!(stderr.contains(program), "{stderr}");
    }
    assert_eq!(
        command(folder.path(), empty.path(), &[archive, "--into", "rkt"]).status.code(),
        Some(2)
    );
}

#[test]
fn kubernetes_is_the_one_engine_that_it_runs_containers_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, digest) = archive(folder.path(), "acme/web", "1");
    let archive = archive.to_str().expect("UTF-8");
    let into = |path: &Path| {
        command(folder.path(), path, &[archive, "--into", "kubernetes", "--output", "json"])
    };
    let programs = tempfile::tempdir().expect("a folder");
    // Docker is here, and no node runs pods with it.
    program(programs.path(), "docker", &format!("echo {digest}"));
    let output = into(programs.path());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("`k3s`") && stderr.contains("`ctr`"), "{stderr}");
    assert!(!stderr.contains("docker"), "{stderr}");
    program(programs.path(), "k3s", "echo 'dial unix: no such file' >&2; exit 1");
    program(programs.path(), "ctr", &format!("echo \"$4\" {digest}"));
    let output = into(programs.path());
    let loaded: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (loaded.as_array().map(Vec::len), &loaded[0]["engine"]),
        (Some(1), &"containerd".into())
    );
    assert_eq!(loaded[0]["references"][0], format!("docker.io/acme/web@{digest}"));
    // Both answer: k3s alone is Kubernetes's.
    program(programs.path(), "k3s", &format!("echo \"$5\" {digest}"));
    let loaded: serde_json::Value =
        serde_json::from_slice(&into(programs.path()).stdout).expect("JSON");
    assert_eq!((loaded.as_array().map(Vec::len), &loaded[0]["engine"]), (Some(1), &"k3s".into()));
}

#[test]
fn a_digest_that_containerd_does_not_take_as_a_name_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, digest) = archive(folder.path(), "acme/web", "1");
    let expected = Expected::read(&archive).expect("an archive");
    let refused =
        format!("test \"$4\" != tag || {{ echo 'read-only' >&2; exit 1; }}; echo {digest}");
    program(folder.path(), "ctr", &refused);
    let error = load(Engine::Containerd, &archive, &expected, &options(folder.path()))
        .expect_err("it cannot be named");
    assert!(matches!(error, LoadError::Unnamed { .. }), "{error}");
    let lies = format!("case \"$5\" in *@*) echo none;; *) echo {digest};; esac");
    program(folder.path(), "ctr", &lies);
    let error = load(Engine::Containerd, &archive, &expected, &options(folder.path()))
        .expect_err("it is not there");
    assert!(matches!(&error, LoadError::Missing { name, .. } if name.contains(&digest)), "{error}");
}

#[test]
fn a_folder_is_no_archive() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, _) = archive(folder.path(), "acme/web", "1");
    let error = Expected::read(&archive.with_extension("")).expect_err("a folder").to_string();
    assert!(error.contains("is a folder") && error.contains(".tar"), "{error}");
}

#[test]
#[ignore = "needs podman"]
fn podman_has_the_image_afterwards() {
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, _) = archive(folder.path(), "localhost/skyward-load-test", "one");
    let storage = |name: &str| folder.path().join(name).display().to_string();
    // Storage of its own: nothing is left on the machine.
    let configuration = format!(
        "[storage]\ndriver = \"vfs\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
        storage("graph"),
        storage("run")
    );
    fs::write(folder.path().join("storage.conf"), configuration).expect("the configuration");
    let output = Command::new(env!("CARGO_BIN_EXE_skyward-image"))
        .args(["load", archive.to_str().expect("UTF-8"), "--into", "podman", "--output", "json"])
        .env("CONTAINERS_STORAGE_CONF", folder.path().join("storage.conf"))
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let loaded: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(loaded[0]["names"][0], "localhost/skyward-load-test:one");
    let expected = Expected::read(&archive).expect("an archive");
    assert!(expected.digests.contains(loaded[0]["id"].as_str().expect("an id")));
}

#[test]
#[ignore = "needs containerd ctr root"]
fn containerd_and_k3s_have_the_image_where_kubernetes_looks() {
    let containerd = Containerd::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (archive, digest) = archive(folder.path(), "acme/web", "1");
    let expected = Expected::read(&archive).expect("an archive");
    let loaded =
        load(Engine::Containerd, &archive, &expected, &containerd.options()).expect("containerd");
    assert_eq!((loaded.id.as_str(), &loaded.names), (digest.as_str(), &expected.names));
    let by_digest = format!("docker.io/acme/web@{digest}");
    assert_eq!(loaded.references, [by_digest.as_str()]);
    // `k3s ctr` is ctr at k3s's own socket.
    program(folder.path(), "k3s", "test $1 = ctr && shift && exec ctr \"$@\"");
    let path = std::env::var("PATH").unwrap_or_default();
    let options = Options {
        path: Some(format!("{}:{path}", folder.path().display()).into()),
        ..containerd.options()
    };
    let loaded = load(Engine::K3s, &archive, &expected, &options).expect("k3s");
    assert_eq!((loaded.engine.as_str(), loaded.id), ("k3s", digest));
    let listed = containerd.ctr(&["images", "list", "--quiet"]);
    // Loaded twice, and each name is there once.
    assert_eq!(listed.trim(), format!("docker.io/acme/web:1\n{by_digest}"));
}

#[test]
fn arguments_are_those_of_the_engines() {
    let line = |words: Vec<String>| words.join(" ");
    assert_eq!(line(Engine::Docker.load("a.tar", None)), "load --quiet --input a.tar");
    assert_eq!(line(Engine::K3s.load("a.tar", None)), "ctr --namespace k8s.io images import a.tar");
    assert_eq!(
        line(Engine::Containerd.identify("docker.io/library/web:1", Some("default"))),
        "--namespace default images list name==docker.io/library/web:1"
    );
    assert_eq!(
        Engine::K3s.tag("a:1", "a@sha256:0", None).map(line).as_deref(),
        Some("ctr --namespace k8s.io images tag --force a:1 a@sha256:0")
    );
    assert_eq!(Engine::Podman.tag("a:1", "a@sha256:0", None), None);
}

#[test]
fn an_image_is_found_in_what_each_engine_prints() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let expected = BTreeSet::from([digest.clone()]);
    for (engine, output) in [
        (Engine::Docker, format!("{digest}\n")),
        (Engine::Podman, format!("{}\n", "ab".repeat(32))),
        (
            Engine::Containerd,
            format!("REF TYPE DIGEST SIZE\ndocker.io/library/web:1 x {digest} 1.0 MiB\n"),
        ),
    ] {
        assert_eq!(identified(&output, &expected), Some(digest.clone()), "{engine}");
        assert_eq!(identified(&output, &BTreeSet::new()), None);
    }
}
