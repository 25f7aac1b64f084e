//! Quantities in the one form that the API server keeps.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

const CPU: [&str; 3] = ["m", "", "k"];
const BYTES: [&str; 5] = ["Ki", "Mi", "Gi", "Ti", "Pi"];

/// CPU in cores or thousandths: `1000m` is `1`, `1000` is `1k`.
///
/// As `Quantity.CanonicalizeBytes` of `k8s.io/apimachinery` does it: the largest unit in which the number is whole.
pub(super) fn cpu(text: &str) -> Quantity {
    canonical(text, &CPU, 1000)
}

/// Memory or disk space: `1024Mi` is `1Gi`. As [`cpu`].
pub(super) fn bytes(text: &str) -> Quantity {
    canonical(text, &BYTES, 1024)
}

/// The text as it is where it is no quantity of the configuration's grammar, which has one number and one unit.
fn canonical(text: &str, units: &[&str], step: u64) -> Quantity {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = units.iter().position(|unit| *unit == &text[digits.len()..]);
    let (Ok(mut number), Some(mut unit)) = (digits.parse::<u64>(), unit) else {
        return Quantity(text.to_owned());
    };
    while number != 0 && number.is_multiple_of(step) && unit + 1 < units.len() {
        number /= step;
        unit += 1;
    }
    Quantity(format!("{number}{}", units[unit]))
}
