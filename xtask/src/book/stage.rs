//! The sources of the book, from the documents: pages, pictures, the list of pages, and the links of each page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::resolved;

/// The document whose tables list the pages: a table is a part of the book, a row a page.
const INDEX: &str = "docs/README.md";

/// The settings of mdBook. Its pages are read, and neither printed whole nor run.
const SETTINGS: &str = r#"[book]
title = "Skyward"
language = "en"

[build]
build-dir = "html"
create-missing = false
use-default-preprocessors = false

[output.html]
smart-punctuation = false
no-section-label = true
additional-css = ["book.css"]

[output.html.print]
enable = false

[output.html.playground]
runnable = false
"#;

/// Rules of style beside mdBook's own: the reference has tables of five columns.
const STYLE: &str = ":root { --content-max-width: 1080px; }\n\
    .content td { vertical-align: top; }\n\
    .content td code { overflow-wrap: anywhere; }\n\
    .content td:first-child code { white-space: nowrap; }\n\
    .content td:last-child { min-width: 20em; }\n\
    .nav-wide-wrapper { display: none; }\n\
    .nav-wrapper { display: block; }\n";

/// A table of the list.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    title: String,
    /// Titles and paths, which begin at the repository.
    pages: Vec<(String, PathBuf)>,
}

/// Writes the book's sources and settings into `folder`, which is made empty before. `repository` is an address for links to files that
/// are no part of the book; without it these become plain text.
pub(super) fn stage(root: &Path, folder: &Path, repository: Option<&str>) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let parts = parts(&read(&root.join(INDEX))?);
    ensure!(!parts.is_empty(), "book: {INDEX} lists no pages");
    let mut pages = BTreeSet::from([PathBuf::from("README.md"), PathBuf::from(INDEX)]);
    pages.extend(parts.iter().flat_map(|part| &part.pages).map(|(_, path)| path.clone()));
    let source = folder.join("src");
    for page in &pages {
        let text = read(&root.join(page))?;
        let mut rewriting = Rewriting { page, pages: &pages, repository, pictures: Vec::new() };
        write(&source.join(staged(page)), &rewriting.text(&text))?;
        for picture in rewriting.pictures {
            let from = root.join(&picture);
            let bytes = fs::read(&from).with_context(|| format!("reading {}", from.display()))?;
            write(&source.join(&picture), &bytes)?;
        }
    }
    write(&source.join("SUMMARY.md"), &summary(&parts))?;
    write(&folder.join("book.css"), STYLE)?;
    let address = repository.map(|address| format!("git-repository-url = \"{address}\"\n"));
    let html = format!("[output.html]\n{}", address.unwrap_or_default());
    write(&folder.join("book.toml"), &SETTINGS.replace("[output.html]\n", &html))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn write(path: &Path, bytes: &(impl AsRef<[u8]> + ?Sized)) -> Result<()> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, bytes))
        .with_context(|| format!("writing {}", path.display()))
}

/// The tables of the list, without those that list no page.
fn parts(index: &str) -> Vec<Part> {
    let folder = Path::new(INDEX).parent().unwrap_or(Path::new(""));
    let mut parts = Vec::new();
    let mut is_table = false;
    for line in index.lines() {
        let Some(cell) = line.strip_prefix('|').and_then(|row| row.split('|').next()) else {
            is_table = false;
            continue;
        };
        if !is_table {
            parts.push(Part { title: capitalised(cell.trim()), pages: Vec::new() });
            is_table = true;
        } else if let (Some((title, rest)), Some(part)) = (cell.split_once("]("), parts.last_mut())
        {
            let title = title.trim_start().trim_start_matches('[').replace('`', "");
            let target = rest.split([')', '#']).next().and_then(|path| resolved(folder, path));
            part.pages.extend(target.map(|path| (title, path)));
        }
    }
    parts.retain(|part| !part.pages.is_empty());
    parts
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
}

/// mdBook's own list of pages (SUMMARY.md of its guide).
fn summary(parts: &[Part]) -> String {
    let mut text = "# Summary\n\n[Skyward](index.md)\n[The documents](docs/index.md)\n".to_owned();
    for part in parts {
        text.extend(["\n# ", &part.title, "\n\n"]);
        for (title, path) in &part.pages {
            text.extend(["- [", title, "](", &staged(path).display().to_string(), ")\n"]);
        }
    }
    text
}

/// The path of a page in the book: a folder's README is what a server shows for the folder.
fn staged(page: &Path) -> PathBuf {
    match page.file_name() {
        Some(name) if name == "README.md" => page.with_file_name("index.md"),
        _ => page.to_owned(),
    }
}

/// The links of one page on their way into the book.
struct Rewriting<'a> {
    page: &'a Path,
    pages: &'a BTreeSet<PathBuf>,
    repository: Option<&'a str>,
    /// The pictures that the page shows.
    pictures: Vec<PathBuf>,
}

