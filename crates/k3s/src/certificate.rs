//! The end of a certificate's validity, the one thing that is read of certificates here.
//!
//! A parser of X.509 would be a dozen crates; walking to this one field takes nine lines of DER.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const SEQUENCE: u8 = 0x30;
const EXPLICIT_0: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Returns the end of the first certificate's validity (RFC 5280, section 4.1.2.5); none where the text holds no certificate.
pub fn ends(pem: &[u8]) -> Option<Timestamp> {
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    let mut outer = Der(&certificate);
    let mut certificate = Der(outer.expect(SEQUENCE)?);
    let mut fields = Der(certificate.expect(SEQUENCE)?);
    if fields.0.first() == Some(&EXPLICIT_0) {
        fields.next()?;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        fields.next()?;
    }
    let mut validity = Der(fields.expect(SEQUENCE)?);
    validity.next()?;
    time(validity.next()?)
}

/// The day of a moment in UTC, as `2027-11-30`.
pub fn day(moment: Timestamp) -> String {
    moment.to_string().split('T').next().unwrap_or_default().to_owned()
}

/// A time in UTC, to the second, as certificates have it.
fn time((tag, digits): (u8, &[u8])) -> Option<Timestamp> {
    let digits = std::str::from_utf8(digits).ok()?;
    let full = match tag {
        GENERALIZED_TIME => digits.to_owned(),
        UTC_TIME => {
            let century = if digits.get(..2)? < "50" { "20" } else { "19" };
            format!("{century}{digits}")
        }
        _ => return None,
    };
    let (date, time) = (full.get(..8)?, full.get(8..)?);
    format!("{date}T{time}").parse().ok()
}

/// The rest of a value in DER (X.690).
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element: its tag and its content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&length, mut rest) = rest.split_first()?;
        let mut size = usize::from(length);
        if length & 0x80 != 0 {
            let (bytes, after) = rest.split_at_checked(usize::from(length & 0x7f))?;
            if bytes.len() > 4 {
                return None;
            }
            size = bytes.iter().fold(0, |size, &byte| size << 8 | usize::from(byte));
            rest = after;
        }
        let (content, rest) = rest.split_at_checked(size)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, which has this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }
}
