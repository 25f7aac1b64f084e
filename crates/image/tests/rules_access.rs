//! A rules file that cannot be read: what stands in the way is named.

mod fixture;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fixture::{Image, Layer, Packing};
use tempfile::TempDir;

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
        fs::copy(env!("CARGO_BIN_EXE_skyward-image"), &program).unwrap();
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
        ("/dev/null", "it is no regular file (mode"),
    ] {
        let error = place.error(&place.path(name));
        assert!(error.contains(why) && error.contains(name), "{name}: {error}");
    }
}
