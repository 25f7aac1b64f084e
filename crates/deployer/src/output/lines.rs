//! Events as lines on standard error.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use skyward_deployer::diff::{self, Change, Difference};
use skyward_deployer::event::{Action, Event, Sink};
use skyward_deployer::rollout::Failure;

/// One line a change. On a terminal, what is waited for is one line that renews itself, with the time that is left.
pub(super) struct Lines {
    /// Without a terminal there is none.
    status: Option<Arc<Mutex<Status>>>,
}

/// What is waited for, as it stands in the terminal's last line.
#[derive(Default)]
struct Status {
    text: String,
    ends: Option<Instant>,
}

impl Lines {
    pub(super) fn boxed() -> Box<dyn Sink> {
        let status = stderr().is_terminal().then(|| Arc::new(Mutex::new(Status::default())));
        if let Some(status) = &status {
            let status = Arc::downgrade(status);
            std::thread::spawn(move || renew(&status));
        }
        Box::new(Self { status })
    }
}

/// Shows the time that is left, every second, until the sink is gone.
fn renew(status: &Weak<Mutex<Status>>) {
    while let Some(status) = status.upgrade() {
        status.lock().unwrap_or_else(PoisonError::into_inner).show();
        drop(status);
        std::thread::sleep(Duration::from_secs(1));
    }
}

impl Status {
    // Standard error that is gone is no reason to end in the middle: what cannot be shown is not.
    fn show(&self) {
        let Some(ends) = self.ends else { return };
        let left = ends.saturating_duration_since(Instant::now()).as_secs();
        let line = format!("waiting  {left} s  {}", self.text);
        let line: String = line.chars().take(width()).collect();
        let mut out = stderr().lock();
        let _ = write!(out, "\r\x1b[2K{line}").and_then(|()| out.flush());
    }

    fn clear(&mut self) {
        if self.ends.take().is_some() {
            let _ = write!(stderr(), "\r\x1b[2K");
        }
    }
}

impl Sink for Lines {
    fn emit(&mut self, event: Event) {
        let Some(status) = &self.status else {
            let _ = write!(stderr(), "{}", text(&event, false));
            return;
        };
        let mut status = status.lock().unwrap_or_else(PoisonError::into_inner);
        status.clear();
        if let Event::Waiting { on, state, remaining_s } = event {
            status.text = harmless(&format!("{on}: {state}")).replace('\n', " ");
            status.ends = Some(Instant::now() + Duration::from_secs(remaining_s));
            status.show();
        } else {
            let _ = write!(stderr(), "{}", text(&event, std::env::var_os("NO_COLOR").is_none()));
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(status) = &self.status {
            status.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

/// The terminal's width, or what every terminal has; one less, so that no cursor stands in the next line.
fn width() -> usize {
    let columns = rustix::termios::tcgetwinsize(stderr()).map_or(80, |size| size.ws_col);
    usize::from(columns).max(20) - 1
}

/// An event as lines.
fn text(event: &Event, color: bool) -> String {
    let text = match event {
        // `diff` shows the whole object; here the lines that follow would be buried below it.
        Event::Change(Difference { id, change: Change::Create, .. }) => format!("+ {id}\n"),
        Event::Change(Difference { id, change: Change::Delete, .. }) => format!("- {id}\n"),
        // Its values are quoted already, and its colours are ours.
        Event::Change(difference) => return diff::text(std::slice::from_ref(difference), color),
        Event::Cluster { context, server } => format!("cluster  {context} at {server}\n"),
        Event::Image { reference } => format!("image    {reference}\n"),
        Event::Note { text } => format!("note     {text}\n"),
        Event::Object { action: Action::Unchanged, .. } => String::new(),
        Event::Object { id, action } => format!("{:<9}{id}\n", word(*action)),
        Event::Waiting { on, state, remaining_s } => {
            format!("waiting  {on}: {state} (at most {remaining_s} s)\n")
        }
        Event::Progress { on, state } => format!("{on:<9}{state}\n"),
        Event::Ready { on, state, seconds } => format!("ready    {on}: {state} ({seconds:.1} s)\n"),
        Event::Failed(failure) => failed(failure),
        Event::Finished { text, .. } => format!("{text}\n"),
    };
    harmless(&text)
}

/// What a cluster says may hold anything; nothing in it commands the terminal.
fn harmless(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() && letter != '\n', "\u{fffd}")
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Created => "created",
        Action::Changed => "changed",
        Action::Unchanged => "unchanged",
        Action::Deleted => "deleted",
    }
}

/// Why, and what was seen of the failing pod.
fn failed(failure: &Failure) -> String {
    let mut lines = vec![format!("FAILED   {}", failure.reason)];
    for (title, found) in [
        ("events", &failure.events),
        ("log", &failure.log),
        ("log before the last restart", &failure.previous_log),
    ] {
        if !found.is_empty() {
            lines.push(format!("  {title}:"));
        }
        lines.extend(found.iter().map(|line| format!("    {line}")));
    }
    lines.join("\n") + "\n"
}
