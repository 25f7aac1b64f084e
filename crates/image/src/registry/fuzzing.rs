//! The answers of registries, for the fuzz targets: they are read without a registry.

use super::challenge::{self, Challenge, TokenAnswer};

/// The token service that the first challenge that can be met names.
#[must_use]
pub fn realm(headers: &[&str]) -> Option<String> {
    match challenge::parse(headers.iter().copied())? {
        Challenge::Bearer { realm, .. } => Some(realm),
        Challenge::Basic => None,
    }
}

/// The token and the seconds for which it is used, of a token service's answer.
#[must_use]
pub fn token(answer: &[u8]) -> Option<(String, f64)> {
    let answer: TokenAnswer = serde_json::from_slice(answer).ok()?;
    let lifetime = answer.lifetime().as_secs_f64();
    Some((answer.token()?.to_owned(), lifetime))
}
