//! The files that differ, as git tells them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use skyward_terminal::exit::UsageError;

/// The beginning of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// The commit that the change and the base have in common.
    Commit(String),
    /// A commit that this clone does not hold: of a forced push, or of a branch that is new.
    Unknown(String),
}

/// For the test of the rules: all files that git knows in `folder`, and those that it would add. Source that came without its
/// history is listed as it lies there.
#[cfg(test)]
pub(super) fn files(folder: &Path) -> Result<Vec<String>> {
    if !folder.join(".git").exists() {
        return walk(folder, "");
    }
    let mut found =
        paths(folder, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    found.sort();
    Ok(found)
}

#[cfg(test)]
fn walk(folder: &Path, inside: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder.join(inside))? {
        let entry = entry?;
        let path = format!("{inside}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true if path == "target" => {}
            true => found.extend(walk(folder, &format!("{path}/"))?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

/// The branch that changes are made for: the remote's main where there is one.
pub(super) fn main_branch(folder: &Path) -> Result<&'static str> {
    for name in ["origin/main", "main"] {
        if resolve(folder, name)?.is_some() {
            return Ok(name);
        }
    }
    bail!(
        "affected: there is neither origin/main nor main to compare with. Next step: name a commit with --base"
    )
}

/// The commit that `base` and `head` have in common.
pub(super) fn base(folder: &Path, base: &str, head: &str) -> Result<Base> {
    // All zeros: GitHub's way to say that a branch has no commit before.
    let digits = base.len() == 40 && base.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(commit) = resolve(folder, base)? else {
        if !digits {
            return Err(unknown(base));
        }
        return Ok(Base::Unknown(base.to_owned()));
    };
    let head_commit = resolve(folder, head)?.ok_or_else(|| unknown(head))?;
    let output = git(folder, &["merge-base", &commit, &head_commit])?;
    match output {
        Some(common) => Ok(Base::Commit(self::commit(&common))),
        None => Ok(Base::Unknown(base.to_owned())),
    }
}

fn unknown(name: &str) -> anyhow::Error {
    let text =
        format!("affected: git knows no commit `{name}`; `git fetch` brings those of the remote");
    UsageError::new(text).into()
}

/// The files that differ between two commits; a moved file counts with both of its names.
///
/// Like all paths here they are relative to `folder`, which may be a part of a larger repository: what differs outside of it is left out.
pub(super) fn between(folder: &Path, base: &str, head: &str) -> Result<Vec<String>> {
    paths(folder, &["diff", "--relative", "--name-only", "--no-renames", "-z", base, head, "--"])
}

/// The files that differ between a commit and the working tree, those that git does not know yet included.
pub(super) fn since(folder: &Path, base: &str) -> Result<Vec<String>> {
    let mut found: BTreeSet<_> =
        paths(folder, &["diff", "--relative", "--name-only", "--no-renames", "-z", base, "--"])?
            .into_iter()
            .collect();
    found.extend(paths(folder, &["ls-files", "-z", "--others", "--exclude-standard"])?);
    Ok(found.into_iter().collect())
}

/// The commit of a name; none where git knows none.
fn resolve(folder: &Path, name: &str) -> Result<Option<String>> {
    let name = format!("{name}^{{commit}}");
    let found = git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?;
    Ok(found.as_deref().map(commit))
}

/// The hash that git prints, without the end of its line.
fn commit(printed: &[u8]) -> String {
    String::from_utf8_lossy(printed).trim().to_owned()
}

fn paths(folder: &Path, arguments: &[&str]) -> Result<Vec<String>> {
    let words = format!("git {}", arguments.join(" "));
    let listed = git(folder, arguments)?.with_context(|| {
        format!("`{words}` failed in {}; its reason is above", folder.display())
    })?;
    Ok(listed.split(|&byte| byte == 0).filter(|path| !path.is_empty()).map(path).collect())
}

/// A path as text: bytes that are not UTF-8 are escaped, so that such a file is named and belongs to its folder's package.
fn path(bytes: &[u8]) -> String {
    let mut path = String::new();
    for chunk in bytes.utf8_chunks() {
        path.push_str(chunk.valid());
        path.push_str(&chunk.invalid().escape_ascii().to_string());
    }
    path
}

/// Returns what git prints, or `None` where it says no. Its own words go to standard error.
fn git(folder: &Path, arguments: &[&str]) -> Result<Option<Vec<u8>>> {
    let mut git = Command::new("git");
    // Paths as they are, relative to the repository's folder.
    git.current_dir(folder).args(["-c", "core.quotePath=false"]).args(arguments);
    git.stderr(std::process::Stdio::inherit());
    // A hook of git sets them, and they would stand above the folder.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(name);
    }
    let output = git.output().context(
        "affected: start git, which tells what has changed. Next step: install it, or put it in PATH",
    )?;
    Ok(output.status.success().then_some(output.stdout))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    /// A repository of its own, removed at the end.
    struct Repository(std::path::PathBuf);

    impl Repository {
        fn new(name: &str) -> Self {
            let folder = format!("xtask-git-{name}-{}", std::process::id());
            let repository = Self(std::env::temp_dir().join(folder));
            fs::create_dir_all(&repository.0).unwrap();
            repository.git(&["init", "--quiet", "--initial-branch=main"]);
            repository
        }

        fn write(&self, path: &str, text: &str) {
            fs::write(self.0.join(path), text).unwrap();
        }

        /// Commits all that is there, and returns the commit.
        fn commit(&self) -> String {
            self.git(&["add", "--all"]);
            let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
            self.git(&[&who[..], &["commit", "--quiet", "--allow-empty", "-m", "a"]].concat());
            resolve(&self.0, "HEAD").unwrap().unwrap()
        }

        fn git(&self, arguments: &[&str]) {
            assert!(git(&self.0, arguments).unwrap().is_some(), "{arguments:?}");
        }
    }

    impl Drop for Repository {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_change_is_told_from_the_common_commit_on() {
        let repository = Repository::new("change");
        let folder = &repository.0;
        repository.write("kept", "1");
        repository.write("old name", "a text that is long enough to be recognised");
        let first = repository.commit();
        repository.git(&["checkout", "--quiet", "-b", "change"]);
        fs::rename(folder.join("old name"), folder.join("néw")).unwrap();
        let changed = repository.commit();
        // What came to main meanwhile is no part of the change.
        repository.git(&["checkout", "--quiet", "main"]);
        repository.write("of others", "2");
        repository.commit();
        repository.git(&["checkout", "--quiet", "change"]);

        assert_eq!(main_branch(folder).unwrap(), "main");
        assert_eq!(base(folder, "main", "change").unwrap(), Base::Commit(first.clone()));
        assert_eq!(between(folder, &first, &changed).unwrap(), ["néw", "old name"]);

        repository.write("kept", "3");
        repository.write("untracked", "4");
        repository.write(".gitignore", "ignored\n");
        repository.write("ignored", "5");
        let expected = [".gitignore", "kept", "néw", "old name", "untracked"];
        assert_eq!(since(folder, &first).unwrap(), expected);
        assert_eq!(files(folder).unwrap(), [".gitignore", "kept", "néw", "untracked"]);

        fs::remove_dir_all(folder.join(".git")).unwrap();
        fs::create_dir_all(folder.join("a/target")).unwrap();
        fs::rename(folder.join("kept"), folder.join("a/target/kept")).unwrap();
        let without_history = [".gitignore", "a/target/kept", "ignored", "néw", "untracked"];
        assert_eq!(files(folder).unwrap(), without_history);
    }

    #[test]
    fn a_name_that_is_not_utf8_is_escaped_and_stays_in_its_folder() {
        let repository = Repository::new("bytes");
        let folder = &repository.0;
        let first = repository.commit();
        let name = std::ffi::OsStr::from_bytes(b"a/n\xc3\xa9w \xff\xfe.rs");
        fs::create_dir(folder.join("a")).unwrap();
        fs::write(folder.join(name), "1").unwrap();
        assert_eq!(since(folder, &first).unwrap(), [r"a/néw \xff\xfe.rs"]);
        let changed = repository.commit();
        assert_eq!(between(folder, &first, &changed).unwrap(), [r"a/néw \xff\xfe.rs"]);
    }

    #[test]
    fn paths_are_relative_to_the_folder_of_a_larger_repository() {
        let repository = Repository::new("larger");
        let folder = repository.0.join("product/skyward");
        fs::create_dir_all(folder.join("crates")).unwrap();
        repository.write("product/skyward/crates/kept", "1");
        let first = repository.commit();
        repository.write("product/skyward/crates/kept", "2");
        repository.write("product/other", "of others");
        let changed = repository.commit();
        repository.write("product/skyward/untracked", "3");
        repository.write("product/untracked", "of others");
        assert_eq!(between(&folder, &first, &changed).unwrap(), ["crates/kept"]);
        assert_eq!(since(&folder, &first).unwrap(), ["crates/kept", "untracked"]);
    }

    #[test]
    fn a_base_that_is_not_there_is_unknown_or_a_mistake() {
        let repository = Repository::new("base");
        let folder = &repository.0;
        repository.commit();
        for gone in ["0".repeat(40), "12".repeat(20)] {
            assert_eq!(base(folder, &gone, "HEAD").unwrap(), Base::Unknown(gone));
        }
        let error = base(folder, "no-such-branch", "HEAD").unwrap_err().to_string();
        assert!(error.contains("git knows no commit `no-such-branch`"), "{error}");
        // An option is no name.
        assert!(base(folder, "--help", "HEAD").is_err());
        // Two histories that have nothing in common.
        repository.git(&["checkout", "--quiet", "--orphan", "other"]);
        repository.write("other", "1");
        let other = repository.commit();
        assert_eq!(base(folder, "main", "HEAD").unwrap(), Base::Unknown("main".to_owned()));
        assert_eq!(base(folder, &other, "HEAD").unwrap(), Base::Commit(other));
    }
}
