//! A moment in the past, as people write it.

use jiff::Timestamp;

/// The moment that `text` names: a time such as `2026-01-02T03:04:05Z`, or how long ago, such as `90s`, `10m`, `2h` or `1d`.
///
/// # Errors
/// The text is neither; what would be right.
pub fn since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let wrong = || {
        format!(
            "`{text}` is neither a time such as 2026-01-02T03:04:05Z nor how long ago, such as 90s, 10m, 2h or 1d"
        )
    };
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: i64 = digits.parse().ok().filter(|number| *number >= 0).ok_or_else(wrong)?;
    let ago = number.checked_mul(seconds).ok_or_else(wrong)?;
    Timestamp::from_second(now.as_second().saturating_sub(ago)).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_how_long_ago() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        for (text, meant) in [
            ("90s", "2026-01-02T03:02:35Z"),
            ("10m", "2026-01-02T02:54:05Z"),
            ("2h", "2026-01-02T01:04:05Z"),
            ("1d", "2026-01-01T03:04:05Z"),
            ("0s", "2026-01-02T03:04:05Z"),
            ("2025-12-31T00:00:00+01:00", "2025-12-30T23:00:00Z"),
        ] {
            assert_eq!(
                since(text, now).map(|time| time.to_string()).as_deref(),
                Ok(meant),
                "{text}"
            );
        }
        for text in
            ["", "10", "m", "-5m", "5w", "99999999999999999999s", "999999999999d", "yesterday"]
        {
            assert!(since(text, now).is_err(), "{text}");
        }
    }
}
