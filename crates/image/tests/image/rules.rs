//! The rules file: its forms, its mistakes, and what is said where it cannot be read.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use skyward_image::dive::{Mistake, Rules, human_bytes, parse_bytes, parse_rules as parse};
use tempfile::TempDir;

use crate::fixture::{Image, Layer, Packing};

/// Debian's and Alpine's `nobody`.
const NOBODY: u32 = 65534;

/// A place that any user may enter, with the program and an image.
struct Place {
    folder: TempDir,
    program: PathBuf,
    image: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        mode(folder.path(), 0o755);
        let program = folder.path().join("skyward-image");
        // Another process writes it: a file that this one holds open while another test starts a program cannot be run.
        let mut copy = Command::new("cp");
        copy.arg(env!("CARGO_BIN_EXE_skyward-image")).arg(&program);
        assert!(copy.status().unwrap().success());
        mode(&program, 0o755);
        let image = Image::new(vec![Layer::new().file("a", 1)], Packing::Gzip)
            .archive(folder.path(), "image.tar");
        mode(&image, 0o644);
        Self { folder, program, image }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The error of `inspect` by somebody who is not root: root may read everything.
    fn error(&self, rules: &Path) -> String {
        let mut command = Command::new(&self.program);
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command
            .current_dir(self.folder.path())
            .arg("inspect")
            .arg(&self.image)
            .arg("--rules")
            .arg(rules)
            .output()
            .unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        String::from_utf8(output.stderr).unwrap()
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn modes_owners_and_the_user_are_named() {
    let place = Place::new();
    let rules = place.path("rules.yaml");
    fs::write(&rules, "rules: {}").unwrap();
    if is_root() {
        chown(&rules, Some(0), Some(0)).unwrap();
    }
    mode(&rules, if is_root() { 0o640 } else { 0o040 });
    let error = place.error(&rules);
    let shown = rules.display();
    assert!(
        error.contains(&format!(
            "cannot read rules file {shown}: permission denied: mode 0{}40, owner ",
            if is_root() { 6 } else { 0 }
        )),
        "{error}"
    );
    assert!(error.contains("current user "), "{error}");
    if is_root() {
        assert!(error.contains("owner root:root, current user nobody"), "{error}");
    }
    assert!(error.contains(&format!("chmod o+r {shown}")), "{error}");
}

#[test]
fn a_folder_that_may_not_be_entered_is_named() {
    let place = Place::new();
    let closed = place.path("closed");
    fs::create_dir_all(closed.join("inner")).unwrap();
    fs::write(closed.join("inner/rules.yaml"), "rules: {}").unwrap();
    mode(&closed, if is_root() { 0o700 } else { 0o000 });
    let error = place.error(&closed.join("inner/rules.yaml"));
    mode(&closed, 0o700);
    let shown = closed.display();
    assert!(
        error.contains(&format!("the folder {shown} (mode 0"))
            && error.contains(&format!("chmod o+x {shown}")),
        "{error}"
    );
}

#[test]
fn what_is_not_there_or_no_file_is_named() {
    let place = Place::new();
    symlink("/nowhere/rules", place.path("dangling")).unwrap();
    fs::create_dir(place.path("folder")).unwrap();
    fs::write(place.path("large"), vec![b' '; 70_000]).unwrap();
    fs::write(place.path("empty"), "").unwrap();
    for (name, why) in [
        ("dangling", "it is a symbolic link to /nowhere/rules, which is not there"),
        ("folder", "it is a folder"),
        ("absent", "there is no such file"),
        ("no/such/file", "there is no folder"),
        ("large", "it has more than 65536 bytes"),
        ("empty", "the file is empty"),
        ("/dev/null", "it is not a regular file (mode"),
    ] {
        let error = place.error(&place.path(name));
        assert!(error.contains(why) && error.contains(name), "{name}: {error}");
    }
}

fn rules(text: &str) -> Result<Rules, String> {
    parse(text.as_bytes()).map_err(|Mistake { place, reason }| format!("{place} {reason}"))
}

#[test]
fn the_projects_own_rules() {
    let rules = rules(
        "rules:\n  lowestEfficiency: 0.98\n  highestWastedBytes: 5MB\n  highestUserWastedPercent: 0.20\n",
    );
    let expected = Rules {
        lowest_efficiency: Some(0.98),
        highest_wasted_bytes: Some(5_000_000),
        highest_user_wasted_percent: Some(0.2),
    };
    assert_eq!(rules, Ok(expected));
}

#[test]
fn what_is_left_out_has_dives_default() {
    let defaults = Rules::default();
    assert_eq!(defaults.lowest_efficiency, Some(0.9));
    assert_eq!(
        (defaults.highest_wasted_bytes, defaults.highest_user_wasted_percent),
        (None, Some(0.1))
    );
    for text in [
        "rules:\n",
        "rules: {}\n",
        "rules: ~\n",
        "rules:\n  lowestEfficiency:\n",
        "---\nrules:\n  # nothing\n",
    ] {
        assert_eq!(rules(text), Ok(defaults), "{text:?}");
    }
    let all = "rules:\n  lowestEfficiency: disabled\n  highestWastedBytes: 'disabled'\n  highestUserWastedPercent: \"disabled\"";
    let none = Rules {
        lowest_efficiency: None,
        highest_wasted_bytes: None,
        highest_user_wasted_percent: None,
    };
    assert_eq!(rules(all), Ok(none));
}

#[test]
fn the_case_of_a_rule_and_the_habits_of_windows_do_not_count() {
    let text = "\u{feff}rules:\r\n  LOWESTEFFICIENCY: 0.5\r\n  highestwastedbytes: 20Mb\r\n";
    let rules = rules(text).unwrap();
    assert_eq!(
        (rules.lowest_efficiency, rules.highest_wasted_bytes),
        (Some(0.5), Some(20_000_000))
    );
}

#[test]
fn mistakes_name_their_place() {
    for (text, expected) in [
        ("", "the file is empty"),
        ("  \r\n\n", "the file is empty"),
        (
            "rules:\n  lowestEfficiency: 1.1\n",
            ":2:21 rule lowestEfficiency: \"1.1\" is not a bound: expected a number between 0 and 1",
        ),
        ("rules:\n  lowestEfficiency: -0.1\n", ":2:21"),
        ("rules:\n  lowestEfficiency: NaN\n", ":2:21"),
        ("rules:\n  lowestEfficiency: ''\n", ":2:21 rule lowestEfficiency: there is no value"),
        (
            "rules:\n  highestWastedBytes: 1BB\n",
            ":2:23 rule highestWastedBytes: \"1BB\" is not a bound: expected bytes",
        ),
        (
            "rules:\n  highestWastedBytes: [1]\n",
            ":2:23 rule highestWastedBytes: expected a single value",
        ),
        (
            "rules:\n  highestWastedByte: 1\n",
            ":2:3 unknown rule \"highestWastedByte\"; did you mean highestWastedBytes?",
        ),
        (
            "rules:\n  plugin: 1\n",
            ":2:3 unknown rule \"plugin\"; there are highestUserWastedPercent,",
        ),
        (
            "rules:\n  lowestEfficiency: 1\n  lowestefficiency: 1\n",
            ":3:3 rule lowestefficiency is there twice",
        ),
        ("rules: {}\nrules: {}\n", ":2:1 \"rules\" is there twice"),
        ("rule:\n  lowestEfficiency: 0.9\n", ":1:1 unknown key \"rule\""),
        ("lowestEfficiency: 0.9\n", ":1:1 unknown key \"lowestEfficiency\""),
        ("- rules\n", ":1:1 expected a line"),
        ("rules: 0.9\n", ":1:8 expected rules"),
        ("rules:\n\tlowestEfficiency: 0.9\n", "not YAML"),
        ("rules: {\n", "not YAML"),
    ] {
        let error = rules(text).expect_err(text);
        assert!(error.trim().contains(expected), "{text:?}: {error}");
    }
    let Mistake { place, reason } = parse(b"rules:\n  x: \xff\n").unwrap_err();
    assert_eq!((place.to_string().as_str(), &reason[..20]), (":2:6", "not UTF-8: byte 0xff"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_yaml_makes_it_panic(text in "(rules|lowestEfficiency|[a-z&*!|>{}\\[\\]:,#'\" \n-]){0,40}") {
        let _ = parse(text.as_bytes());
    }
}

#[test]
fn bytes_for_people() {
    for (bytes, text) in [
        (0, "0 B"),
        (9, "9 B"),
        (10, "10 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (6405, "6.4 kB"),
        (12_810, "13 kB"),
        (32_025, "32 kB"),
        (82_854_982, "83 MB"),
        (u64::MAX, "18 EB"),
    ] {
        assert_eq!(human_bytes(bytes), text);
    }
}

#[test]
fn bytes_from_people() {
    for (text, bytes) in [
        ("5MB", 5_000_000),
        ("5MiB", 5_242_880),
        ("5 mb", 5_000_000),
        ("20Mb", 20_000_000),
        ("1B", 1),
        ("42", 42),
        ("1,000", 1000),
        ("1.5k", 1500),
        ("2Ki", 2048),
        ("1EiB", 1 << 60),
    ] {
        assert_eq!(parse_bytes(text).unwrap(), bytes, "{text}");
    }
    for bad in ["", "MB", "1BB", "-1B", "1XB", "1.2.3", "17EiB", "five"] {
        assert!(parse_bytes(bad).is_err(), "{bad}");
    }
}
