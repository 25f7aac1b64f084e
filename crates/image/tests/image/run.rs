//! `run`: a real program from a real image, in a process of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use oci_spec::image::{ConfigBuilder, ImageConfiguration, ImageConfigurationBuilder};
use serde_json::Value;
use skyward_image::run::{Invocation, Overrides, Scratch};
use skyward_image::unpack::Rooted;
use skyward_testkit::signal;
use tempfile::TempDir;

use crate::fixture::{Image, Layer, Packing, service, skyward_image};

/// The package, built once for all tests of this file.
fn workspace() -> &'static Path {
    static WORKSPACE: OnceLock<TempDir> = OnceLock::new();
    WORKSPACE
        .get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            service::write(folder.path());
            let output = skyward_image().current_dir(folder.path()).arg("build").output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            folder
        })
        .path()
}

/// A copy of the image, so that tests do not see each other's folders.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("target/oci")).unwrap();
    for file in ["skyward.toml", "target/oci/web.tar"] {
        fs::copy(workspace().join(file), folder.path().join(file)).unwrap();
    }
    folder
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = skyward_image();
    command.current_dir(folder).args(["run", "--port", "0", "--admin-port", "0"]).args(args);
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn events(bytes: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(bytes)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn left_over(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("target/oci")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".run-"))
        .collect()
}

