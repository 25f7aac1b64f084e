//! The status on a terminal: the steps under way, below the lines that stay, redrawn in place.
//!
//! [`View`] is pure and lays a frame out; [`Live`] draws it by indicatif, once a second and at each event. In a line the
//! object and its state come before all times, and times go first where the terminal is narrow: the state is what one
//! looks for, and it is whole.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::event::Event;
use crate::page::{Clock, state};
use crate::style::Stream;
use crate::{output, text, units};

/// The interval in which its times are renewed.
const TICK: Duration = Duration::from_secs(1);
/// Lines of the terminal that a frame leaves to what was printed before it.
const LINES_LEFT: usize = 3;
/// Lines that a long state may take below its step.
const STATE_LINES: usize = 2;

/// A step under way. Times are in seconds of the view's clock.
#[derive(Debug, Clone, Default)]
struct Step {
    action: String,
    state: String,
    begun: f64,
    /// When it will probably be done.
    due: Option<f64>,
    /// When the wait is given up.
    limit: Option<f64>,
    is_critical: bool,
}

/// The steps under way, and how many are complete.
#[derive(Debug, Default)]
pub struct View {
    steps: BTreeMap<String, Step>,
    planned: usize,
    done: usize,
}

impl View {
    /// Takes an event. Returns true where the view shows it and no line is needed.
    pub fn take<Own>(&mut self, event: &Event<Own>, now: f64) -> bool {
        match event {
            Event::Planned(_) => {
                self.planned += 1;
                false
            }
            Event::Started(started) => {
                let step = self.steps.entry(started.object.clone()).or_default();
                started.action.clone_into(&mut step.action);
                step.begun = now;
                step.due = started.expected_s.map(|seconds| now + seconds);
                step.is_critical = started.is_critical;
                true
            }
            Event::Progress(progress) => {
                let step = self
                    .steps
                    .entry(progress.object.clone())
                    .or_insert_with(|| Step { begun: now, ..Step::default() });
                if !progress.action.is_empty() {
                    progress.action.clone_into(&mut step.action);
                }
                step.state = state(progress);
                if let Some(elapsed) = progress.elapsed_s {
                    step.begun = now - elapsed;
                }
                if let Some(remaining) = progress.remaining_s {
                    step.due = Some(now + remaining);
                }
                step.limit = progress.limit_s.map(|limit| now + limit);
                true
            }
            Event::Done(done) => {
                self.steps.remove(&done.object);
                self.done += 1;
                false
            }
            Event::Failed(failed) => {
                self.steps.remove(&failed.object);
                false
            }
            Event::Finished { .. } => {
                self.steps.clear();
                false
            }
            _ => false,
        }
    }

    /// Returns true where nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The lines under way: critical steps first, then those that take longest. No line is longer than `columns`, and no
    /// frame is higher than a terminal of `rows` can draw over.
    pub fn frame(&self, now: f64, columns: usize, rows: usize) -> Vec<String> {
        let mut steps: Vec<(&String, &Step)> = self.steps.iter().collect();
        let left = |step: &Step| step.due.map_or(0.0, |due| (due - now).max(0.0));
        steps.sort_by(|(_, a), (_, b)| {
            b.is_critical.cmp(&a.is_critical).then(left(b).total_cmp(&left(a)))
        });
        let mut lines = Vec::new();
        if self.planned > 1 {
            lines.push(format!(
                "{} of {} steps done, {} under way, {}",
                self.done,
                self.planned.max(self.done + steps.len()),
                steps.len(),
                units::whole(now)
            ));
        }
        let names =
            steps.iter().map(|(object, step)| text::width(&name(object, step))).max().unwrap_or(0);
        let room = rows.saturating_sub(LINES_LEFT).max(1);
        let mut hidden = 0;
        for (object, step) in &steps {
            let step_lines = step_lines(&name(object, step), step, names, now, columns);
            if lines.len() + step_lines.len() > room {
                hidden += 1;
            } else {
                lines.extend(step_lines);
            }
        }
        if hidden > 0 {
            lines.push(format!("  and {hidden} more"));
        }
        lines.iter().map(|line| text::shorten(line, columns)).collect()
    }
}

fn name(object: &str, step: &Step) -> String {
    let name = if step.action.is_empty() {
        object.to_owned()
    } else {
        format!("{} {object}", step.action)
    };
    text::one_line(&name)
}

/// A step: on one line with as many of its times as there is room for, or with a long state below it.
fn step_lines(name: &str, step: &Step, names: usize, now: f64, columns: usize) -> Vec<String> {
    let mark = if step.is_critical { '*' } else { ' ' };
    let state = text::one_line(&step.state);
    let elapsed = units::whole(now - step.begun);
    let left = match (step.due, step.limit) {
        (Some(due), _) if due > now => format!("about {} left", units::whole(due - now)),
        (_, Some(limit)) => format!("at most {} left", units::whole(limit - now)),
        (Some(_), None) => "any moment now".to_owned(),
        (None, None) => String::new(),
    };
    let joined = |parts: &[&str]| {
        parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    };
    let head = format!("{mark} {}", text::pad(name, names));
    for rest in [
        joined(&[&state, &elapsed, &left]),
        joined(&[&state, &left]),
        joined(&[&state, &elapsed]),
        state.clone(),
    ] {
        let line = format!("{head}  {rest}");
        if text::width(line.trim_end()) <= columns {
            return vec![line.trim_end().to_owned()];
        }
    }
    let times = joined(&[&elapsed, &left]);
    let mut lines = vec![format!("{mark} {name}  {times}")];
    let below = text::wrap(&state, columns.saturating_sub(4).max(1));
    lines.extend(below.iter().take(STATE_LINES).map(|line| format!("    {line}")));
    lines
}

/// Draws a [`View`] on standard error while there is something under way.
pub struct Live {
    view: Arc<Mutex<View>>,
    clock: Clock,
    bar: Mutex<Option<ProgressBar>>,
}

impl Live {
    /// An empty view, which draws nothing yet.
    pub fn new(clock: Clock) -> Self {
        Self { view: Arc::default(), clock, bar: Mutex::default() }
    }

    /// Takes an event. Returns true where the view shows it and no line is needed.
    pub fn take<Own>(&self, event: &Event<Own>) -> bool {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        view.take(event, self.clock.seconds())
    }

    /// Prints lines above the view, and draws it again.
    pub fn print(&self, lines: &str) {
        let is_empty = self.view.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if is_empty && let Some(bar) = bar.take() {
            bar.finish_and_clear();
        }
        match &*bar {
            Some(bar) if lines.is_empty() => bar.tick(),
            Some(bar) => bar.suspend(|| output::write_err(lines)),
            None => output::write_err(lines),
        }
        if !is_empty && bar.is_none() {
            *bar = Some(self.bar());
        }
    }

    fn bar(&self) -> ProgressBar {
        let (view, clock) = (Arc::clone(&self.view), self.clock.clone());
        let frame = move |_: &ProgressState, out: &mut dyn Write| {
            let (columns, rows) = Stream::Err.size().unwrap_or((80, 24));
            let view = view.lock().unwrap_or_else(PoisonError::into_inner);
            // One column less: a terminal that is full to its edge breaks the line.
            let _ = out.write_str(&view.frame(clock.seconds(), columns - 1, rows).join("\n"));
        };
        let style = ProgressStyle::with_template("{frame}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
            .with_style(style.with_key("frame", frame));
        bar.enable_steady_tick(TICK);
        bar
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
