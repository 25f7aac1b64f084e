//! Builds the workspace's image in two folders, and in one of them a second time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use skyward_testkit::bench::{Row, Target};

const WHAT: &str = "image: digests over two folders and two runs";

pub(crate) fn row(workspace: &Path) -> Result<Row> {
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let mut digests = BTreeSet::new();
    // Of different depth and length, so that a path that got in is seen.
    for name in ["a", "another/folder/of/the/workspace"] {
        let copy = folder.path().join(name);
        if let Err(reason) = tracked_files(workspace, &copy) {
            return Ok(Row::skipped(WHAT, format!("{reason:#}")));
        }
        eprintln!("compiling in a folder of its own ({name})");
        digests.insert(build(&copy)?);
    }
    let again = folder.path().join("a");
    fs::remove_dir_all(again.join("target")).context("cannot remove the first build")?;
    eprintln!("compiling a second time (a)");
    digests.insert(build(&again)?);
    #[expect(clippy::cast_precision_loss, reason = "at most 3")]
    let mut row = Row::new(WHAT, digests.len() as f64, "", Target::AtMost(1.0));
    row.note = format!(
        "three builds from nothing: {}",
        digests.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(row)
}

/// Copies what git tracks, as it is in the work tree.
fn tracked_files(workspace: &Path, copy: &Path) -> Result<()> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(workspace)
        .output()
        .context("git is needed to know the workspace's files")?;
    ensure!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    for name in String::from_utf8(output.stdout)?.split_terminator('\0') {
        let (from, to) = (workspace.join(name), copy.join(name));
        if !from.is_file() {
            continue;
        }
        fs::create_dir_all(to.parent().context("a file has a folder")?)?;
        fs::copy(&from, &to).with_context(|| format!("cannot copy {name}"))?;
    }
    Ok(())
}

fn build(folder: &Path) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_skyward-image"))
        .arg("build")
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .context("cannot run skyward-image")?;
    ensure!(
        output.status.success(),
        "build in {}: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let reference = String::from_utf8(output.stdout)?;
    let (_, digest) =
        reference.trim().split_once('@').context("build printed no digest reference")?;
    Ok(digest.to_owned())
}
