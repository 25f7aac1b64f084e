//! Tokens of a cluster. They are made, completed and compared here, and never shown.

use std::fmt::{self, Write as _};
use std::io::Read;

use sha2::{Digest, Sha256};

/// A token, whose `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// Reads the content of a token file.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Makes a new token of 256 bits.
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

    /// The password, without the hash of the authority and the user.
    fn password(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }

    /// The token in k3s's secure format, which pins the authority of the cluster so that a machine joins no other (docs.k3s.io,
    /// "k3s token").
    #[must_use]
    pub fn pinned(&self, ca: &str, user: &str) -> Self {
        Self(format!("K10{ca}::{user}:{}", self.password()))
    }

    /// The SHA-256 of the password in hexadecimal: equal for equal tokens, with or without the hash of the authority.
    pub fn fingerprint(&self) -> String {
        hex(&Sha256::digest(self.password()))
    }

    /// The hash of the authority that the token pins, if it does.
    pub fn authority(&self) -> Option<&str> {
        self.0.strip_prefix("K10")?.split_once("::").map(|(hash, _)| hash)
    }
}

/// Makes random bytes, in hexadecimal.
///
/// # Errors
/// The system gives none.
pub fn random(bytes: usize) -> std::io::Result<String> {
    let mut buffer = vec![0; bytes];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(hex(&buffer))
}

/// Writes bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
