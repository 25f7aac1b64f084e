//! Versions and tokens.

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
