//! Small values in their forms: platforms, moments, target triples, digests, canonical JSON, verified blobs.

use std::collections::HashMap;
use std::io::{self, Read};

use oci_spec::image::{Descriptor, MediaType};
use skyward_image::cargo::triples;
use skyward_image::digest::{self, HashingReader, canonical};
use skyward_image::platform::Platform;
use skyward_image::source::Verified;
use skyward_image::time::{LATEST, parse_epoch, rfc3339};

#[test]
fn platforms_are_read_and_written() {
    for text in ["linux/amd64", "linux/arm64", "linux/arm/v7"] {
        assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
    }
    for text in ["", "linux", "linux/", "/amd64", "linux/arm/", "linux/arm/v7/x"] {
        assert!(
            text.parse::<Platform>().unwrap_err().to_string().contains("expected os/architecture"),
            "{text}"
        );
    }
}

#[test]
fn moments() {
    for (seconds, expected) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_698_441_637, "2023-10-27T21:20:37Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (LATEST, "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(rfc3339(seconds), expected);
    }
}

#[test]
fn the_epoch_is_zero_unless_set_and_refused_when_it_is_no_number() {
    assert_eq!(parse_epoch(None).unwrap(), 0);
    assert_eq!(parse_epoch(Some("")).unwrap(), 0);
    assert_eq!(parse_epoch(Some("1700000000")).unwrap(), 1_700_000_000);
    for bad in ["yesterday", "-1", "1.5", "999999999999"] {
        assert!(parse_epoch(Some(bad)).unwrap_err().to_string().contains(bad));
    }
}

#[test]
fn platforms_have_their_triples() {
    for (platform, first) in [
        ("linux/amd64", "x86_64-unknown-linux-musl"),
        ("linux/arm64", "aarch64-unknown-linux-musl"),
        ("linux/arm64/v8", "aarch64-unknown-linux-musl"),
        ("linux/arm/v7", "armv7-unknown-linux-musleabihf"),
        ("linux/riscv64", "riscv64gc-unknown-linux-musl"),
    ] {
        assert_eq!(triples(&platform.parse().unwrap()).unwrap()[0], first);
    }
    let error = triples(&"windows/amd64".parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("windows/amd64 are not built here"), "{error}");
}

const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn the_known_digest_of_abc() {
    assert_eq!(digest::of(b"abc").to_string(), ABC);
    let mut reader = HashingReader::new(&b"abc"[..]);
    io::copy(&mut reader, &mut io::sink()).unwrap();
    assert_eq!((reader.digest().to_string().as_str(), reader.count()), (ABC, 3));
}

#[test]
fn keys_are_sorted_at_every_depth() {
    let inner: HashMap<String, u8> = (0..40).map(|n| (format!("k{n:02}"), n)).collect();
    let document = HashMap::from([("z", vec![inner.clone()]), ("a", vec![inner])]);
    let text = String::from_utf8(canonical(&document).unwrap()).unwrap();
    assert!(text.starts_with(r#"{"a":[{"k00":0,"k01":1,"#), "{text}");
    assert_eq!(text.as_bytes(), canonical(&document.clone()).unwrap());
}

fn read(bytes: &[u8], named: &[u8], size: u64) -> io::Result<Vec<u8>> {
    let descriptor = Descriptor::new(MediaType::ImageLayer, size, digest::of(named));
    let mut read = Vec::new();
    Verified::new(bytes, &descriptor).unwrap().read_to_end(&mut read).map(|_| read)
}

#[test]
fn a_changed_a_short_and_a_long_blob_are_errors_that_name_it() {
    assert_eq!(read(b"abc", b"abc", 3).unwrap(), b"abc");
    for (bytes, why) in [
        (&b"abd"[..], "have the digest"),
        (b"ab", "ends after 2 of 3"),
        (b"abcd", "more than its 3"),
    ] {
        let error = read(bytes, b"abc", 3).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("sha256:ba7816bf"), "{error}");
    }
}
