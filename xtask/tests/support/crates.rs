//! The crates that a build of a package compiles, for the tests that bound them and the bench that shows them.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates that xtask may compile, itself included.
pub(crate) const LIMIT: usize = 30;

/// Each crate with its version, the package itself, build scripts and macros included.
pub(crate) fn crates(package: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["tree", "--locked", "--package", package, "--edges", "normal,build"]);
    let output =
        cargo.args(["--prefix", "none", "--format", "{p}"]).output().expect("cargo tree starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    text.lines().filter_map(|line| line.split(" (").next()).map(str::to_owned).collect()
}
