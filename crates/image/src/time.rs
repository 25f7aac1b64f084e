//! The one moment that an image carries, so that two builds of the same source are equal.

use anyhow::{Context, Result};

/// Seconds since 1970 that images and files are dated with: `SOURCE_DATE_EPOCH`
/// (reproducible-builds.org), or 0.
pub fn source_date_epoch() -> Result<u64> {
    parse_epoch(std::env::var("SOURCE_DATE_EPOCH").ok().as_deref())
}

/// Reads the value of `SOURCE_DATE_EPOCH`.
pub fn parse_epoch(value: Option<&str>) -> Result<u64> {
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else { return Ok(0) };
    value.parse().ok().filter(|seconds| *seconds <= LATEST).with_context(|| {
        format!(
            "SOURCE_DATE_EPOCH is {value:?}: expected whole seconds since 1970, such as 1700000000"
        )
    })
}

/// 9999-12-31T23:59:59Z, the last moment that RFC 3339 can express.
pub const LATEST: u64 = 253_402_300_799;

/// `seconds` since 1970 in RFC 3339, in UTC.
pub fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day of the day `days` after 1970-01-01 (Howard Hinnant, `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}
