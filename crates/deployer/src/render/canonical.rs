//! Values in the one form that the API server keeps: quantities, networks, texts. What is rendered in another form would
//! always differ from the live object.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::RenderError;
use crate::release::Release;

const CPU: [&str; 3] = ["m", "", "k"];
const AMOUNTS: [&str; 6] = ["m", "", "k", "M", "G", "T"];
const BYTES: [&str; 5] = ["Ki", "Mi", "Gi", "Ti", "Pi"];

/// CPU in cores or thousandths: `1000m` is `1`, `1000` is `1k`.
///
/// As `Quantity.CanonicalizeBytes` of `k8s.io/apimachinery` does it: the largest unit in which the number is whole.
pub(super) fn cpu(text: &str) -> Quantity {
    quantity(text, &CPU, 1000)
}

/// Memory or disk space: `1024Mi` is `1Gi`. As [`cpu`].
pub(super) fn bytes(text: &str) -> Quantity {
    quantity(text, &BYTES, 1024)
}

/// The value of a metric. As [`cpu`].
pub(super) fn amount(text: &str) -> Quantity {
    quantity(text, &AMOUNTS, 1000)
}

/// The text as it is where it is not a quantity of the configuration's grammar, which has one number and one unit.
fn quantity(text: &str, units: &[&str], step: u64) -> Quantity {
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

/// A network of the configuration as a NetworkPolicy has it: an address alone is a network of one, and the bits after
/// the prefix are zero. `None` where it is not a network.
pub(crate) fn network(network: &str) -> Option<String> {
    let (address, length) = match network.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (network, None),
    };
    let (address, length) = match address.parse().ok()? {
        IpAddr::V4(address) => {
            let length = length.unwrap_or(32);
            let hosts = 32_u32.checked_sub(length)?;
            let mask = u32::MAX.checked_shl(hosts).unwrap_or(0);
            (IpAddr::from(Ipv4Addr::from(u32::from(address) & mask)), length)
        }
        IpAddr::V6(address) => {
            let length = length.unwrap_or(128);
            let hosts = 128_u32.checked_sub(length)?;
            let mask = u128::MAX.checked_shl(hosts).unwrap_or(0);
            (IpAddr::from(Ipv6Addr::from(u128::from(address) & mask)), length)
        }
    };
    Some(format!("{address}/{length}"))
}

/// Refuses characters that an apply cannot carry.
pub(super) fn check_texts(release: &Release) -> Result<(), RenderError> {
    let texts = skyward_config::free_texts(&release.service, &release.k3s);
    texts.into_iter().try_for_each(|(key, text)| check_text(&key, text))
}

/// Refuses one text; as [`check_texts`].
pub(super) fn check_text(key: &str, text: &str) -> Result<(), RenderError> {
    let Some(reason) = skyward_config::refused_text(text) else { return Ok(()) };
    Err(RenderError { key: key.to_owned(), reason })
}
