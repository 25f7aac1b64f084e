//! The report at the end of `cargo xtask ci`.

use std::fmt::Write;
use std::time::Duration;

use skyward_terminal::table::Cell;
use skyward_terminal::{Table, Tone, output, text, units};

use super::Outcome;
use super::sampling::{self, Sample, Sweep};
use super::skips::Skips;

/// The way to what was skipped.
const SKIPPED: &str = "Skipped steps: `.ci/run` installs what they need on Debian and Ubuntu, as root; `--strict` fails where a skip is not written down in .ci/skips.";

/// A step's name, how it ended, and how long it took.
pub(super) type Ended = (String, Outcome, Duration);

/// All that a run tells at its end.
pub(super) struct Report {
    ended: Vec<Ended>,
    elapsed: Duration,
    /// The seed, and the sweeps that were met in part.
    sampled: Option<(String, Vec<Sweep>)>,
}

impl Report {
    /// The report of steps that have ended.
    pub(super) fn new(ended: Vec<Ended>, elapsed: Duration, sample: Option<&Sample>) -> Self {
        let sampled = sample.map(|sample| (sample.seed.clone(), sample.sweeps()));
        Self { ended, elapsed, sampled: sampled.filter(|(_, sweeps)| !sweeps.is_empty()) }
    }

    /// The table, the sweeps that were met in part, the way to what was skipped, and one line of counts, in the form that
    /// readers of test results know.
    pub(super) fn text(&self, columns: Option<usize>, color: bool) -> String {
        let mut text = table(&self.ended, self.elapsed).fitted(columns, color);
        let wrapped = |line: &str| match columns {
            Some(columns) => text::wrap(line, columns).join("\n"),
            None => line.to_owned(),
        };
        if let Some((seed, sweeps)) = &self.sampled {
            let sweeps = sampling::table(sweeps).fitted(columns, color);
            let _ = write!(text, "\n{sweeps}{}\n", wrapped(&sampling::remedy(seed)));
        }
        if self.has_skipped() {
            let _ = write!(text, "\n{}\n", wrapped(SKIPPED));
        }
        let _ = writeln!(text, "\n{}", counts(&self.ended));
        text
    }

    /// The same for the page of a run on GitHub: failed steps first in sight, by the line of counts above the table.
    pub(super) fn markdown(&self) -> String {
        let table = table(&self.ended, self.elapsed).markdown();
        let mut text = format!("### {}\n\n{table}", counts(&self.ended));
        if let Some((seed, sweeps)) = &self.sampled {
            let _ = write!(
                text,
                "\n{}\n{}\n",
                sampling::table(sweeps).markdown(),
                sampling::remedy(seed)
            );
        }
        text
    }

    /// Returns true where a step has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.ended.iter().any(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)))
    }

    fn has_skipped(&self) -> bool {
        self.ended.iter().any(|(_, outcome, _)| matches!(outcome, Outcome::Skipped(_)))
    }

    /// Says which skips the list does not allow, and which of its entries are not needed; returns true where a skip is not allowed.
    pub(super) fn held_against(&self, skips: &Skips) -> bool {
        let ended = || self.ended.iter().map(|(name, outcome, _)| (name.as_str(), outcome));
        let refused = skips.refused(ended());
        for line in skips.idle(ended()).iter().chain(&refused) {
            output::say(line);
        }
        !refused.is_empty()
    }
}

fn table(ended: &[Ended], elapsed: Duration) -> Table {
    let mut table = Table::new(["step", "result", "time", "note"]).wrap(3).wrap(0).right(2);
    for (name, outcome, time) in ended {
        let (result, note) = match outcome {
            Outcome::Passed(note) => (Cell::new("passed", Tone::Good), note),
            Outcome::Failed(note) => (Cell::new("FAILED", Tone::Bad), note),
            Outcome::Skipped(note) => (Cell::new("skipped", Tone::Caution), note),
        };
        let time = units::seconds(time.as_secs_f64());
        let note = note.lines().next().unwrap_or("");
        table.row([name.into(), result, time.into(), note.into()]);
    }
    let total = units::seconds(elapsed.as_secs_f64());
    table.row(["total".to_owned(), String::new(), total]);
    table
}

fn counts(ended: &[Ended]) -> String {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (_, outcome, _) in ended {
        *match outcome {
            Outcome::Passed(_) => &mut passed,
            Outcome::Failed(_) => &mut failed,
            Outcome::Skipped(_) => &mut skipped,
        } += 1;
    }
    format!("steps: {passed} passed, {failed} failed, {skipped} skipped")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let ended = vec![
            ("format".to_owned(), Outcome::Passed(String::new()), Duration::from_millis(12)),
            ("docs".to_owned(), Outcome::Failed("line 1\nline 2".to_owned()), Duration::ZERO),
            ("dive".to_owned(), Outcome::Skipped("no a|b in PATH".to_owned()), Duration::ZERO),
        ];
        Report { ended, elapsed: Duration::from_secs(2), sampled: None }
    }

    #[test]
    fn a_skipped_or_failed_step_shows_its_reason() {
        assert_eq!(
            report().text(None, false),
            "step    result     time  note\n\
             format  passed    12 ms\n\
             docs    FAILED   0.0 ms  line 1\n\
             dive    skipped  0.0 ms  no a|b in PATH\n\
             total            2.00 s\n\
             \nSkipped steps: `.ci/run` installs what they need on Debian and Ubuntu, as root; `--strict` fails where a skip is not \
             written down in .ci/skips.\n\
             \nsteps: 1 passed, 1 failed, 1 skipped\n"
        );
    }

    #[test]
    fn a_sample_is_told_with_its_seed_and_the_way_to_the_rest() {
        let sampled = Some(("5eed".to_owned(), sampling::parse("deployer: upgrade\t20\t167\n")));
        let report = Report { sampled, ..report() };
        let text = report.text(Some(80), false);
        assert!(
            text.contains("\ndeployer: upgrade   20  167\nseed 5eed: `cargo xtask ci --seed 5eed`"),
            "{text}"
        );
        assert!(text.contains("--exhaustive"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(report.markdown().contains("| deployer: upgrade | 20 | 167 |"));
    }

    #[test]
    fn github_gets_the_same_as_markdown() {
        assert_eq!(
            report().markdown(),
            "### steps: 1 passed, 1 failed, 1 skipped\n\n\
             | step | result | time | note |\n\
             | --- | --- | --- | --- |\n\
             | format | passed | 12 ms |  |\n\
             | docs | FAILED | 0.0 ms | line 1 |\n\
             | dive | skipped | 0.0 ms | no a\\|b in PATH |\n\
             | total |  | 2.00 s |  |\n"
        );
    }
}
