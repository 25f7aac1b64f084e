//! A histogram of durations.

use std::time::Duration;

/// Upper bounds of the buckets in nanoseconds, and their labels in seconds: what the semantic conventions advise for
/// `http.server.request.duration`.
pub(crate) const BUCKETS: [(u64, &str); 14] = [
    (5_000_000, "0.005"),
    (10_000_000, "0.01"),
    (25_000_000, "0.025"),
    (50_000_000, "0.05"),
    (75_000_000, "0.075"),
    (100_000_000, "0.1"),
    (250_000_000, "0.25"),
    (500_000_000, "0.5"),
    (750_000_000, "0.75"),
    (1_000_000_000, "1"),
    (2_500_000_000, "2.5"),
    (5_000_000_000, "5"),
    (7_500_000_000, "7.5"),
    (10_000_000_000, "10"),
];

/// Counts by bucket, the last one without an upper bound, and the sum of all durations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    counts: [u64; BUCKETS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// A histogram of one duration.
    pub(crate) fn of(duration: Duration) -> Self {
        let mut histogram = Self::default();
        histogram.observe(duration);
        histogram
    }

    /// Counts `duration`; a bound belongs to the bucket below it (`le`).
    pub(crate) fn observe(&mut self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let index =
            BUCKETS.iter().position(|(bound, _)| nanoseconds <= *bound).unwrap_or(BUCKETS.len());
        self.counts[index] += 1;
        self.sum += duration;
    }

    /// Adds the counts of `other`.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, added) in self.counts.iter_mut().zip(other.counts) {
            *count += added;
        }
        self.sum += other.sum;
    }

    /// The number of durations.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their sum.
    pub(crate) fn sum(&self) -> Duration {
        self.sum
    }

    /// For each bound, in seconds, how many durations were at most that long; `+Inf` comes last.
    pub(crate) fn cumulative(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let labels = BUCKETS.iter().map(|(_, label)| *label).chain(["+Inf"]);
        labels.zip(self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let mut histogram = Histogram::of(Duration::from_millis(5));
        histogram.observe(Duration::from_nanos(5_000_001));
        histogram.observe(Duration::from_secs(11));
        let mut twice = histogram.clone();
        twice.add(&histogram);
        let counts: Vec<_> = twice.cumulative().collect();
        assert_eq!(counts[..2], [("0.005", 2), ("0.01", 4)]);
        assert_eq!(counts[13..], [("10", 4), ("+Inf", 6)]);
        assert_eq!(twice.count(), 6);
        assert_eq!(twice.sum(), Duration::new(22, 20_000_002));
    }

    #[test]
    fn labels_say_what_the_bounds_are() {
        for (bound, label) in BUCKETS {
            assert_eq!(
                Duration::from_secs_f64(label.parse().unwrap()),
                Duration::from_nanos(bound)
            );
        }
    }
}
