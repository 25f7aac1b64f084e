//! The commit that the program is made of, for `--version`: from git, where this is a checkout of it.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // In a package of someone's repository git would name that one's commit.
    let is_ours =
        git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix == "crates/skyward/");
    let commit = is_ours.then(|| git(&["rev-parse", "--short=12", "HEAD"])).flatten();
    let version = env!("CARGO_PKG_VERSION");
    match commit {
        Some(commit) => println!("cargo:rustc-env=SKYWARD_VERSION={version} ({commit})"),
        None => println!("cargo:rustc-env=SKYWARD_VERSION={version}"),
    }
    // The reference that HEAD names moves without HEAD itself.
    let files = ["HEAD".to_owned()].into_iter().chain(git(&["symbolic-ref", "--quiet", "HEAD"]));
    for file in files.filter_map(|name| git(&["rev-parse", "--git-path", &name])) {
        if is_ours && Path::new(&file).exists() {
            println!("cargo:rerun-if-changed={file}");
        }
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
