//! `WWW-Authenticate` headers and the answers of token services, from any registry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skyward_image::registry::fuzzing;

fuzz_target!(|text: &str| {
    let headers: Vec<_> = text.split('\n').collect();
    if let Some(realm) = fuzzing::realm(&headers) {
        assert!(
            headers.iter().any(|header| header.to_ascii_lowercase().contains("bearer")),
            "{realm:?}"
        );
    }
    if let Some((token, seconds)) = fuzzing::token(text.as_bytes()) {
        assert!(
            !token.is_empty() && (0.9..=86_400.0).contains(&seconds),
            "{token:?} for {seconds} s"
        );
    }
});
