//! The application's own numbers, which `/metrics` shows after the server's.

use super::histogram::Histogram;
use crate::clock::Seconds;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Numbers of an application. A copy is the same registry.
///
/// ```
/// use skyward_server::Registry;
///
/// let registry = Registry::new();
/// let coffee = registry.counter("orders_total", "Orders taken.", &[("drink", "coffee")]);
/// let tea = registry.counter("orders_total", "Orders taken.", &[("drink", "tea")]);
/// coffee.add(1);
/// tea.add(2);
/// ```
#[derive(Clone, Default)]
pub struct Registry(Arc<Mutex<Vec<Family>>>);

/// Text of another library's, in the same format.
type Foreign = Box<dyn Fn(&mut String) + Send + Sync>;

/// All series of one name.
struct Family {
    name: String,
    help: String,
    series: Vec<(String, Number)>,
    foreign: Option<Foreign>,
}

#[derive(Clone, Debug)]
enum Number {
    Counter(Counter),
    Gauge(Gauge),
    DurationHistogram(DurationHistogram),
}

/// A number that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds `count`.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }
}

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: i64) {
        self.0.store(value, Relaxed);
    }

    /// Adds `change`, which may be negative.
    pub fn add(&self, change: i64) {
        self.0.fetch_add(change, Relaxed);
    }
}

/// Durations, in the same buckets as those of the requests.
#[derive(Clone, Debug, Default)]
pub struct DurationHistogram(Arc<Mutex<Histogram>>);

impl DurationHistogram {
    /// Counts `duration`.
    pub fn observe(&self, duration: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).observe(duration);
    }
}

impl Registry {
    /// Makes an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a counter, or finds the one of this name and these labels.
    ///
    /// # Panics
    /// When the name or a label is not one of Prometheus's, or the name is already that of another kind of number: that
    /// is a mistake in the program, found by its first start.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Counter {
        match self.number(name, help, labels, Number::Counter(Counter::default())) {
            Number::Counter(counter) => counter,
            _ => panic!("{name} is the name of another kind of number"),
        }
    }

    /// Makes a gauge, or finds the one of this name and these labels.
    ///
    /// # Panics
    /// As [`Self::counter`].
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Gauge {
        match self.number(name, help, labels, Number::Gauge(Gauge::default())) {
            Number::Gauge(gauge) => gauge,
            _ => panic!("{name} is the name of another kind of number"),
        }
    }

    /// Makes a histogram of durations, or finds the one of this name and these labels. Its name should end in `_seconds`.
    ///
    /// # Panics
    /// As [`Self::counter`].
    #[must_use]
    pub fn duration_histogram(
        &self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
    ) -> DurationHistogram {
        match self.number(
            name,
            help,
            labels,
            Number::DurationHistogram(DurationHistogram::default()),
        ) {
            Number::DurationHistogram(distribution) => distribution,
            _ => panic!("{name} is the name of another kind of number"),
        }
    }

    /// Appends what `render` writes, the numbers of another library in Prometheus's text format, whenever somebody asks.
    pub fn append(&self, render: impl Fn(&mut String) + Send + Sync + 'static) {
        self.families().push(Family {
            name: String::new(),
            help: String::new(),
            series: Vec::new(),
            foreign: Some(Box::new(render)),
        });
    }

    fn families(&self) -> std::sync::MutexGuard<'_, Vec<Family>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self, name: &str, help: &str, labels: &[(&str, &str)], new: Number) -> Number {
        assert!(is_name(name), "{name:?} is not a name of Prometheus's");
        let mut text = String::new();
        for (label, value) in labels {
            assert!(is_name(label), "{label:?} is not a label of Prometheus's");
            let comma = if text.is_empty() { "" } else { "," };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(text, "{comma}{label}=\"{value}\"");
        }
        let mut families = self.families();
        let place = families.iter().position(|family| family.name == name).unwrap_or_else(|| {
            let help = help.replace('\\', "\\\\").replace('\n', "\\n");
            families.push(Family { name: name.into(), help, series: Vec::new(), foreign: None });
            families.len() - 1
        });
        let family = &mut families[place];
        let of_kind = family.series.first().map_or(&new, |(_, number)| number);
        assert!(
            std::mem::discriminant(of_kind) == std::mem::discriminant(&new),
            "{name} is the name of another kind of number"
        );
        if let Some((_, number)) = family.series.iter().find(|(known, _)| *known == text) {
            return number.clone();
        }
        family.series.push((text, new.clone()));
        new
    }

    /// Appends all numbers to `text`.
    pub(crate) fn render(&self, text: &mut String) {
        for family in self.families().iter() {
            if let Some(render) = &family.foreign {
                render(text);
                if !text.ends_with('\n') {
                    text.push('\n');
                }
                continue;
            }
            let Family { name, help, series, .. } = family;
            let kind = match series.first() {
                Some((_, Number::Gauge(_))) => "gauge",
                Some((_, Number::DurationHistogram(_))) => "histogram",
                _ => "counter",
            };
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for (labels, number) in series {
                number.render(name, labels, text);
            }
        }
    }
}

