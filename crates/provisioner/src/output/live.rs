//! Events on a terminal: what is done as lines that stay, what is under way below them, redrawn in place.

use std::collections::BTreeMap;
use std::io::{Write, stderr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use skyward_provisioner::event::{Event, Sink};
use skyward_provisioner::plan::Action;
use skyward_provisioner::topology::Id;

use super::{has_color, lines, time};

/// A step under way.
#[derive(Debug, Clone)]
struct Step {
    action: Action,
    state: String,
    /// Seconds since the view began, at which it began.
    begun: f64,
    expected_s: f64,
    is_critical: bool,
}

/// What is on the screen.
#[derive(Debug, Default)]
struct View {
    steps: BTreeMap<Id, Step>,
    done: usize,
    total: usize,
    /// Columns of the longest name of the plan, so that the columns behind it stand still.
    names: usize,
    /// How many lines of it are drawn.
    drawn: usize,
    /// The latest time of a simulation, in seconds; a real run's goes on by itself.
    simulated: Option<f64>,
}

/// Draws anew on each event, and each second.
pub(super) struct Live {
    view: Arc<Mutex<View>>,
    begun: Instant,
    simulated: Option<tokio::time::Instant>,
}

impl Live {
    pub(super) fn new(is_simulated: bool) -> Self {
        let simulated = is_simulated.then(tokio::time::Instant::now);
        let view = View { simulated: simulated.map(|_| 0.0), ..View::default() };
        let view = Arc::new(Mutex::new(view));
        let begun = Instant::now();
        if !is_simulated {
            let weak = Arc::downgrade(&view);
            std::thread::spawn(move || renew(&weak, begun));
        }
        Self { view, begun, simulated }
    }
}

fn renew(view: &Weak<Mutex<View>>, begun: Instant) {
    while let Some(view) = view.upgrade() {
        view.lock().unwrap_or_else(PoisonError::into_inner).show(begun.elapsed().as_secs_f64());
        drop(view);
        std::thread::sleep(Duration::from_secs(1));
    }
}

impl Sink for Live {
    fn emit(&self, event: Event) {
        let now = match self.simulated {
            Some(begun) => begun.elapsed().as_secs_f64(),
            None => self.begun.elapsed().as_secs_f64(),
        };
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        view.clear();
        if view.take(&event, now) {
            let _ = write!(stderr(), "{}", lines::text(&event, Some(now), has_color()));
        }
        view.show(now);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl View {
    /// Whether the event is a line that stays.
    fn take(&mut self, event: &Event, now: f64) -> bool {
        if self.simulated.is_some() {
            self.simulated = Some(now);
        }
        match event {
            Event::Planned(plan) => {
                self.total = plan.steps.len();
                let names = plan.steps.iter().map(|step| step.id.as_str().len());
                self.names = names.max().unwrap_or_default();
                true
            }
            Event::Started { id, action, expected_s, is_critical, .. } => {
                let (action, expected_s, is_critical) = (*action, *expected_s, *is_critical);
                let step =
                    Step { action, state: String::new(), begun: now, expected_s, is_critical };
                self.steps.insert(id.clone(), step);
                false
            }
            Event::Progress { id, state, .. } => {
                if let Some(step) = self.steps.get_mut(id) {
                    step.state.clone_from(state);
                }
                false
            }
            Event::Done { id, .. } => {
                self.steps.remove(id);
                self.done += 1;
                true
            }
            Event::Failed { id, .. } => {
                self.steps.remove(id);
                true
            }
            _ => true,
        }
    }

    fn clear(&mut self) {
        if self.drawn > 0 {
            let _ = write!(stderr(), "\x1b[{}A\r\x1b[J", self.drawn);
            self.drawn = 0;
        }
    }

    // Standard error that is gone is no reason to end in the middle: what cannot be shown is not.
    fn show(&mut self, now: f64) {
        self.clear();
        let (width, height) = size();
        let lines = self.frame(now, width, height);
        let mut out = stderr().lock();
        for line in &lines {
            let _ = writeln!(out, "{line}");
        }
        let _ = out.flush();
        self.drawn = lines.len();
    }

    /// The lines under way: the critical ones first, then the longest.
    fn frame(&self, now: f64, width: usize, height: usize) -> Vec<String> {
        if self.steps.is_empty() {
            return Vec::new();
        }
        let mut steps: Vec<(&Id, &Step)> = self.steps.iter().collect();
        let left = |step: &Step| (step.begun + step.expected_s - now).max(0.0);
        steps.sort_by(|(_, a), (_, b)| {
            b.is_critical.cmp(&a.is_critical).then(left(b).total_cmp(&left(a)))
        });
        let names = self.names;
        let mut lines = vec![format!(
            "{} of {} steps done, {} under way, {}",
            self.done,
            self.total.max(self.done + self.steps.len()),
            self.steps.len(),
            time(now)
        )];
        // A frame that is higher than the terminal cannot be drawn over.
        let room = height.saturating_sub(3).max(1);
        for (id, step) in steps.iter().take(room) {
            let mark = if step.is_critical { '*' } else { ' ' };
            let elapsed = now - step.begun;
            let left = match left(step) {
                left if left > 0.0 => format!("about {} left", time(left)),
                _ if step.expected_s >= 20.0 => "any moment now".to_owned(),
                _ => String::new(),
            };
            let (action, state) = (step.action, super::harmless(&step.state));
            lines.push(format!(
                "{mark} {action:<7} {id:<names$} {:>11}  {left:<20} {state}",
                time(elapsed)
            ));
        }
        if steps.len() > room {
            lines.push(format!("  and {} more", steps.len() - room));
        }
        lines
            .into_iter()
            .map(|line| line.chars().take(width).collect::<String>().trim_end().to_owned())
            .collect()
    }
}

/// Columns and lines of the terminal; a column less, so that no line breaks.
fn size() -> (usize, usize) {
    let (columns, rows) =
        rustix::termios::tcgetwinsize(stderr()).map_or((80, 24), |size| (size.ws_col, size.ws_row));
    (usize::from(columns).max(20) - 1, usize::from(rows).max(5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use skyward_provisioner::kind::named;

    #[test]
    fn the_critical_path_stands_first_and_the_frame_fits() {
        let mut view = View { names: "nat-gateway/a".len(), ..View::default() };
        for (id, expected_s, is_critical) in [
            ("address/a", 8.0, false),
            ("db-cluster", 720.0, true),
            ("nat-gateway/a", 106.0, false),
        ] {
            let (id, kind, action) = (id.into(), named("vpc").expect("a kind"), Action::Create);
            view.take(&Event::Started { id, kind, action, expected_s, is_critical }, 10.0);
        }
        let state = "creating".to_owned();
        let (elapsed_s, expected_s) = (110.0, 720.0);
        view.take(
            &Event::Progress { id: "db-cluster".into(), state, elapsed_s, expected_s },
            120.0,
        );
        let frame = view.frame(120.0, 79, 24);
        assert_eq!(frame[0], "0 of 3 steps done, 3 under way, 2 min 00 s");
        assert_eq!(
            frame[1],
            "* create  db-cluster     1 min 50 s  about 10 min 10 s left creating"
        );
        assert!(frame[2].starts_with("  create  address/a"), "{frame:#?}");
        assert!(view.frame(120.0, 30, 5).iter().all(|line| line.chars().count() <= 30));
        assert_eq!(view.frame(120.0, 79, 5).len(), 4, "{:#?}", view.frame(120.0, 79, 5));
    }
}
