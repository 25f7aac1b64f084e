//! Time: monotonic ticks for deadlines and durations, and the date forms of the logs.
//!
//! Everything is UTC. An image built from scratch has no time zone database, and one zone for all machines is
//! what logs want.

use axum::http::HeaderValue;
use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since this process first asked for the time; never 0, so that 0 can mean "not set".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(pub u64);

static START: OnceLock<Instant> = OnceLock::new();

fn start() -> Instant {
    *START.get_or_init(Instant::now)
}

impl Tick {
    /// The present moment.
    pub(crate) fn now() -> Self {
        Self(nanoseconds(start().elapsed()) + 1)
    }

    /// The time between `earlier` and this tick; zero if it lies ahead.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This tick, `duration` later.
    #[must_use]
    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(duration)))
    }

    /// The same moment as tokio's timer wants it.
    pub(crate) fn instant(self) -> Instant {
        start() + Duration::from_nanos(self.0)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A tick that may be unset.
#[derive(Debug, Default)]
pub(crate) struct AtomicTick(AtomicU64);

impl AtomicTick {
    /// The tick, if set.
    pub(crate) fn get(&self) -> Option<Tick> {
        match self.0.load(Relaxed) {
            0 => None,
            tick => Some(Tick(tick)),
        }
    }

    /// Sets it.
    pub(crate) fn set(&self, tick: Tick) {
        self.0.store(tick.0, Relaxed);
    }

    /// Sets it to now, unless it is set.
    pub(crate) fn start(&self) {
        if self.0.load(Relaxed) == 0 {
            self.set(Tick::now());
        }
    }

    /// Unsets it.
    pub(crate) fn clear(&self) {
        self.0.store(0, Relaxed);
    }
}

/// A duration in seconds with as many decimals as are asked for, nine at most, cut and not rounded:
/// `format!("{:.1}", Seconds(duration))`. Without floating point, whose printing would take 25 kB of the
/// binary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = formatter.precision().unwrap_or(9).min(9);
        let fraction = format!("{:09}", self.0.subsec_nanos());
        write!(formatter, "{}.{}", self.0.as_secs(), &fraction[..decimals])
    }
}

/// Seconds since 1970-01-01T00:00:00Z by the machine's clock; 0 for a clock before that.
pub(crate) fn unix_seconds() -> u64 {
    unix_time().as_secs()
}

/// Time since 1970-01-01T00:00:00Z by the machine's clock; zero for a clock before that.
pub(crate) fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the form of a `Date` header (RFC 9110 §5.6.7).
pub(crate) fn http_date(seconds: u64) -> String {
    let date = Civil::from_unix(seconds);
    // 1970-01-01 was a Thursday.
    let weekday = WEEKDAYS[usize::try_from((seconds / 86_400 + 4) % 7).unwrap_or(0)];
    let month = MONTHS[usize::from(date.month - 1)];
    let mut text = format!("{weekday}, {:02} {month} {:04} ", date.day, date.year);
    date.time_of_day(&mut text);
    text + " GMT"
}

thread_local! {
    static CLOCK: Cell<Clock> = const { Cell::new(Clock { until: Tick(0), highest: 0, is_behind: false }) };
}

/// Looks at the machine's clock, if it has begun another second since this thread last did.
pub(crate) fn look(now: Tick) {
    let mut clock = CLOCK.get();
    if now >= clock.until {
        clock.read(now, unix_time());
        CLOCK.set(clock);
    }
}

/// The present `Date` header while the clock, when [`look`] was last called, was behind a time that it had shown before.
/// hyper, whose own date is otherwise as good, waits until that comes again.
pub(crate) fn date_if_set_back() -> Option<HeaderValue> {
    let is_behind = CLOCK.get().is_behind;
    is_behind.then(|| HeaderValue::try_from(http_date(unix_seconds())).ok()).flatten()
}

/// The machine's clock, as a thread has seen it.
#[derive(Clone, Copy, Debug)]
struct Clock {
    until: Tick,
    /// The latest second that it has shown.
    highest: u64,
    is_behind: bool,
}

impl Clock {
    /// Takes notice of `unix`, which the clock shows `now`.
    fn read(&mut self, now: Tick, unix: Duration) {
        let rest = 1_000_000_000 - u64::from(unix.subsec_nanos());
        self.until = now.after(Duration::from_nanos(rest));
        self.is_behind = unix.as_secs() < self.highest;
        self.highest = self.highest.max(unix.as_secs());
    }
}

