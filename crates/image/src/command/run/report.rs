//! Events as lines for people or as JSON, one object a line.

use std::io::Write;

use skyward_image::dive::human_bytes;
use skyward_image::run::Event;

use crate::output::Output;

/// Writes `event` to standard output; a reader that went away is no reason to stop.
pub(super) fn write(output: Output, event: &Event) {
    let line = match output {
        Output::Text => line(event),
        Output::Json => serde_json::to_string(event).unwrap_or_default(),
    };
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn line(event: &Event) -> String {
    match event {
        Event::Unpacked { folder, bytes, seconds } => {
            format!(
                "unpacked {} into {} ({:.1} ms)",
                human_bytes(*bytes),
                folder.display(),
                seconds * 1000.0
            )
        }
        Event::Started { address, admin, pid, isolation } => {
            format!(
                "started {address}, probes and metrics {admin} (process {pid}, isolation: {isolation})"
            )
        }
        Event::Check(check) => {
            let verdict = if check.ok { "ok    " } else { "FAILED" };
            let status = check.status.map_or_else(String::new, |status| format!(" {status}"));
            format!(
                "{verdict} {}{status} ({:.1} ms) {}",
                check.name,
                check.seconds * 1000.0,
                check.detail
            )
        }
        Event::Checked { ok: true } => "all checks passed".to_owned(),
        Event::Checked { ok: false } => "checks failed".to_owned(),
        Event::Stopping { signal } => format!("stopping ({signal})"),
        Event::Stopped { code, seconds: Some(seconds) } => {
            format!("stopped with exit code {code} after {:.1} ms", seconds * 1000.0)
        }
        Event::Stopped { code, seconds: None } => {
            format!("the program ended with exit code {code}")
        }
    }
}