impl Rewriting<'_> {
    /// The page's text with the links of the book; code stays as it is.
    fn text(&mut self, text: &str) -> String {
        let mut out = String::new();
        for (index, piece) in text.split("```").enumerate() {
            if index > 0 {
                out += "```";
            }
            if index % 2 == 1 {
                out += piece;
            } else {
                self.prose(piece, &mut out);
            }
        }
        out
    }

    fn prose(&mut self, text: &str, out: &mut String) {
        let (mut is_code, mut opened) = (false, Vec::new());
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            match letter {
                '`' => is_code = !is_code,
                '[' if !is_code => opened.push(out.len()),
                ']' if !is_code => {
                    let start = opened.pop();
                    let link = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
                    if let (Some(start), Some((target, after))) = (start, link) {
                        rest = after;
                        self.link(start, target, out);
                        continue;
                    }
                }
                _ => {}
            }
            out.push(letter);
        }
    }

    /// Ends the link whose text begins at `start` of `out`.
    fn link(&mut self, start: usize, target: &str, out: &mut String) {
        let (path, anchor) = target.find('#').map_or((target, ""), |at| target.split_at(at));
        let folder = self.page.parent().unwrap_or(Path::new(""));
        let file = resolved(folder, path).filter(|_| !path.is_empty() && !path.contains(':'));
        let target = match (file, self.repository) {
            (Some(file), _) if self.pages.contains(&file) => {
                format!("{}{anchor}", staged(Path::new(path)).display())
            }
            (Some(file), _) if out[..start].ends_with('!') => {
                self.pictures.push(file);
                target.to_owned()
            }
            (Some(file), Some(repository)) => {
                format!("{repository}/blob/HEAD/{}{anchor}", file.display())
            }
            (Some(_), None) => {
                out.remove(start);
                return;
            }
            (None, _) => target.to_owned(),
        };
        out.extend(["](", &target, ")"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external;

    #[test]
    fn a_table_of_the_list_is_a_part_and_a_row_a_page() {
        let index = "# Documents\n\n| walks | |\n|---|---|\n| [`up`, here](up.md) | a [b](b.md) |\n\n\
                     | other | |\n|---|---|\n| [Keys](../crates/keys.md#top) | |\n\n| none | |\n|---|---|\n| text | |\n";
        let part = |title: &str, page: &str, path: &str| Part {
            title: title.to_owned(),
            pages: vec![(page.to_owned(), PathBuf::from(path))],
        };
        let parts = parts(index);
        assert_eq!(
            parts,
            [part("Walks", "up, here", "docs/up.md"), part("Other", "Keys", "crates/keys.md")]
        );
        let summary = summary(&parts);
        assert!(summary.ends_with(
            "\n# Walks\n\n- [up, here](docs/up.md)\n\n# Other\n\n- [Keys](crates/keys.md)\n"
        ));
    }

    #[test]
    fn links_lead_into_the_book_or_to_the_repository_or_are_text() {
        let pages = ["README.md", "docs/README.md", "docs/up.md"].map(PathBuf::from).into();
        let address = "https://git.example/acme/web";
        for (link, expected, without) in [
            ("[a](up.md#b)", "[a](up.md#b)", "[a](up.md#b)"),
            ("[a](../README.md)", "[a](../index.md)", "[a](../index.md)"),
            ("[a](README.md#b)", "[a](index.md#b)", "[a](index.md#b)"),
            ("[a](#b)", "[a](#b)", "[a](#b)"),
            (
                "[a](https://a.example/b.md)",
                "[a](https://a.example/b.md)",
                "[a](https://a.example/b.md)",
            ),
            ("![a](up.svg)", "![a](up.svg)", "![a](up.svg)"),
            (
                "x [`[a]`](../b/c.rs#d) y",
                "x [`[a]`](https://git.example/acme/web/blob/HEAD/b/c.rs#d) y",
                "x `[a]` y",
            ),
            ("`[a](b)` [c]", "`[a](b)` [c]", "`[a](b)` [c]"),
            ("```\n[a](b.rs)\n```\n", "```\n[a](b.rs)\n```\n", "```\n[a](b.rs)\n```\n"),
        ] {
            for (repository, expected) in [(Some(address), expected), (None, without)] {
                let page = Path::new("docs/page.md");
                let mut rewriting =
                    Rewriting { page, pages: &pages, repository, pictures: Vec::new() };
                assert_eq!(rewriting.text(link), expected, "{link}");
                let is_picture = link.starts_with('!');
                assert_eq!(rewriting.pictures == [Path::new("docs/up.svg")], is_picture, "{link}");
            }
        }
    }

    /// mdBook would find no page for such a link, and copy no such picture.
    #[test]
    fn the_book_of_this_repository_has_every_file_that_it_links_to() {
        let folder = external::ci_folder().unwrap().join(format!("book-{}", std::process::id()));
        stage(&external::workspace(), &folder, None).unwrap();
        let list = read(&folder.join("src/SUMMARY.md")).unwrap();
        let listed: Vec<_> =
            list.split("](").skip(1).filter_map(|it| it.split(')').next()).collect();
        let mut followed = 0;
        for page in &listed {
            let path = folder.join("src").join(page);
            let text = read(&path).unwrap();
            let links = text.split("```").step_by(2).flat_map(|prose| prose.split("](").skip(1));
            for link in links.filter_map(|rest| rest.split([')', '#']).next()) {
                let is_there = link.contains(':') || path.with_file_name(link).exists();
                assert!(link.is_empty() || is_there, "{page} links to {link}");
                followed += 1;
            }
        }
        fs::remove_dir_all(&folder).unwrap();
        assert!(listed.len() > 15 && followed > 40, "{} pages, {followed} links", listed.len());
    }
}
