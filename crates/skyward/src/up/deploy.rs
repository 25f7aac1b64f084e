//! The deployment as rows: the deployer's events, counted.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use skyward_terminal::{Page, Stream, output, program};

use super::events::{self, Event, Own};
use super::report::{Report, Row};

/// Runs `apply`, adds its rows, and returns the address that the cluster serves at, where it has one.
pub(super) fn follow(mut apply: Command, report: &mut Report) -> Result<Option<String>> {
    let (words, started) = (program::words(&apply), Instant::now());
    output::say(&format!("\nDeploying: `{words}`"));
    report.begin("deploy");
    let ended = run(&mut apply, report).with_context(|| format!("running `{words}`"));
    let (seen, failure) = match ended {
        Ok((seen, failure)) => (seen, failure),
        Err(error) => (Seen::default(), Some(format!("{error:#}"))),
    };
    let seconds = started.elapsed().as_secs_f64();
    if !seen.digest.is_empty() {
        report.below("deployed", &seen.digest);
    }
    seen.rows(failure.as_deref(), seconds).into_iter().for_each(|row| report.add(row));
    match failure {
        None => Ok(seen.address),
        Some(reason) => Err(anyhow::anyhow!("deploy: {reason}")),
    }
}

/// Returns what was seen, and why it failed where it did.
fn run(apply: &mut Command, report: &mut Report) -> Result<(Seen, Option<String>)> {
    let mut seen = Seen::default();
    let failure = events::each(apply, |line, event| {
        report.line(line);
        seen.event(event);
    })?;
    let failure = failure.map(|said| seen.failure.clone().unwrap_or(said));
    Ok((seen, failure))
}

/// The deployment as the events of `deploy-k3s apply --output json` have told it so far.
#[derive(Default)]
struct Seen {
    /// The outcome for each object; what was changed once has changed.
    objects: BTreeMap<String, String>,
    /// The delivery of the image, and its seconds.
    delivered: Option<(String, f64)>,
    digest: String,
    /// The end of the rollout, and its seconds.
    rollout: Option<(String, f64)>,
    failure: Option<String>,
    finished: String,
    address: Option<String>,
}

impl Seen {
    fn event(&mut self, event: Event) {
        match event {
            Event::Note { .. }
            | Event::Warning { .. }
            | Event::Finding(_)
            | Event::Progress(_)
            | Event::Own(Own::Evidence(_) | Own::Log { .. }) => {
                tell(&event);
            }
            Event::Own(Own::Image { reference }) => {
                self.digest =
                    reference.split_once('@').map(|at| at.1.to_owned()).unwrap_or_default();
            }
            Event::Own(Own::Object { id, action }) => {
                let known = self.objects.entry(format!("{} {}", id.kind, id.name)).or_default();
                if known.is_empty() || known == "unchanged" {
                    *known = action;
                }
            }
            Event::Done(done) => {
                let ended =
                    Some((done.outcome.unwrap_or(done.action), done.seconds.unwrap_or(0.0)));
                match done.object.as_str() {
                    "image" => self.delivered = ended,
                    object if object.starts_with("Deployment ") => self.rollout = ended,
                    _ => {}
                }
            }
            // The first failure is the reason; what comes later comes of it.
            Event::Failed(failed) => {
                let next =
                    failed.next.map(|next| format!(". Next step: {next}")).unwrap_or_default();
                self.failure.get_or_insert_with(|| failed.reason + &next);
            }
            Event::Finished { text, address } => (self.finished, self.address) = (text, address),
            _ => {}
        }
    }

