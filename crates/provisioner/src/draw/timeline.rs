//! An apply on a time axis, with its critical path.

use std::time::Duration;

use super::canvas::{Anchor, Canvas, Rect};
use super::text::{fit, width};
use crate::timeline::Span;

const ROW: i32 = 22;
const TOP: i32 = 104;
const MARGIN: i32 = 24;
/// The width of the time axis.
const AXIS: i32 = 760;

/// The spans of an apply on an axis in minutes, in the order in which they began; those that the run as a whole waited for
/// are marked, and joined by a line.
pub fn timeline_svg(spans: &[Span]) -> String {
    let mut spans: Vec<&Span> = spans.iter().collect();
    spans.sort_by(|a, b| (a.started, a.ended, &a.id).cmp(&(b.started, b.ended, &b.id)));
    let total = spans.iter().map(|span| span.ended).max().unwrap_or_default();
    let chart = Chart::new(&spans, total);
    let mut canvas = Canvas::default();
    chart.head(&mut canvas, &spans);
    chart.axis(&mut canvas, spans.len());
    chart.link(&mut canvas, &spans);
    for (index, span) in spans.iter().enumerate() {
        chart.row(&mut canvas, index, span);
    }
    let critical = spans.iter().filter(|span| span.is_critical).count();
    let description = format!(
        "{} steps on a time axis of {}; {critical} of them form the critical path.",
        spans.len(),
        spoken(total)
    );
    let height = TOP + ROW * rows(spans.len()) + 40;
    canvas.finish(chart.width, height, "Timeline", &description)
}

fn rows(count: usize) -> i32 {
    i32::try_from(count).expect("fewer steps than pixels")
}

struct Chart {
    /// The start of the axis.
    left: i32,
    width: i32,
    total: Duration,
    /// From one mark of the axis to the next.
    step: Duration,
}

impl Chart {
    fn new(spans: &[&Span], total: Duration) -> Self {
        let labels = spans.iter().map(|span| width(&label(span), 12, span.is_critical)).max();
        let left = MARGIN + labels.unwrap_or_default().min(320) + 16;
        let notes = spans.iter().map(|span| width(&note(span), 11, false)).max();
        let step = step(total);
        // The text behind a bar that ends at the axis's end needs room too.
        let width = left + AXIS + 12 + notes.unwrap_or_default().max(40) + MARGIN;
        Self { left, width: width.max(640), total, step }
    }

    /// The place of a moment on the axis.
    fn x(&self, moment: Duration) -> i32 {
        let total = self.total.max(self.step).as_secs_f64();
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of the axis's pixels")]
        let pixels = (f64::from(AXIS) * moment.as_secs_f64() / total).round() as i32;
        self.left + pixels
    }

    fn head(&self, canvas: &mut Canvas, spans: &[&Span]) {
        let title = match spans.len() {
            0 => "Nothing was done".to_owned(),
            1 => format!("1 step in {}", spoken(self.total)),
            count => format!("{count} steps in {}", spoken(self.total)),
        };
        canvas.text("strong", MARGIN, 40, 16, &title);
        canvas.frame("bar-critical", Rect::new(MARGIN, 54, 14, 12), 2);
        canvas.text("strong-critical", MARGIN + 20, 64, 12, "critical path");
        let x = MARGIN + 20 + width("critical path", 12, true) + 20;
        canvas.frame("bar", Rect::new(x, 54, 14, 12), 2);
        canvas.text("muted", x + 20, 64, 12, "beside it");
    }

    fn axis(&self, canvas: &mut Canvas, count: usize) {
        let bottom = TOP + ROW * rows(count);
        for index in (0..rows(count)).step_by(2) {
            let stripe =
                Rect::new(MARGIN - 8, TOP + index * ROW, self.width - 2 * MARGIN + 16, ROW);
            canvas.frame("stripe", stripe, 0);
        }
        let mut moment = Duration::ZERO;
        while moment <= self.total.max(self.step) {
            let x = self.x(moment);
            canvas.line("grid", &[(x, TOP), (x, bottom)]);
            canvas.anchored("muted", (x, TOP - 8), 11, Anchor::Middle, &minutes(moment));
            moment += self.step;
        }
        let unit = (self.left + AXIS + 12, bottom + 20);
        canvas.anchored("muted", unit, 11, Anchor::End, "minutes since the start");
    }

    /// From the end of each critical step to the start of the next.
    fn link(&self, canvas: &mut Canvas, spans: &[&Span]) {
        let critical: Vec<_> =
            spans.iter().enumerate().filter(|(_, span)| span.is_critical).collect();
        for pair in critical.windows(2) {
            let [(upper, before), (lower, after)] = pair else { continue };
            let x = self.x(after.started).min(self.x(before.ended));
            let from = TOP + ROW * rows(*upper) + ROW - 4;
            canvas.line("link", &[(x, from), (x, TOP + ROW * rows(*lower) + 4)]);
        }
    }

    fn row(&self, canvas: &mut Canvas, index: usize, span: &Span) {
        let y = TOP + ROW * rows(index);
        let (text, bar) =
            if span.is_critical { ("strong-critical", "bar-critical") } else { ("muted", "bar") };
        let name = fit(&label(span), 12, span.is_critical, self.left - MARGIN - 16);
        canvas.text(text, MARGIN, y + 15, 12, &name);
        let (from, to) = (self.x(span.started), self.x(span.ended));
        let place = Rect::new(from, y + 4, (to - from).max(2), ROW - 8);
        let meaning = format!(
            "{}: {} {}, {} to {}",
            span.id,
            span.action,
            span.kind,
            spoken(span.started),
            spoken(span.ended)
        );
        canvas.bar(bar, place, &meaning);
        // Over the line that joins the critical steps, and readable there.
        canvas.text("note", place.right() + 6, y + 15, 11, &note(span));
    }
}

fn label(span: &Span) -> String {
    if span.action == "create" {
        span.id.to_string()
    } else {
        format!("{} {}", span.action, span.id)
    }
}

fn note(span: &Span) -> String {
    spoken(span.ended.saturating_sub(span.started))
}

/// The distance of the axis's marks: five to ten of them.
fn step(total: Duration) -> Duration {
    let seconds = total.as_secs();
    let steps = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
    let step = steps.into_iter().find(|step| seconds <= step * 10).unwrap_or(seconds / 8 + 1);
    Duration::from_secs(step)
}

/// A mark of the axis.
fn minutes(moment: Duration) -> String {
    let seconds = moment.as_secs();
    let (whole, rest) = (seconds / 60, seconds % 60);
    match rest {
        0 => whole.to_string(),
        rest => format!("{whole}.{}", rest * 100 / 60).trim_end_matches('0').to_owned(),
    }
}

/// A time as people say it: `12 min 4 s`.
fn spoken(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    let (seconds, tenth) = (tenths / 10, tenths % 10);
    match (seconds / 60, seconds % 60) {
        (0, seconds) if seconds < 10 => format!("{seconds}.{tenth} s"),
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