#[test]
fn every_check_is_an_event_and_nothing_is_left() {
    let folder = copy();
    let output = run(folder.path(), &["--check", "--once", "--output", "json"]);
    let printed = String::from_utf8_lossy(&output.stderr);
    let events = events(&output.stdout);
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names.first(), Some(&"unpacked"), "{printed}");
    let checks: Vec<&Value> = events.iter().filter(|event| event["event"] == "check").collect();
    let asked: Vec<&str> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(
        asked,
        ["start", "page", "livez", "readyz", "healthz", "metrics", "memory"],
        "{printed}"
    );
    assert!(checks.iter().all(|check| check["ok"] == true));
    assert_eq!(checks[1]["detail"], "fixture page");
    // The program knows nothing of SIGTERM: it dies of it, and that is its exit code.
    assert_eq!(events.last().unwrap()["code"], 128 + 15);
    assert_eq!(output.status.code(), Some(128 + 15));
    // What the program prints goes to standard error; the image's own arguments and folder are in use.
    assert!(printed.contains(r#"args ["--fixed"] in "#), "{printed}");
    assert_eq!(left_over(folder.path()), [""; 0]);
}

#[test]
fn given_arguments_replace_the_images_own_and_the_exit_code_is_the_programs() {
    let folder = copy();
    let output = run(folder.path(), &["--", "--fail", "a b"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains(r#"args ["--fail", "a b"]"#), "{printed}");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(left_over(folder.path()), [""; 0]);
}

#[test]
fn a_program_that_ends_before_it_is_ready_fails_the_check() {
    let folder = copy();
    let output = run(folder.path(), &["--check", "--once", "--output", "json", "--", "--fail"]);
    let events = events(&output.stdout);
    let start = events.iter().find(|event| event["name"] == "start").unwrap();
    assert!(
        start["ok"] == false && start["detail"].as_str().unwrap().contains("exit code 7"),
        "{start}"
    );
    assert_eq!(output.status.code(), Some(1));
}

/// Starts it, waits until it is checked, and gives its events as they come.
fn start(folder: &Path, args: &[&str]) -> (Child, impl Iterator<Item = Value>) {
    let mut child = command(folder, args)
        .args(["--check", "--output", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()))
}

#[test]
fn it_stays_until_a_signal_which_it_passes_on() {
    let folder = copy();
    for (name, number) in [("TERM", 15), ("INT", 2)] {
        let (mut child, mut events) = start(folder.path(), &[]);
        let before: Vec<Value> =
            events.by_ref().take_while(|event| event["event"] != "checked").collect();
        assert!(before.iter().all(|event| event["ok"] != false), "{before:#?}");
        assert!(child.try_wait().unwrap().is_none());
        signal(child.id(), name);
        let rest: Vec<Value> = events.collect();
        let names: Vec<&str> = rest.iter().map(|event| event["event"].as_str().unwrap()).collect();
        assert_eq!(names, ["stopping", "stopped"]);
        assert_eq!(child.wait().unwrap().code(), Some(128 + number));
        assert_eq!(left_over(folder.path()), [""; 0]);
    }
}

#[test]
fn it_ends_with_the_program_that_started_it_when_asked() {
    let folder = copy();
    let run = command(folder.path(), &["--end-with-parent", "--check", "--output", "json"]);
    let mut parent = Command::new("sh")
        .current_dir(folder.path())
        .args(["-c", "\"$0\" \"$@\" & wait"])
        .arg(run.get_program())
        .args(run.get_args())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains(r#""event":"checked""#)));
    parent.kill().unwrap();
    parent.wait().unwrap();
    // The pipe ends when the last program that holds it has ended.
    let last = lines.last().unwrap();
    assert!(last.contains(r#""event":"stopped""#), "{last}");
    assert_eq!(left_over(folder.path()), [""; 0]);
}

/// A chroot does not hold root: an image that names no user would have this machine.
#[test]
fn nothing_runs_as_root_of_this_machine() {
    let folder = copy();
    let other = Image::new(vec![Layer::new().file("web", 1)], Packing::Gzip);
    let other = other.archive(folder.path(), "other.tar");
    let output = run(folder.path(), &[other.to_str().unwrap(), "--isolation", "chroot"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("the image's user is root, whom a chroot does not hold"), "{error}");
    assert!(error.contains("Next step: ") && error.contains("--user 65532"), "{error}");
    assert_eq!((output.status.code(), left_over(folder.path()).len()), (Some(1), 0));
}

/// What the kernel says of the program: no new rights, and none to be had.
#[test]
#[ignore = "needs root"]
fn a_root_of_its_own_leaves_the_program_no_rights() {
    let folder = copy();
    let (mut child, mut events) = start(folder.path(), &["--user", "1234:5678"]);
    let before: Vec<Value> =
        events.by_ref().take_while(|event| event["event"] != "checked").collect();
    let serving = before.iter().find(|event| event["event"] == "serving").unwrap();
    assert_eq!(serving["isolation"], "chroot, user 1234:5678");
    let status = fs::read_to_string(format!("/proc/{}/status", serving["pid"])).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
        line.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(field("NoNewPrivs"), "1");
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    assert_eq!(field("Uid"), "1234 1234 1234 1234");
    assert_eq!((field("Gid"), field("Groups")), ("5678 5678 5678 5678".to_owned(), String::new()));
    signal(child.id(), "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let folder = copy();
    let (mut child, mut events) = start(folder.path(), &[]);
    let started = events.by_ref().find(|event| event["event"] == "serving").unwrap();
    assert!(events.any(|event| event["event"] == "checked"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(left_over(folder.path()).len(), 1);
    // The program itself lives on, as the child of nobody.
    signal(u32::try_from(started["pid"].as_u64().unwrap()).unwrap(), "KILL");
    let until = Instant::now() + Duration::from_secs(30);
    while !left_over(folder.path()).is_empty() && Instant::now() < until {
        run(folder.path(), &["--", "--fail"]);
    }
    assert_eq!(left_over(folder.path()), [""; 0]);
}

#[test]
fn without_a_root_of_its_own_it_runs_from_the_folder() {
    let folder = copy();
    let output =
        run(folder.path(), &["--check", "--once", "--output", "json", "--isolation", "none"]);
    let started =
        events(&output.stdout).into_iter().find(|event| event["event"] == "serving").unwrap();
    assert_eq!(started["isolation"], "none, current user");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains("target/oci/.run-"), "{printed}");
}

#[test]
fn what_cannot_be_run_is_one_clear_error() {
    let folder = copy();
    let other = Image::new(vec![Layer::new().file("a", 1)], Packing::Gzip);
    let other = other.archive(folder.path(), "other.tar");
    let output = run(folder.path(), &[other.to_str().unwrap(), "--isolation", "none"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("cannot run the image's program /web"), "{error}");
    assert_eq!((output.status.code(), left_over(folder.path()).len()), (Some(1), 0));
}

fn image(build: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> ImageConfiguration {
    let config = build(ConfigBuilder::default()).build().unwrap();
    ImageConfigurationBuilder::default().config(config).build().unwrap()
}

/// The files of an image that has none.
fn empty() -> Rooted {
    Rooted::new(tempfile::tempdir().unwrap().path()).unwrap()
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

#[test]
fn given_arguments_replace_the_images_own_and_keep_the_entry_point() {
    let image = image(|config| {
        config
            .entrypoint(strings(&["/web", "--quiet"]))
            .cmd(strings(&["--port", "1"]))
            .env(strings(&["A=1", "B=2=3"]))
            .user("65532:100")
    });
    let invocation = Invocation::new(&image, &empty(), &Overrides::default()).unwrap();
    assert_eq!(
        (invocation.program.as_str(), invocation.args, invocation.user),
        ("/web", strings(&["--quiet", "--port", "1"]), (65532, 100))
    );
    assert_eq!(
        (invocation.folder.as_str(), invocation.env["A"].as_str(), invocation.env["B"].as_str()),
        ("/", "1", "2=3")
    );
    assert_eq!(
        invocation.env["PATH"],
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    );

    let env = BTreeMap::from([("A".to_owned(), "over".to_owned())]);
    let invocation = Invocation::new(
        &image,
        &empty(),
        &Overrides { args: strings(&["--port", "8081"]), env, user: None },
    )
    .unwrap();
    assert_eq!(
        (invocation.args, invocation.env["A"].as_str()),
        (strings(&["--quiet", "--port", "8081"]), "over")
    );
}

#[test]
fn what_cannot_be_run_is_refused() {
    let nothing = image(|config| config);
    assert!(
        Invocation::new(&nothing, &empty(), &Overrides::default())
            .unwrap_err()
            .to_string()
            .contains("neither")
    );
    let relative = image(|config| config.entrypoint(strings(&["web"])));
    assert!(
        Invocation::new(&relative, &empty(), &Overrides::default())
            .unwrap_err()
            .to_string()
            .contains("absolute")
    );
    let named = image(|config| config.entrypoint(strings(&["/web"])).user("nobody"));
    assert!(
        Invocation::new(&named, &empty(), &Overrides::default())
            .unwrap_err()
            .to_string()
            .contains("is a name")
    );
}

#[test]
fn what_a_killed_run_left_is_removed_and_what_runs_is_kept() {
    let parent = tempfile::tempdir().unwrap();
    // Numbers above Linux's largest process id are nobody's.
    let (over, running, other) = (".run-4194305", ".run-1", ".run-x");
    for name in [over, running, other] {
        fs::create_dir_all(parent.path().join(name).join("inner")).unwrap();
    }
    let scratch = Scratch::new(parent.path()).unwrap();
    let path = scratch.path().to_owned();
    assert!(path.is_dir() && !parent.path().join(over).exists());
    assert!(parent.path().join(running).exists() && parent.path().join(other).exists());
    drop(scratch);
    assert!(!path.exists());
}