/// A date and a time of day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    /// Years in the Gregorian calendar.
    pub(crate) year: u64,
    /// 1 to 12.
    pub(crate) month: u8,
    /// 1 to 31.
    pub(crate) day: u8,
    /// 0 to 23.
    pub(crate) hour: u8,
    /// 0 to 59.
    pub(crate) minute: u8,
    /// 0 to 59.
    pub(crate) second: u8,
}

impl Civil {
    /// The date of a Unix time in seconds (Howard Hinnant's `civil_from_days`, for days from 1970 on).
    #[expect(clippy::cast_possible_truncation, reason = "each value is reduced below 256 first")]
    pub(crate) fn from_unix(seconds: u64) -> Self {
        let (days, time) = (seconds / 86_400 + 719_468, seconds % 86_400);
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month: month as u8,
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8,
            hour: (time / 3_600) as u8,
            minute: (time / 60 % 60) as u8,
            second: (time % 60) as u8,
        }
    }

    /// `27/Oct/2023 21:20:37`, the default access log's form.
    pub(crate) fn access(&self) -> String {
        self.day_first(' ')
    }

    /// `27/Oct/2023:21:20:37 +0000`, the form of the common and combined log formats.
    pub(crate) fn common(&self) -> String {
        self.day_first(':') + " +0000"
    }

    /// `2023-10-27 21:20:29`, the form of the service's own lines.
    pub(crate) fn notice(&self) -> String {
        self.year_first(' ')
    }

    /// `2023-10-27T21:20:37Z` (RFC 3339).
    pub(crate) fn rfc3339(&self) -> String {
        self.year_first('T') + "Z"
    }

    fn day_first(&self, separator: char) -> String {
        let month = MONTHS[usize::from(self.month - 1)];
        let mut text = format!("{:02}/{month}/{:04}{separator}", self.day, self.year);
        self.time_of_day(&mut text);
        text
    }

    fn year_first(&self, separator: char) -> String {
        let mut text = format!("{:04}-{:02}-{:02}{separator}", self.year, self.month, self.day);
        self.time_of_day(&mut text);
        text
    }

    fn time_of_day(&self, text: &mut String) {
        let _ = write!(text, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_of_the_expected_lines() {
        let date = Civil::from_unix(1_698_441_637);
        assert_eq!(date.access(), "27/Oct/2023 21:20:37");
        assert_eq!(date.common(), "27/Oct/2023:21:20:37 +0000");
        assert_eq!(date.notice(), "2023-10-27 21:20:37");
        assert_eq!(date.rfc3339(), "2023-10-27T21:20:37Z");
    }

    #[test]
    fn a_clock_that_is_set_back_is_noticed() {
        let mut clock = Clock { until: Tick(0), highest: 0, is_behind: false };
        let mut read = |second: u64, unix: u64| {
            clock.read(Tick(second * 1_000_000_000), Duration::from_secs(unix));
            clock.is_behind
        };
        assert!(!read(5, 1_698_441_637));
        assert!(!read(6, 1_698_441_638));
        // An hour back.
        assert!(read(7, 1_698_438_039));
        assert!(read(8, 1_698_438_040));
        assert!(!read(3_606, 1_698_441_638));
    }

    #[test]
    fn ticks_are_never_zero_and_never_run_back() {
        let first = Tick::now();
        let second = Tick::now();
        assert!(first.0 > 0 && second >= first);
        assert_eq!(first.since(second.after(Duration::from_secs(1))), Duration::ZERO);
    }

    #[test]
    fn seconds_are_exact() {
        let duration = Duration::new(12, 34_567_891);
        assert_eq!(
            format!("{} {:.1} {:.3}", Seconds(duration), Seconds(duration), Seconds(duration)),
            "12.034567891 12.0 12.034"
        );
    }

    proptest! {
        /// From 1970 to 9999, as jiff says.
        #[test]
        fn dates_agree_with_a_calendar_library(seconds in 0_u64..253_402_207_200) {
            let expected = jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
            let date = Civil::from_unix(seconds);
            prop_assert_eq!(date.rfc3339(), expected.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            prop_assert_eq!(http_date(seconds), expected.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
            prop_assert_eq!(date.common(), expected.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string());
        }
    }
}
