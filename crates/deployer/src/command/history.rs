//! `history`: the revisions.

use crate::history::{self, Canary, Revision, Status};
use anyhow::Result;
use serde::Serialize;
use skyward_terminal::style::Stream;
use skyward_terminal::{Exit, Output, Table, output, units};

use crate::common::Common;
use crate::event::Event;

/// List the revisions: when, how they went, and what each changed
#[derive(clap::Args)]
pub(crate) struct Args {}

/// A revision as it is listed.
#[derive(Serialize)]
struct Line<'a> {
    revision: u32,
    started: String,
    by: &'a str,
    status: &'static str,
    image: &'a str,
    /// The differences from the revision before: `image`, `env GREETING`, `replicas`.
    changes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback_of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// The pods of its canary, where it was tried by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<Canary>,
    hash: &'a str,
    objects: usize,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, _: &Args) -> Result<Exit> {
    let session = common.open(common.notes()).await?;
    let (name, namespace) = session.release();
    let (revisions, damaged) = session.history().readable().await?;
    for damaged in damaged {
        session.shown.emit(Event::note(damaged.to_string()));
    }
    let serving = history::serving(&revisions).map(|revision| revision.number);
    let before = std::iter::once(None).chain(revisions.iter().map(Some));
    let lines: Vec<_> =
        before.zip(&revisions).map(|(before, it)| line(before, it, serving)).collect();
    match common.output {
        Output::Json => output::document(&lines)?,
        Output::Text if lines.is_empty() => {
            output::say(&format!("{name} has no revision in namespace {namespace}."));
        }
        Output::Text => output::print(&table(&lines).for_stream(Stream::Out))?,
    }
    Ok(Exit::Done)
}

fn line<'a>(before: Option<&Revision>, revision: &'a Revision, serving: Option<u32>) -> Line<'a> {
    Line {
        revision: revision.number,
        started: revision.started.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        by: &revision.by,
        status: match revision.status {
            Status::Pending => "pending",
            Status::Canary => "canary",
            Status::Failed => "failed",
            Status::Deployed if serving == Some(revision.number) => "serving",
            Status::Deployed => "superseded",
        },
        image: &revision.image,
        changes: before.map(|before| revision.changes_since(before)).unwrap_or_default(),
        rollback_of: revision.rollback_of,
        reason: revision.reason.as_deref(),
        canary: revision.canary,
        hash: &revision.hash,
        objects: revision.manifests.len(),
    }
}

/// The image is long and mostly the same: it is named where it is another one.
fn table(lines: &[Line<'_>]) -> Table {
    let mut table =
        Table::new(["revision", "started", "by", "status", "what"]).right(0).shorten(2).wrap(4);
    for (index, line) in lines.iter().enumerate() {
        let is_new = index == 0 || lines[index - 1].image != line.image;
        let image = is_new.then(|| short(line.image));
        let back = line.rollback_of.map(|number| format!("back to {number}"));
        let others = line.changes.iter().filter(|change| *change != "image").cloned();
        let pods = |canary: Canary| units::counted(canary.pods.into(), "pod");
        let canary = line
            .canary
            .filter(|_| line.status == "canary")
            .map(|it| format!("in {}: `promote` or `abort`", pods(it)));
        let promoted = line.canary.filter(|it| it.promoted);
        let promoted = promoted.map(|it| format!("after a canary of {}", pods(it)));
        let what: Vec<String> = back
            .into_iter()
            .chain(canary)
            .chain(promoted)
            .chain(image)
            .chain(others)
            .chain(line.reason.map(str::to_owned))
            .collect();
        table.row([
            line.revision.to_string(),
            line.started.clone(),
            line.by.to_owned(),
            line.status.to_owned(),
            what.join(", "),
        ]);
    }
    table
}

/// The image with the first 12 digits of its digest, as Docker shows them, and without its registry.
fn short(image: &str) -> String {
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    let name = name.rsplit('/').next().unwrap_or(name);
    match digest.split_once(':') {
        Some((algorithm, digits)) => {
            format!("{name}@{algorithm}:{}", digits.get(..12).unwrap_or(digits))
        }
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell as long as it comes: nothing that matters is cut at 80 columns, and what has changed is told.
    #[test]
    fn the_list_fits_a_terminal_of_80_columns() {
        let of =
            |revision: u32, status: &'static str, digit: &'static str, changes: &[&str]| Line {
                revision,
                started: "2026-01-02 03:04:05Z".to_owned(),
                by: "somebody.with.a.long.name@build-machine-17.internal.example.com",
                status,
                image: digit,
                changes: changes.iter().map(|change| (*change).to_owned()).collect(),
                rollback_of: (revision == 103).then_some(101),
                reason: (revision == 102)
                    .then_some("Deployment web: the image cannot be pulled: not found"),
                canary: None,
                hash: "",
                objects: 9,
            };
        let (one, two) = (
            "registry.internal.example.com/a/long/path/web@sha256:1111111111111111111111111111111111111111111111111111111111111111",
            "registry.internal.example.com/a/long/path/web@sha256:2222222222222222222222222222222222222222222222222222222222222222",
        );
        let lines = [
            of(101, "superseded", one, &[]),
            of(102, "failed", two, &["image", "env GREETING", "replicas", "memory limit"]),
            of(103, "serving", one, &["image"]),
        ];
        let shown = table(&lines).fitted(Some(80), false);
        for line in shown.lines() {
            assert!(skyward_terminal::text::width(line) <= 80, "{line}\n{shown}");
        }
        // What is broken over several lines goes on in the last column alone.
        let said = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "superseded web@sha256:111111111111 102",
            "failed web@sha256:222222222222, env GREETING, replicas, memory limit, Deployment web: ",
            "2026-01-02 03:04:05Z",
            "serving back to 101, web@sha256:111111111111",
        ] {
            assert!(said.contains(part), "{part}: {shown}");
        }
        for part in ["web@sha256:111111111111", "web@sha256:222222222222,"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}
