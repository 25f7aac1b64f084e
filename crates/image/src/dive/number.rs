//! Numbers as dive reads and writes them: Go's `strconv`, and `humanize` v1.0.1 (`bytes.go`).

use anyhow::{Context, Result, bail};

/// Bytes as `humanize.Bytes` writes them: `9 B`, `1.5 kB`, `32 kB`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "humanize rounds in 64-bit floats as well; the exponent is between 0 and 6"
)]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let exponent = ((bytes as f64).ln() / 1000_f64.ln()).floor();
    let value = (bytes as f64 / 1000_f64.powf(exponent) * 10.0 + 0.5).floor() / 10.0;
    let unit = UNITS[exponent as usize];
    if value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// Bytes as `humanize.ParseBytes` reads them: `5MB` is 5,000,000 and `5MiB` is 5,242,880.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "humanize multiplies 64-bit floats as well; the range is checked"
)]
pub fn parse_bytes(text: &str) -> Result<u64> {
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.replace(',', "").parse().ok().with_context(|| EXPECTED.to_owned())?;
    let unit = unit.trim().to_lowercase();
    let factor = match unit.strip_suffix('b').unwrap_or(&unit) {
        "" => 1,
        unit => factor(unit).with_context(|| EXPECTED.to_owned())?,
    };
    let bytes = number * factor as f64;
    if bytes >= u64::MAX as f64 {
        bail!("more bytes than there can be");
    }
    Ok(bytes as u64)
}

const EXPECTED: &str = "expected bytes, such as 5MB (5,000,000), 5MiB (5,242,880) or 1000";

fn factor(unit: &str) -> Option<u64> {
    let power = "kmgtpe".find(unit.chars().next()?)? + 1;
    let power = u32::try_from(power).ok()?;
    match &unit[1..] {
        "" => Some(1000_u64.pow(power)),
        "i" => Some(1 << (10 * power)),
        _ => None,
    }
}

/// A ratio between 0 and 1, as Go's `strconv.ParseFloat` reads it.
pub(super) fn parse_ratio(text: &str) -> Result<f64> {
    let ratio: f64 =
        text.parse().ok().context("expected a number between 0 and 1, such as 0.95")?;
    // dive takes NaN as well, a bound that no image can fail: surely a mistake.
    if !(0.0..=1.0).contains(&ratio) {
        bail!("expected a number between 0 and 1, such as 0.95");
    }
    Ok(ratio)
}

/// A number as Go's `%v` writes it: shortest, with an exponent below 1e-4 and from 1e21 on.
pub(super) fn go_float(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    } else {
        format!("{value}")
    }
}

/// A number as Go's `%2.4f` writes it.
pub(super) fn go_fixed(value: f64) -> String {
    if value.is_finite() { format!("{value:.4}") } else { go_float(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_go_writes_them() {
        for (value, text) in [
            (0.5, "0.5"),
            (1.0, "1"),
            (0.984_421_213_418_430_9, "0.9844212134184309"),
            (0.000_01, "1e-05"),
            (0.000_123, "0.000123"),
            (1e21, "1e+21"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(go_float(value), text);
        }
    }
}
