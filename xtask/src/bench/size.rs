//! `cargo xtask bench size`: lines and files of Rust, by crate, and beside those of another commit.
//!
//! git counts, because it knows both the files of any commit and those here that are not ignored.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use skyward_terminal::{Output, Stream, Table, output};

use crate::external;

/// The design's limits for `src` of all crates.
const LINES: usize = 58_000;
const FILES: usize = 560;

/// Lines and files.
#[derive(Clone, Copy, Default)]
struct Count {
    lines: usize,
    files: usize,
}

/// A crate's `src`, and its tests, benches and examples beside it.
#[derive(Clone, Copy, Default)]
struct Size {
    source: Count,
    beside: Count,
}

type Sizes = BTreeMap<String, Size>;

/// Prints the sizes of the working tree, and those of `base` where it is named. Under `strict` a limit that is passed is an error.
pub(super) fn run(base: Option<&str>, form: Output, strict: bool) -> Result<()> {
    let now = sizes(None)?;
    let before = base.map(|base| sizes(Some(base))).transpose()?;
    match form {
        Output::Text => output::print(&table(&now, before.as_ref()).for_stream(Stream::Out))?,
        Output::Json => output::line(&rows(&now, before.as_ref()).to_string())?,
    }
    let Count { lines, files } = total(&now).source;
    ensure!(
        !strict || (lines <= LINES && files <= FILES),
        "bench size: targets missed: {lines} lines (≤ {LINES}), {files} files (≤ {FILES})"
    );
    Ok(())
}

/// Counts the lines of each Rust file of a commit, or of the working tree, by an expression that fits every line.
fn sizes(commit: Option<&str>) -> Result<Sizes> {
    let mut git = Command::new("git");
    git.current_dir(external::workspace());
    git.args(["-c", "core.quotePath=false", "grep", "--count", "-e", ""]);
    match commit {
        Some(commit) => git.arg(commit),
        None => git.arg("--untracked"),
    };
    let counted = git.args(["--", "*.rs"]).output().context("bench size: start git")?;
    if !counted.status.success() {
        let said = String::from_utf8_lossy(&counted.stderr);
        bail!(
            "bench size: count the lines of {}: {}",
            commit.unwrap_or("the files here"),
            said.trim()
        );
    }
    let text = String::from_utf8_lossy(&counted.stdout);
    Ok(sum(text.lines().filter_map(|line| {
        let line =
            commit.map_or(Some(line), |commit| line.strip_prefix(commit)?.strip_prefix(':'))?;
        let (path, count) = line.rsplit_once(':')?;
        Some((path, count.parse().ok()?))
    })))
}

fn sum<'a>(files: impl Iterator<Item = (&'a str, usize)>) -> Sizes {
    let mut sizes = Sizes::new();
    for (path, lines) in files {
        let path = path.strip_prefix("crates/").unwrap_or(path);
        let mut parts = path.split('/');
        let (Some(name), Some(folder)) = (parts.next(), parts.next()) else { continue };
        let size = sizes.entry(name.to_owned()).or_default();
        let count = if folder == "src" { &mut size.source } else { &mut size.beside };
        count.lines += lines;
        count.files += 1;
    }
    sizes
}

fn total(sizes: &Sizes) -> Size {
    sizes.values().fold(Size::default(), |total, size| Size {
        source: add(total.source, size.source),
        beside: add(total.beside, size.beside),
    })
}

fn add(one: Count, other: Count) -> Count {
    Count { lines: one.lines + other.lines, files: one.files + other.files }
}

fn table(now: &Sizes, before: Option<&Sizes>) -> Table {
    let mut titles = vec!["crate", "lines", "files", "beside"];
    titles.extend(before.map(|_| ["before", "files", "beside"]).into_iter().flatten());
    let mut table = (1..titles.len()).fold(Table::new(titles), Table::right);
    let empty = Sizes::new();
    let names: std::collections::BTreeSet<_> =
        now.keys().chain(before.unwrap_or(&empty).keys()).collect();
    let mut push = |name: &str, now: Size, before: Option<Size>| {
        let cells = [Some(now), before].into_iter().flatten().flat_map(|size| {
            [size.source.lines, size.source.files, size.beside.lines].map(|count| count.to_string())
        });
        table.row(std::iter::once(name.to_owned()).chain(cells));
    };
    for name in names {
        let of = |sizes: &Sizes| sizes.get(name).copied().unwrap_or_default();
        push(name, of(now), before.map(of));
    }
    push("total", total(now), before.map(total));
    table.row(["target".to_owned(), format!("≤ {LINES}"), format!("≤ {FILES}")]);
    table
}

/// The same form as that of the other benches.
fn rows(now: &Sizes, before: Option<&Sizes>) -> serde_json::Value {
    let (now, before) = (total(now).source, before.map(|sizes| total(sizes).source));
    json!({ "rows": [
        { "what": "src: lines of Rust", "ours": now.lines, "before": before.map(|b| b.lines), "target": LINES },
        { "what": "src: files of Rust", "ours": now.files, "before": before.map(|b| b.files), "target": FILES },
    ]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn src_is_told_from_what_is_beside_it() {
        let files = [
            ("crates/image/src/lib.rs", 10),
            ("crates/image/src/a/b.rs", 5),
            ("crates/image/tests/a.rs", 7),
            ("xtask/src/main.rs", 1),
            ("examples/room/src/main.rs", 2),
        ];
        let now = sum(files.into_iter());
        let before = sum(files.into_iter().take(1));
        assert_eq!(
            table(&now, Some(&before)).to_string(),
            "crate       lines  files  beside  before  files  beside\n\
             examples        0      0       2       0      0       0\n\
             image          15      2       7      10      1       0\n\
             xtask           1      1       0       0      0       0\n\
             total          16      3       9      10      1       0\n\
             target    ≤ 58000  ≤ 560\n"
        );
        assert_eq!(rows(&now, None)["rows"][0]["ours"], 16);
    }
}
