//! Tokens: made, completed, compared; never shown.

use std::fmt::{self, Write as _};
use std::io::Read;

use sha2::{Digest, Sha256};

/// A token. It shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// From a file's content.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// A new one of 256 bits.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random() -> std::io::Result<Self> {
        random(32).map(Self)
    }

    /// The content of the file that holds it.
    pub fn file(&self) -> Vec<u8> {
        format!("{}\n", self.0).into_bytes()
    }

    /// The part that is the password, without the authority's hash and the user.
    fn password(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }

    /// The token as k3s writes it in full: it pins the cluster's authority, so that a machine joins no other
    /// (docs.k3s.io, "k3s token", secure format).
    #[must_use]
    pub fn pinned(&self, ca: &str, user: &str) -> Self {
        Self(format!("K10{ca}::{user}:{}", self.password()))
    }

    /// The SHA-256 of the password in hexadecimal: equal for equal tokens, with or without the authority's hash.
    pub fn fingerprint(&self) -> String {
        hex(&Sha256::digest(self.password()))
    }

    /// The hash of the authority, in a token that has it.
    pub fn authority(&self) -> Option<&str> {
        self.0.strip_prefix("K10")?.split_once("::").map(|(hash, _)| hash)
    }
}

/// So many random bytes in hexadecimal.
///
/// # Errors
/// The system gives none.
pub fn random(bytes: usize) -> std::io::Result<String> {
    let mut buffer = vec![0; bytes];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(hex(&buffer))
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
