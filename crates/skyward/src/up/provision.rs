//! The simulated provisioning as rows: the provisioner's events, counted.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use skyward_terminal::{output, program, units};

use super::dashboard::Told;
use super::events::{self, Event, Own};
use super::report::{Report, Row};

/// Runs `apply --simulate`, and adds its rows. `graph` draws the plan for the dashboard, where there is one.
pub(super) fn follow(
    mut apply: Command,
    mut graph: Option<Command>,
    report: &mut Report,
) -> Result<()> {
    let words = program::words(&apply);
    output::say(&format!("\nProvisioning a simulated account: `{words}`"));
    let mut seen = Seen::default();
    report.begin("provision");
    let ended = events::each(&mut apply, |line, event| {
        report.line(line);
        if let (Event::Own(Own::Plan {}), Some(graph)) = (&event, &mut graph) {
            match picture(graph, line) {
                Ok(svg) => report.tell(&Told::Topology { svg: &svg }),
                Err(error) => output::say(&format!("The dashboard has no picture: {error:#}")),
            }
        }
        seen.event(event);
    });
    let failure = ended.with_context(|| format!("running `{words}`"))?;
    seen.rows(failure.as_deref()).into_iter().for_each(|row| report.add(row));
    if let Some(page) = &seen.page {
        report.below("aws page", page);
    }
    match failure {
        None => Ok(()),
        Some(reason) => Err(anyhow::anyhow!("provision: {reason}")),
    }
}

/// The picture of a plan.
fn picture(graph: &mut Command, plan: &str) -> Result<String> {
    let words = program::words(graph);
    let mut child = graph
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{words}`"))?;
    // Gone, and so closed, at the end of the statement.
    child
        .stdin
        .take()
        .context("the child's standard input is a pipe")?
        .write_all(plan.as_bytes())?;
    let output = child.wait_with_output().with_context(|| format!("running `{words}`"))?;
    ensure!(output.status.success(), "`{words}` ended with {}; its reason is above", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// The provisioning as the events of `provision-aws apply --simulate --output json` have told it so far.
#[derive(Default)]
struct Seen {
    /// Since the first event: what cargo compiles before is not the provisioner's time.
    begun: Option<Instant>,
    /// The actions, and how often each was taken.
    done: BTreeMap<String, usize>,
    /// Simulated seconds: of the run, and of its critical path.
    seconds: Option<(f64, f64)>,
    page: Option<String>,
    /// The load balancer's answer.
    answer: Option<String>,
}

impl Seen {
    fn event(&mut self, event: Event) {
        self.begun.get_or_insert_with(Instant::now);
        match event {
            Event::Done(done) => *self.done.entry(done.action).or_default() += 1,
            Event::Own(Own::Timeline { seconds, critical_s }) => {
                self.seconds = Some((seconds, critical_s));
            }
            Event::Own(Own::Outputs { page }) => self.page = page,
            Event::Own(Own::Page { text }) => self.answer = Some(text),
            _ => {}
        }
    }

    /// One row for the resources, one for the page.
    fn rows(&self, failure: Option<&str>) -> Vec<Row> {
        let real = self.begun.map(|begun| begun.elapsed().as_secs_f64());
        let result = match (failure, self.seconds) {
            (Some(reason), _) => format!("FAILED: {reason}"),
            (None, Some((seconds, critical))) => {
                let (seconds, critical) = (units::whole(seconds), units::whole(critical));
                format!("simulated: {} in {seconds} (critical path {critical})", self.counts())
            }
            (None, None) => format!("simulated: {}", self.counts()),
        };
        let mut rows = vec![Row::new("provision", result, real)];
        if let (Some(answer), None) = (&self.answer, failure) {
            rows.push(Row::new("aws page", format!("simulated: {answer}"), None));
        }
        rows
    }

    /// `41 resources created`.
    fn counts(&self) -> String {
        let counts: Vec<_> = self
            .done
            .iter()
            .map(|(action, count)| {
                let resources = units::counted(*count, "resource");
                format!("{resources} {}d", action.trim_end_matches('d'))
            })
            .collect();
        if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_apply_is_two_rows() {
        let mut seen = Seen::default();
        for line in r#"{"event":"done","object":"vpc","action":"create","seconds":1.5,"schema":1}
{"event":"done","object":"db-cluster","action":"create","outcome":"created","seconds":720,"schema":1}
{"event":"timeline","spans":[],"seconds":778.9,"critical_s":770}
{"event":"outputs","page":"http://skyward-web-1.elb.amazonaws.com"}
{"event":"page","text":"It works!"}"#
            .lines()
        {
            seen.event(events::read(line).unwrap());
        }
        let results = |rows: Vec<Row>| rows.into_iter().map(|row| row.result).collect::<Vec<_>>();
        assert_eq!(
            results(seen.rows(None)),
            [
                "simulated: 2 resources created in 12 min 59 s (critical path 12 min 50 s)",
                "simulated: It works!",
            ]
        );
        assert_eq!(seen.page.as_deref(), Some("http://skyward-web-1.elb.amazonaws.com"));
        assert_eq!(results(seen.rows(Some("no zone"))), ["FAILED: no zone"]);
    }
}
