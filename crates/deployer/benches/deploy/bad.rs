//! An image that is not there: how long until the reason is told.

use anyhow::{Context, Result, ensure};

use crate::BAD;
use crate::programs::Programs;
use skyward_testkit::bench::measure::Run;
use skyward_testkit::bench::{Peer, Row, Target};

/// Seconds until ours is told. Helm waits for its timeout, which is left as it is (300 s).
const TARGET: Target = Target::AtMost(2.0);

/// One row, with Helm's figure where it is waited for.
pub(crate) fn row(programs: &Programs, quick: bool) -> Result<Row> {
    let image = absent(&programs.image)?;
    let helm = match &programs.helm {
        Ok(_) if quick => Err("left out by --quick".to_owned()),
        other => other.clone(),
    };
    eprintln!(
        "a bad image{}",
        if helm.is_ok() { "; Helm waits for its timeout (300 s)" } else { "" }
    );
    // Both wait; neither is slower for the other.
    let (ours, helms) = std::thread::scope(|scope| {
        let helms = scope.spawn(|| helm.is_ok().then(|| programs.upgrade(&image)));
        // Without going back, which comes after the reason.
        let ours = programs.apply(&["--image", &image, "--no-rollback"]);
        (ours, helms.join().expect("a run of Helm does not panic"))
    });
    let ours = failed(ours?)?;
    ensure!(
        ours.printed.contains("Pull"),
        "the reason is another than the image: {}",
        ours.printed
    );
    let mut row = Row::new(BAD, ours.seconds, "s", TARGET);
    let mut said = vec![format!("ours: {}", last_line(&ours))];
    let value = match (helm, helms.transpose()?) {
        (Err(reason), _) => Err(reason),
        (Ok(_), None) => Err("not run".to_owned()),
        (Ok(_), Some(run)) => {
            let run = failed(run)?;
            said.push(format!("Helm: {}", last_line(&run)));
            Ok(run.seconds)
        }
    };
    row.note = said.join("; ");
    row.peers.push(Peer { name: "Helm", value });
    Ok(row)
}

/// The same repository with a digest that nothing has.
fn absent(image: &str) -> Result<String> {
    let (repository, _) = image.split_once('@').context("the image is known by no digest")?;
    Ok(format!("{repository}@sha256:{}", "0".repeat(64)))
}

fn failed(run: Run) -> Result<Run> {
    ensure!(!run.ok, "a deployment of an image that is not there has succeeded: {}", run.printed);
    Ok(run)
}

fn last_line(run: &Run) -> String {
    run.printed.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
}
