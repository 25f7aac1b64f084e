//! Bytes and seconds for people, in one form everywhere.
//!
//! dive's own figures in `skyward-image` keep dive's form, because they are compared with dive's.

/// Bytes in decimal units: `812 B`, `1.4 kB`, `1.77 MB`, `2.30 GB`.
pub fn bytes(count: u64) -> String {
    // The limits are those at which rounding would reach the next unit, so that no `1000.0 kB` appears.
    #[expect(clippy::cast_precision_loss, reason = "shown with two decimals at most")]
    match count {
        0..1_000 => format!("{count} B"),
        1_000..999_950 => format!("{:.1} kB", count as f64 / 1e3),
        999_950..999_995_000 => format!("{:.2} MB", count as f64 / 1e6),
        _ => format!("{:.2} GB", count as f64 / 1e9),
    }
}

/// A measured time, with the digits that matter: `4.2 ms`, `42 ms`, `0.35 s`, `42.1 s`, `1 min 47 s`, `1 h 02 min`.
pub fn seconds(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 0.009_95 => format!("{:.1} ms", s * 1e3),
        s if s < 0.099_5 => format!("{:.0} ms", s * 1e3),
        s if s < 9.995 => format!("{s:.2} s"),
        s if s < 59.95 => format!("{s:.1} s"),
        s => whole(s),
    }
}

/// A time that is estimated, waited for or still left, in whole units: `8 s`, `1 min 47 s`, `1 h 02 min`.
pub fn whole(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and is not negative"
    )]
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// A number of things in words: `1 test`, `2 tests`. `one` is a noun that takes an `s`.
pub fn counted(count: usize, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}
