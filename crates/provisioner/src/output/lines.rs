//! Events as plain lines on standard error: one a change.

use std::cell::RefCell;
use std::io::{Write, stderr};

use skyward_provisioner::event::{Event, Sink};
use tokio::time::Instant;

use super::{harmless, has_color, tables, time};

/// One line a change, each with the time since the first.
pub(super) struct Lines {
    begun: RefCell<Option<Instant>>,
    /// Only what people should know, not what happens.
    is_quiet: bool,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { begun: RefCell::default(), is_quiet: false }
    }

    pub(super) fn notes() -> Self {
        Self { begun: RefCell::default(), is_quiet: true }
    }
}

impl Sink for Lines {
    fn emit(&self, event: Event) {
        if self.is_quiet && !matches!(event, Event::Note { .. } | Event::Finding(_)) {
            return;
        }
        let begun = *self.begun.borrow_mut().get_or_insert_with(Instant::now);
        let text = text(&event, Some(begun.elapsed().as_secs_f64()), has_color());
        // Standard error that is gone is no reason to end in the middle.
        let _ = write!(stderr(), "{text}");
    }
}

/// An event as lines; none for what a table shows.
pub(super) fn text(event: &Event, at: Option<f64>, color: bool) -> String {
    let at = at.map(|at| format!("{:>10}  ", time(at))).unwrap_or_default();
    let text = match event {
        Event::Account { account, arn, region, stack } => {
            format!("stack {stack} in account {account}, {region}, as {arn}\n")
        }
        Event::Finding(finding) => {
            format!("PROBLEM   {}\n          Next step: {}\n", finding.problem, finding.next)
        }
        // Its colours are ours, and its values are quoted.
        Event::Planned(plan) => return tables::plan(plan, color),
        Event::Started { id, kind, action, expected_s, is_critical } => {
            let mark = if *is_critical { ", on the critical path" } else { "" };
            let usual = if *expected_s >= 20.0 {
                format!(" (usually {}{mark})", time(*expected_s))
            } else {
                String::new()
            };
            format!("{at}{action:<8} {id}: {kind}{usual}\n")
        }
        Event::Progress { id, state, elapsed_s, expected_s } => {
            let left = expected_s - elapsed_s;
            let left =
                if left > 0.0 { format!(", usually {} more", time(left)) } else { String::new() };
            format!("{at}...      {id}: {state} for {}{left}\n", time(*elapsed_s))
        }
        Event::Done { id, action, seconds } => {
            format!("{at}done     {id}: {action} took {}\n", time(*seconds))
        }
        Event::Failed { id, action, reason, next } => {
            format!("{at}FAILED   {id}: {action}: {reason}\n{:12}Next step: {next}\n", "")
        }
        Event::Note { text } => format!("note      {text}\n"),
        Event::Timeline { spans, seconds, critical_s } => {
            let critical: Vec<String> = spans
                .iter()
                .filter(|span| span.is_critical)
                .map(|span| span.id.to_string())
                .collect();
            format!(
                "{} steps in {}; critical path {}: {}\n",
                spans.len(),
                time(*seconds),
                time(*critical_s),
                critical.join(" → ")
            )
        }
        Event::Page { url, text } => format!("page      {url} answers: {text}\n"),
        Event::Outputs(outputs) => {
            let rows = outputs.rows();
            let rows = rows.iter().map(|(name, value)| format!("{name:<20}{value}"));
            rows.collect::<Vec<_>>().join("\n") + "\n"
        }
        Event::Finished { text, .. } => format!("{text}\n"),
    };
    harmless(&text)
}
