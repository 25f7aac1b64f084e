//! The links of the pages that mdBook has written: each leads to a file, and to an anchor of it where it names one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::resolved;

/// mdBook's page for what is not there: its links begin at wherever the book is served.
const NOT_FOUND: &str = "404.html";

/// The outcome of following all links.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Followed {
    pub(super) pages: usize,
    pub(super) links: usize,
    /// The links that lead nowhere, with their files.
    pub(super) broken: Vec<String>,
}

/// A page's links, and the anchors that links may name.
struct Page {
    links: Vec<String>,
    anchors: BTreeSet<String>,
}

/// Follows every link of the pages below `folder` that stays in it.
pub(super) fn follow(folder: &Path) -> Result<Followed> {
    let mut pages = BTreeMap::new();
    collect(folder, Path::new(""), &mut pages)?;
    let (mut links, mut broken) = (0, Vec::new());
    for (path, page) in &pages {
        for link in page.links.iter().filter(|link| !link.contains(':')) {
            links += 1;
            if let Err(reason) = lead(folder, &pages, path, link) {
                broken.push(format!("{}: {link}: {reason}", path.display()));
            }
        }
    }
    Ok(Followed { pages: pages.len(), links, broken })
}

/// Reads the pages of the folder `inside` of `root`, and of those in it.
fn collect(root: &Path, inside: &Path, pages: &mut BTreeMap<PathBuf, Page>) -> Result<()> {
    let folder = root.join(inside);
    let entries = fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
    for entry in entries {
        let name = entry.with_context(|| format!("listing {}", folder.display()))?.file_name();
        let path = inside.join(&name);
        let file = root.join(&path);
        if file.is_dir() {
            collect(root, &path, pages)?;
        } else if path.extension().is_some_and(|it| it == "html") && name != NOT_FOUND {
            let text =
                fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            let links = ["href", "src"].iter().flat_map(|name| values(&text, name)).collect();
            pages.insert(path, Page { links, anchors: values(&text, "id").collect() });
        }
    }
    Ok(())
}

/// The values of an attribute, as mdBook writes it: in double quotes, which a text has as `&quot;`.
fn values(html: &str, attribute: &str) -> impl Iterator<Item = String> {
    let parts =
        html.split(&format!(" {attribute}=\"")).skip(1).map(str::to_owned).collect::<Vec<_>>();
    parts.into_iter().filter_map(|rest| {
        rest.split_once('"').map(|(value, _)| decoded(&value.replace("&amp;", "&")))
    })
}

/// The text without percent encoding, which links have and anchors have not (RFC 3986, 2.1).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = if *first == b'%' { after.get(..2) } else { None };
        let byte = digits.and_then(|it| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Follows a link of the page `from`; the reason where it leads nowhere.
fn lead(
    folder: &Path,
    pages: &BTreeMap<PathBuf, Page>,
    from: &Path,
    link: &str,
) -> Result<(), &'static str> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = path.split('?').next().unwrap_or(path);
    let mut target = match path {
        "" => from.to_owned(),
        _ => resolved(from.parent().unwrap_or(Path::new("")), path).ok_or("it leaves the book")?,
    };
    if folder.join(&target).is_dir() {
        target.push("index.html");
    }
    if !folder.join(&target).is_file() {
        return Err("there is no such file");
    }
    let is_there = |page: &Page| anchor.is_empty() || page.anchors.contains(anchor);
    if pages.get(&target).is_none_or(is_there) { Ok(()) } else { Err("there is no such anchor") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external;

    #[test]
    fn a_link_to_a_file_or_an_anchor_that_is_not_there_is_named() {
        let folder = external::ci_folder().unwrap().join(format!("html-{}", std::process::id()));
        fs::create_dir_all(folder.join("docs")).unwrap();
        let index = r##"<h1 id="top">a</h1> <a class="b" href="#top">a</a> <a href="docs/page.html#one%20more&amp;b">b</a>
            <a href="docs/">c</a> <a href="https://a.example/#b">d</a> <img src="no.svg"> <a href="docs/page.html#two">e</a>
            <code>&lt;a href=&quot;f.html&quot;&gt;</code> <a href="../g.html">g</a>"##;
        let page = r#"<h2 id="one more&b">x</h2> <a href="../index.html?highlight=a#top">y</a>"#;
        for (name, text) in
            [("index.html", index), ("docs/page.html", page), ("docs/index.html", "")]
        {
            fs::write(folder.join(name), text).unwrap();
        }
        fs::write(folder.join(NOT_FOUND), "<a href=\"/nowhere.html\">").unwrap();
        let followed = follow(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((followed.pages, followed.links), (3, 7));
        let mut broken = followed.broken;
        broken.sort();
        assert_eq!(
            broken,
            [
                "index.html: ../g.html: it leaves the book",
                "index.html: docs/page.html#two: there is no such anchor",
                "index.html: no.svg: there is no such file",
            ]
        );
    }
}
