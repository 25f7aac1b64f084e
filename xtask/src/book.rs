//! The documents as a small book: staged with their layout, built by mdBook, and every internal link of its pages followed.
//!
//! A document stays what GitHub shows. What differs in the book (its list of pages, links to files that are no part of it) is made from
//! the documents when they are staged into `target/book`.

mod check;
mod stage;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::external;

/// The size of a book that was built.
pub(crate) struct Built {
    pub(crate) pages: usize,
    pub(crate) links: usize,
}

/// Stages the documents, builds the book by mdBook and follows its links; an error names each that leads nowhere.
pub(crate) fn build() -> Result<Built> {
    let folder = external::workspace().join("target/book");
    stage::stage(&external::workspace(), &folder, repository().as_deref())?;
    let mut mdbook = Command::new("mdbook");
    mdbook.arg("build").arg(&folder).stdout(std::io::stderr());
    let words = external::words(&mdbook);
    let status = mdbook.status().with_context(|| format!("starting `{words}`"))?;
    ensure!(status.success(), "book: `{words}` ended with {status}; its reason is above");
    let followed = check::follow(&folder.join("html"))?;
    ensure!(
        followed.broken.is_empty(),
        "book: {} of {} links lead nowhere:\n{}\nNext step: mend them in the documents of the same names",
        followed.broken.len(),
        followed.links,
        followed.broken.join("\n")
    );
    Ok(Built { pages: followed.pages, links: followed.links })
}

/// The address of the repository, where GitHub runs us (its "Default environment variables").
fn repository() -> Option<String> {
    let server = std::env::var("GITHUB_SERVER_URL").ok()?;
    Some(format!("{server}/{}", std::env::var("GITHUB_REPOSITORY").ok()?))
}

/// The path that `link` means in a file of the folder `from`; none where it leads out of the root.
fn resolved(from: &Path, link: &str) -> Option<PathBuf> {
    let mut path = from.to_owned();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." if path.pop() => {}
            ".." => return None,
            part => path.push(part),
        }
    }
    Some(path)
}