    /// One row each for the image, the objects and the rollout; `failure` is why it did not end well.
    fn rows(&self, failure: Option<&str>, seconds: f64) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some((state, seconds)) = &self.delivered {
            rows.push(Row::new("deliver", state.as_str(), Some(*seconds)));
        }
        let result = match failure {
            Some(reason) => format!("FAILED: {reason}"),
            None => format!("{}: {}", self.finished.trim_end_matches('.'), self.counts()),
        };
        rows.push(Row::new("deploy", result, Some(seconds)));
        if let (Some((state, seconds)), None) = (&self.rollout, failure) {
            rows.push(Row::new("rollout", state.as_str(), Some(*seconds)));
        }
        rows
    }

    /// `9 created, 1 unchanged`.
    fn counts(&self) -> String {
        let count = |wanted: &str| self.objects.values().filter(|action| *action == wanted).count();
        let counts = ["created", "changed", "unchanged", "deleted"].map(|name| (name, count(name)));
        let there = counts.iter().filter(|(_, count)| *count > 0);
        there.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    }
}

/// Shows an event as the deployer would have shown it itself.
fn tell(event: &Event) {
    let mut page = Page::new(Stream::Err.columns(), Stream::Err.has_color());
    page.event(event);
    output::write_err(page.text());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(lines: &str) -> Seen {
        let mut seen = Seen::default();
        for line in lines.lines() {
            seen.event(events::read(line).unwrap());
        }
        seen
    }

    const INSTALL: &str = r#"{"event":"cluster","context":"test","server":"https://127.0.0.1:6443/"}
{"event":"done","object":"build","action":"build","outcome":"built localhost:5000/web@sha256:6a19","seconds":0.5}
{"event":"done","object":"image","action":"deliver","outcome":"the registry has it already","seconds":0.05}
{"event":"image","reference":"localhost:5000/web@sha256:6a19"}
{"event":"object","id":{"kind":"Namespace","name":"web"},"action":"created"}
{"event":"object","id":{"kind":"Namespace","name":"web"},"action":"unchanged"}
{"event":"object","id":{"kind":"Service","namespace":"web","name":"web"},"action":"unchanged"}
{"event":"object","id":{"kind":"Deployment","namespace":"web","name":"web"},"action":"changed"}
"#;

    #[test]
    fn a_deployment_is_three_rows() {
        let end = r#"{"event":"done","object":"Deployment web","action":"roll out","outcome":"1 pod runs the new revision","seconds":4.4}
{"event":"finished","revision":1,"text":"Revision 1 of web serves.","address":"http://web.10-0-0-5.nip.io"}"#;
        let seen = seen(&format!("{INSTALL}{end}"));
        let rows: Vec<_> = seen
            .rows(None, 5.5)
            .into_iter()
            .map(|row| (row.step, row.result, row.seconds))
            .collect();
        let row =
            |step: &str, result: &str, seconds| (step.to_owned(), result.to_owned(), Some(seconds));
        let deploy = "Revision 1 of web serves: 1 created, 1 changed, 1 unchanged";
        let expected = [
            row("deliver", "the registry has it already", 0.05),
            row("deploy", deploy, 5.5),
            row("rollout", "1 pod runs the new revision", 4.4),
        ];
        assert_eq!(rows, expected);
        assert_eq!(seen.digest, "sha256:6a19");
        assert_eq!(seen.address.as_deref(), Some("http://web.10-0-0-5.nip.io"));
    }

    #[test]
    fn a_failure_is_told_by_its_first_reason() {
        let failed = r#"{"event":"failed","object":"rollout","action":"","reason":"web: no such image","next":"push it"}
{"event":"evidence","reason":"web: no such image","events":["Failed"],"log":[],"previous_log":[]}
{"event":"done","object":"Deployment web","action":"roll out","outcome":"2 pods run the old revision","seconds":1}
{"event":"failed","object":"rollout","action":"","reason":"later"}"#;
        let seen = seen(&format!("{INSTALL}{failed}"));
        assert_eq!(seen.failure.as_deref(), Some("web: no such image. Next step: push it"));
        let rows = seen.rows(seen.failure.as_deref(), 9.0);
        assert_eq!(rows.len(), 2, "no rollout that ended well");
        assert_eq!(rows[1].result, "FAILED: web: no such image. Next step: push it");
    }
}
