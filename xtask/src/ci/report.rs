//! The report at the end of `cargo xtask ci`.

use std::time::Duration;

use skyward_terminal::table::Cell;
use skyward_terminal::{Table, Tone, units};

use super::Outcome;

/// A step's name, how it ended, and how long it took.
type Ended = (String, Outcome, Duration);

/// The table, and under it one line of counts, in the form that readers of test results know.
pub(super) fn text(
    ended: &[Ended],
    elapsed: Duration,
    columns: Option<usize>,
    color: bool,
) -> String {
    format!("{}\n{}\n", table(ended, elapsed).fitted(columns, color), counts(ended))
}

/// The same for the page of a run on GitHub: failed steps first in sight, by the line of counts above the table.
pub(super) fn markdown(ended: &[Ended], elapsed: Duration) -> String {
    format!("### {}\n\n{}", counts(ended), table(ended, elapsed).markdown())
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

    fn ended() -> [Ended; 3] {
        [
            ("format".to_owned(), Outcome::Passed(String::new()), Duration::from_millis(12)),
            ("docs".to_owned(), Outcome::Failed("line 1\nline 2".to_owned()), Duration::ZERO),
            ("dive".to_owned(), Outcome::Skipped("no a|b in PATH".to_owned()), Duration::ZERO),
        ]
    }

    #[test]
    fn a_skipped_or_failed_step_shows_its_reason() {
        assert_eq!(
            text(&ended(), Duration::from_secs(2), None, false),
            "step    result     time  note\n\
             format  passed    12 ms\n\
             docs    FAILED   0.0 ms  line 1\n\
             dive    skipped  0.0 ms  no a|b in PATH\n\
             total            2.00 s\n\
             \nsteps: 1 passed, 1 failed, 1 skipped\n"
        );
    }

    #[test]
    fn github_gets_the_same_as_markdown() {
        assert_eq!(
            markdown(&ended(), Duration::from_secs(2)),
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