impl Number {
    fn render(&self, name: &str, labels: &str, text: &mut String) {
        let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = match self {
            Self::Counter(Counter(value)) => {
                writeln!(text, "{name}{braces} {}", value.load(Relaxed))
            }
            Self::Gauge(Gauge(value)) => writeln!(text, "{name}{braces} {}", value.load(Relaxed)),
            Self::DurationHistogram(DurationHistogram(histogram)) => {
                let histogram = histogram.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let comma = if labels.is_empty() { "" } else { "," };
                for (bound, count) in histogram.cumulative() {
                    let _ =
                        writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}");
                }
                let _ = writeln!(text, "{name}_sum{braces} {}", Seconds(histogram.sum()));
                writeln!(text, "{name}_count{braces} {}", histogram.count())
            }
        };
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let families = self.families();
        let names = families.iter().map(|family| &family.name);
        formatter.debug_set().entries(names).finish()
    }
}

/// Tells whether `text` can be a metric's or a label's name.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::histogram::BUCKETS;

    #[test]
    fn numbers_of_ones_own_are_what_prometheus_reads() {
        let registry = Registry::new();
        registry.counter("orders_total", "Orders\ntaken.", &[("drink", "a \"b\"")]).add(2);
        registry.gauge("queue_length", "Waiting.", &[]).set(-3);
        registry.counter("orders_total", "", &[("drink", "a \"b\"")]).add(1);
        registry.counter("orders_total", "", &[("drink", "tea")]).add(5);
        registry
            .duration_histogram("brewing_seconds", "Time.", &[("drink", "tea")])
            .observe(Duration::from_millis(7));
        registry.append(|text| text.push_str("foreign 1"));
        let mut text = String::new();
        registry.render(&mut text);
        let mut lines = text.lines().filter(|line| !line.contains("_bucket"));
        for expected in [
            "# HELP orders_total Orders\\ntaken.",
            "# TYPE orders_total counter",
            "orders_total{drink=\"a \\\"b\\\"\"} 3",
            "orders_total{drink=\"tea\"} 5",
            "# HELP queue_length Waiting.",
            "# TYPE queue_length gauge",
            "queue_length -3",
            "# HELP brewing_seconds Time.",
            "# TYPE brewing_seconds histogram",
            "brewing_seconds_sum{drink=\"tea\"} 0.007000000",
            "brewing_seconds_count{drink=\"tea\"} 1",
            "foreign 1",
        ] {
            assert_eq!(lines.next(), Some(expected), "{text}");
        }
        assert!(text.contains("brewing_seconds_bucket{drink=\"tea\",le=\"0.01\"} 1\n"), "{text}");
        assert_eq!(BUCKETS.len() + 1, text.matches("_bucket").count());
    }

    #[test]
    #[should_panic(expected = "another kind")]
    fn a_name_has_one_kind() {
        let registry = Registry::new();
        let _ = registry.counter("things", "", &[]);
        let _ = registry.gauge("things", "", &[]);
    }
}
