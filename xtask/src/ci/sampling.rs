//! Sweeps met in part: a sample of the kills, faults and seeds of each, chosen by a seed that changes with the commit.
//!
//! The tests read the seed from a variable, and write down how much of each sweep they met (`skyward_testkit::sample`).

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use skyward_terminal::Table;

use crate::external;

/// The part of the sweeps that is run.
#[derive(Args)]
pub(super) struct Sampling {
    /// Run the sweeps over every kill, fault and seed whole, which takes the better part of an hour.
    #[arg(long)]
    exhaustive: bool,
    /// The seed that chooses the sample of each sweep [default: the commit].
    #[arg(long, value_name = "TEXT", conflicts_with = "exhaustive")]
    seed: Option<String>,
}

/// A chosen sample, and the file in which the tests write down how much they met.
pub(super) struct Sample {
    pub(super) seed: String,
    log: PathBuf,
}

/// A sweep that was met in part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sweep {
    name: String,
    met: usize,
    of: usize,
}

impl Sampling {
    /// The sample; none where the sweeps are run whole.
    pub(super) fn sample(&self) -> Result<Option<Sample>> {
        if self.exhaustive {
            return Ok(None);
        }
        let log = external::ci_folder()?.join(format!("sweeps-{}.tsv", std::process::id()));
        std::fs::write(&log, "").with_context(|| format!("writing {}", log.display()))?;
        Ok(Some(Sample { seed: self.seed.clone().unwrap_or_else(commit), log }))
    }
}

/// The commit, abbreviated; outside of a repository the same text each time.
fn commit() -> String {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--short", "HEAD"]).current_dir(external::workspace());
    let output = git.output().ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| "no-commit".to_owned())
}

/// Tells the tests of a step how much of their sweeps to meet.
pub(super) fn tell(sample: Option<&Sample>, command: &mut Command) {
    match sample {
        Some(sample) => {
            command.env("SKYWARD_SAMPLE", &sample.seed).env("SKYWARD_SAMPLE_LOG", &sample.log)
        }
        None => command.env_remove("SKYWARD_SAMPLE").env_remove("SKYWARD_SAMPLE_LOG"),
    };
}

impl Sample {
    /// The sweeps that were met in part, by name.
    pub(super) fn sweeps(&self) -> Vec<Sweep> {
        parse(&std::fs::read_to_string(&self.log).unwrap_or_default())
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}

/// Reads lines of name, points met and all points, with tabs between them. A sweep that was run whole is left out.
pub(super) fn parse(text: &str) -> Vec<Sweep> {
    let mut sweeps: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let mut parts = line.split('\t');
            let (name, met, of) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Sweep { name: name.to_owned(), met: met.parse().ok()?, of: of.parse().ok()? })
        })
        .filter(|sweep| sweep.met < sweep.of)
        .collect();
    sweeps.sort_by(|one, other| one.name.cmp(&other.name));
    sweeps
}

/// The table of the sweeps.
pub(super) fn table(sweeps: &[Sweep]) -> Table {
    let mut table = Table::new(["sampled sweep", "met", "of"]).wrap(0).right(1).right(2);
    for sweep in sweeps {
        table.row([sweep.name.clone(), sweep.met.to_string(), sweep.of.to_string()]);
    }
    table
}

/// The line below the table of the sweeps: how the same sample is met again, and how the rest.
pub(super) fn remedy(seed: &str) -> String {
    format!(
        "seed {seed}: `cargo xtask ci --seed {seed}` meets the same points, `cargo xtask ci --exhaustive` all of them"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_was_met_in_part_is_listed() {
        let text = "deployer: upgrade\t20\t167\nbroken line\nk3s: up\t9\t9\naws: apply\t40\t1515\n";
        let sweeps = parse(text);
        assert_eq!(
            table(&sweeps).fitted(None, false),
            "sampled sweep      met    of\naws: apply          40  1515\ndeployer: upgrade   20   167\n"
        );
    }

    #[test]
    fn a_whole_run_does_not_hear_of_a_seed() {
        let mut command = Command::new("true");
        tell(None, &mut command);
        assert!(command.get_envs().all(|(_, value)| value.is_none()));
        let sampling = Sampling { exhaustive: false, seed: Some("5eed".to_owned()) };
        let sample = sampling.sample().unwrap().expect("not exhaustive");
        tell(Some(&sample), &mut command);
        let told = command.get_envs().any(|(name, value)| {
            name == "SKYWARD_SAMPLE" && value.is_some_and(|value| value == "5eed")
        });
        assert!(told);
        assert!(sample.log.exists());
    }
}
