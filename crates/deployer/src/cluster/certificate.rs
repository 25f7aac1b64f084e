//! When a certificate ends.

/// The end of a certificate's validity (RFC 5280, section 4.1.2.5), from PEM.
pub(super) fn ends(_pem: &[u8]) -> Option<jiff::Timestamp> {
    None
}
