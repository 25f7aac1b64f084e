//! Versions, tokens and certificates.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use skyward_k3s::certificate::ends;
use skyward_k3s::token::Token;
use skyward_k3s::version::Version;

#[test]
fn versions_are_ordered_and_counted() {
    let version = |text: &str| Version::parse(text).expect(text);
    assert_eq!(version("v1.36.3+k3s1").minor(), (1, 36));
    assert!(version("v1.36.3+k3s1").is_before(&version("v1.36.3+k3s2")));
    assert!(version("v1.9.0+k3s1").is_before(&version("v1.10.0+k3s1")));
    for wrong in ["1.36.3+k3s1", "v1.36.3", "v1.36+k3s1", "v1.36.3.4+k3s1", "v1.36.x+k3s1"] {
        assert_eq!(Version::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_token_pins_the_authority() {
    let short = Token::new("abc\n");
    let full = short.pinned("0123", "node");
    assert_eq!(full.file(), b"K100123::node:abc\n");
    assert_eq!(full.authority(), Some("0123"));
    assert_eq!(short.authority(), None);
    assert_eq!(full.fingerprint(), short.fingerprint());
    assert_ne!(full.fingerprint(), Token::new("abd").fingerprint());
}

#[test]
fn a_token_shows_itself_to_nobody() {
    let token = Token::random().expect("random bytes");
    assert_ne!(token, Token::random().expect("random bytes"));
    assert_eq!(format!("{token:?}"), "Token(…)");
    assert_eq!(token.file().len(), 65);
}

fn certificate(year: i32) -> String {
    let mut parameters = CertificateParams::default();
    parameters.not_after = date_time_ymd(year, 2, 3);
    let key = KeyPair::generate().expect("a key");
    parameters.self_signed(&key).expect("a certificate").pem()
}

/// Up to 2049 the year has two digits, from 2050 four.
#[test]
fn the_end_is_read_in_both_notations() {
    for year in [1999, 2001, 2049, 2050, 2999] {
        let ends = ends(certificate(year).as_bytes());
        assert_eq!(ends, format!("{year}-02-03T00:00:00Z").parse().ok(), "{year}");
    }
}

#[test]
fn the_first_of_a_chain_counts() {
    let chain = certificate(2030) + &certificate(2040);
    assert_eq!(ends(chain.as_bytes()), "2030-02-03T00:00:00Z".parse().ok());
}

#[test]
fn what_is_no_certificate_has_no_end() {
    for pem in ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
        assert_eq!(ends(pem.as_bytes()), None, "{pem}");
    }
}

#[test]
fn every_cut_of_a_certificate_is_survived() {
    let pem = certificate(2030);
    let encoded: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64_STANDARD.decode(encoded).expect("base64");
    let of = |length: usize| {
        let text = BASE64_STANDARD.encode(&der[..length]);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    assert!(ends(of(der.len()).as_bytes()).is_some());
    for length in 0..der.len() {
        assert_eq!(ends(of(length).as_bytes()), None, "{length}");
    }
}
