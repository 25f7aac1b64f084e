//! What all commands have in common: closed pipes, full devices, `-v`, and the help.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::fixture::{Image, Layer, Packing, service, skyward_image};
use crate::support::fake::Fake;
use crate::support::image::MemoryImage;

/// A folder with a configuration, an image `image.tar` and a layout `layout`; a registry that has the latter.
struct Place {
    folder: tempfile::TempDir,
    registry: Fake,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        service::write(folder.path());
        Image::new(vec![Layer::new().file("a", 10)], Packing::Gzip)
            .archive(folder.path(), "image.tar");
        MemoryImage::single(1, &[100]).write(&folder.path().join("layout"));
        let place = Self { folder, registry: Fake::plain() };
        let pushed = place.run(&["push", "layout", "--to", &place.reference()], Stdio::piped());
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
        place
    }

    fn reference(&self) -> String {
        self.registry.reference("acme/web:1")
    }

    fn run(&self, arguments: &[&str], stdout: impl Into<Stdio>) -> Output {
        let mut command = skyward_image();
        command.current_dir(self.folder.path()).env("HOME", self.folder.path()).args(arguments);
        let child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn();
        child.unwrap().wait_with_output().unwrap()
    }
}

#[test]
fn a_closed_pipe_is_a_quiet_end_and_a_full_device_an_error_for_every_command() {
    let place = Place::new();
    let reference = place.reference();
    let binary = elf(place.folder.path());
    let given = format!("linux/amd64={}", binary.display());
    let commands: [&[&str]; 10] = [
        &["--help"],
        &["push", "--help"],
        &["build", "--binary", &given],
        &["build", "--binary", &given, "--output", "json"],
        &["inspect", "image.tar"],
        &["inspect", "image.tar", "--output", "json"],
        &["push", "layout", "--to", &reference],
        &["push", "layout", "--to", &reference, "--dry-run"],
        &["resolve", &reference],
        &["unpack", "image.tar", "unpacked"],
    ];
    for arguments in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let closed = place.run(arguments, writer);
        let error = String::from_utf8_lossy(&closed.stderr);
        assert_eq!(closed.status.code(), Some(0), "{arguments:?}: {error}");
        assert!(!error.contains("error:") && !error.contains("panicked"), "{arguments:?}: {error}");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let full = place.run(arguments, full);
        let error = String::from_utf8_lossy(&full.stderr);
        assert_eq!(full.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(
            error.contains("error: writing to standard output: No space left on device"),
            "{arguments:?}: {error}"
        );
    }
    // Its events are its result: they end neither the push nor its tags.
    let arguments = ["push", "layout", "--to", &reference, "--output", "json"];
    let full = place.run(&arguments, File::options().write(true).open("/dev/full").unwrap());
    let error = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(1), "{error}");
    assert!(error.contains("writing events to standard output: No space left"), "{error}");
}

#[test]
fn each_request_is_shown_where_v_asks() {
    let place = Place::new();
    let reference = place.reference();
    let lines = |arguments: &[&str]| {
        let output = place.run(arguments, Stdio::piped());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{error}");
        error.lines().filter(|line| line.starts_with("call ")).map(str::to_owned).collect()
    };
    let quiet: Vec<String> = lines(&["resolve", &reference]);
    assert!(quiet.is_empty(), "{quiet:?}");
    let calls: Vec<String> = lines(&["resolve", &reference, "-v"]);
    let address = place.registry.address;
    let get = format!("registry {address} GET /v2/acme/web/manifests/1: ok (");
    assert!(calls.len() == 1 && calls[0].contains(&get), "{calls:?}");
    let calls: Vec<String> = lines(&["resolve", &reference, "-vv"]);
    assert!(calls[0].contains("status 200"), "{calls:?}");
}

#[test]
fn own_flags_are_no_flags_of_the_configuration() {
    for command in ["build", "inspect", "run", "unpack", "push", "load", "resolve"] {
        let output = skyward_image().args([command, "--help"]).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let (_, configuration) = help.split_once("Configuration:").unwrap();
        let end = configuration.find("\n\n").unwrap_or(configuration.len());
        for flag in ["--output ", "--plain-http", "--timeout", "--binary", "--port "] {
            assert!(!configuration[..end].contains(flag), "{command}: {help}");
        }
    }
}

#[test]
fn where_dives_figures_are_not_the_true_ones_a_note_says_so() {
    let place = Place::new();
    let twice = vec![Layer::new().file("a", 1000), Layer::new().file("a", 1000)];
    Image::new(twice, Packing::Gzip).archive(place.folder.path(), "twice.tar");
    let note = "dive's figures differ from the true ones: 2.0 kB wasted by dive's, 1.0 kB in truth";
    for (arguments, expected) in [
        (&["inspect", "twice.tar"][..], true),
        (&["inspect", "twice.tar", "--exact"], false),
        (&["inspect", "image.tar"], false),
    ] {
        let output = place.run(arguments, Stdio::piped());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.contains(note), expected, "{arguments:?}: {error}");
    }
}

#[test]
fn a_folder_that_may_not_be_written_to_is_named_with_mode_and_owner() {
    let folder = tempfile::tempdir().unwrap();
    service::write(folder.path());
    let binary = elf(folder.path());
    let program = folder.path().join("skyward-image");
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_skyward-image")).arg(&program).status();
    assert!(copied.unwrap().success());
    for path in [folder.path(), &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
    }
    let mut command = Command::new(&program);
    if rustix::process::geteuid().is_root() {
        // Debian's and Alpine's `nobody`: root may write everywhere.
        command.uid(65534).gid(65534);
    }
    command.current_dir(folder.path()).args(["build", "--binary"]);
    let output = command.arg(format!("linux/amd64={}", binary.display())).output().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("permission denied: the folder ") && error.contains("mode 0555"));
    assert!(error.contains("current user ") && error.contains("image.output"), "{error}");
}

/// The header of a static program for x86-64.
fn elf(folder: &Path) -> PathBuf {
    let path = folder.join("program");
    fs::write(&path, service::elf(service::X86_64)).unwrap();
    path
}
