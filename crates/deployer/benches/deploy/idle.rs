//! A run with nothing to do: wall time and memory, in turns with Helm.

use anyhow::{Result, ensure};

use crate::IDLE;
use crate::programs::Programs;
use skyward_testkit::bench::measure::{Run, median};
use skyward_testkit::bench::{Row, Target};

/// Runs of each program.
const RUNS: usize = 10;

/// Of Helm's own.
const TIME: Target = Target::AtMost(0.1);
const MEMORY: Target = Target::AtMost(0.2);

/// One row for the time and one for the memory.
pub(crate) fn rows(programs: &Programs) -> Result<Vec<Row>> {
    eprintln!("{RUNS} runs with nothing to do{}", programs.contents.beside);
    let (mut ours, mut helms) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let run = programs.apply(&["--image", &programs.image])?.succeeded()?;
        ensure!(
            run.printed.contains("Nothing to do"),
            "there was something to do: {}",
            run.printed
        );
        ours.push(run);
        if programs.helm.is_ok() {
            helms.push(programs.upgrade(&programs.image)?.succeeded()?);
        }
    }
    Ok(vec![
        row(("time", "ms", TIME), programs, [&ours, &helms], |run| run.seconds * 1e3),
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        row(("memory", "MB", MEMORY), programs, [&ours, &helms], |run| run.resident as f64 / 1e6),
    ])
}

fn row(
    (what, unit, target): (&str, &str, Target),
    programs: &Programs,
    [ours, helms]: [&[Run]; 2],
    figure: impl Fn(&Run) -> f64,
) -> Row {
    let title = format!("{IDLE}{}, {what} against Helm", programs.contents.beside);
    let ours = median(ours.iter().map(&figure));
    match &programs.helm {
        Err(reason) => Row::skipped(title, format!("{reason}; ours: {ours:.1} {unit}")),
        Ok(version) => {
            let helms = median(helms.iter().map(&figure));
            let mut row = Row::new(title, ours / helms, "×", target);
            row.note = format!(
                "medians of {RUNS} in turns: ours {ours:.1} {unit}, Helm {version} {helms:.1} {unit}"
            );
            row
        }
    }
}
