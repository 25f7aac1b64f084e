//! `cargo xtask affected`: which packages and which jobs a change touches.
//!
//! `git` tells the changed files, `graph` the packages, `rules` all other files; `decide` is pure.

mod decide;
mod git;
mod graph;
mod rules;

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;
use skyward_terminal::{Stream, Table, output, text};

use crate::{external, github};
pub(crate) use decide::{Affected, Job};
use git::Base;
use graph::Graph;

/// The beginning of the change to look at.
#[derive(Args)]
pub(crate) struct Change {
    /// Compare with what this commit and the change have in common [default: origin/main, else main]
    #[arg(long, value_name = "REF")]
    base: Option<String>,
}

/// The options of `cargo xtask affected`.
#[derive(Args)]
pub(crate) struct Command {
    #[command(flatten)]
    change: Change,
    /// The change's last commit [default: the working tree, files that git does not know yet included]
    #[arg(long, value_name = "REF")]
    head: Option<String>,
    /// The form of standard output; `GITHUB_OUTPUT` gets GitHub's in any case
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Output {
    /// A table, for people
    #[default]
    Text,
    /// JSON
    Json,
    /// Lines of `name=value`, as GitHub reads outputs
    Github,
}

impl Change {
    /// Returns true where the command line says where the change begins.
    pub(crate) fn is_named(&self) -> bool {
        self.base.is_some()
    }

    /// The names of the workspace's packages.
    pub(crate) fn packages() -> Result<Vec<String>> {
        Ok(Graph::of_workspace()?.names().map(str::to_owned).collect())
    }

    /// Finds what the change touches, up to `head` or else up to the working tree.
    pub(crate) fn affected(&self, head: Option<&str>) -> Result<Affected> {
        let folder = external::workspace();
        let graph = Graph::of_workspace()?;
        let name = match &self.base {
            Some(name) => name,
            None => git::main_branch(&folder)?,
        };
        match git::base(&folder, name, head.unwrap_or("HEAD"))? {
            Base::Commit(base) => {
                let paths = match head {
                    Some(head) => git::between(&folder, &base, head)?,
                    None => git::since(&folder, &base)?,
                };
                Ok(Affected { base, ..decide::decide(&graph, &paths) })
            }
            Base::Unknown(base) => {
                output::say(&format!(
                    "affected: nothing here goes back to {base}: everything counts as changed"
                ));
                Ok(Affected { base, ..Affected::everything(&graph) })
            }
        }
    }
}

impl Command {
    /// Answers on standard output, and where GitHub asks.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let affected = self.change.affected(self.head.as_deref())?;
        match self.output {
            Output::Text => output::print(&table(&affected, Stream::Out.columns()))?,
            Output::Json => output::line(&format!("{:#}", to_json(&affected)))?,
            Output::Github => output::print(&outputs(&affected))?,
        }
        github::output(&outputs(&affected))?;
        let text = table(&affected, None);
        github::summary(&format!("### What the change touches\n\n```\n{text}```"))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Affected {
    /// Packages and jobs, in two lines.
    pub(crate) fn summary(&self) -> String {
        let listed = |names: Vec<&str>| match names[..] {
            [] => "none".to_owned(),
            _ => names.join(", "),
        };
        let packages = listed(self.packages.iter().map(String::as_str).collect());
        let jobs = listed(self.jobs.iter().map(|job| job.name()).collect());
        let all = if self.everything { " (everything)" } else { "" };
        format!("packages{all}: {packages}\njobs{all}: {jobs}")
    }
}

fn table(affected: &Affected, columns: Option<usize>) -> String {
    let mut table = Table::new(["changed", "what it is"]).wrap(1).wrap(0);
    for (path, what) in &affected.files {
        table.row([path.clone(), what.clone()]);
    }
    let summary = affected.summary();
    let summary =
        columns.map_or(summary.clone(), |columns| text::wrap(&summary, columns).join("\n"));
    format!("{}\n{summary}\n", table.fitted(columns, false))
}

fn to_json(affected: &Affected) -> serde_json::Value {
    let jobs: Vec<_> = affected.jobs.iter().map(|job| job.name()).collect();
    json!({
        "base": affected.base,
        "everything": affected.everything,
        "files": affected.files,
        "jobs": jobs,
        "packages": affected.packages,
    })
}

/// One output for each job, and the packages as a list for a matrix.
fn outputs(affected: &Affected) -> String {
    let mut lines = format!("base={}\neverything={}\n", affected.base, affected.everything);
    let _ = writeln!(lines, "packages={}", json!(affected.packages));
    for job in Job::ALL {
        let _ = writeln!(lines, "{}={}", job.name(), affected.jobs.contains(&job));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn affected(paths: &[&str]) -> Affected {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        decide::decide(&graph::tests::example(), &paths)
    }

    #[test]
    fn people_see_what_each_file_is() {
        assert_eq!(
            table(&affected(&["README.md", "crates/provisioner/src/cli.rs"]), None),
            "changed                        what it is\n\
             README.md                      a document\n\
             crates/provisioner/src/cli.rs  skyward-provisioner\n\
             \npackages: skyward-provisioner\njobs: documents, provision\n"
        );
        assert_eq!(
            table(&affected(&[]), None),
            "changed  what it is\n\npackages: none\njobs: none\n"
        );
        assert!(
            table(&affected(&["a"]), None).contains("jobs (everything): dependencies, documents")
        );
    }

    #[test]
    fn github_reads_one_line_an_output() {
        assert_eq!(
            outputs(&affected(&["crates/provisioner/src/cli.rs"])),
            "base=\neverything=false\n\
             packages=[\"skyward-provisioner\"]\n\
             dependencies=false\n\
             documents=false\n\
             image=false\n\
             kubernetes=false\n\
             provision=true\n\
             workflows=false\n"
        );
    }

    #[test]
    fn scripts_read_json() {
        assert_eq!(
            to_json(&affected(&["README.md"])),
            json!({
                "base": "",
                "everything": false,
                "files": { "README.md": "a document" },
                "jobs": ["documents"],
                "packages": [],
            })
        );
    }
}
