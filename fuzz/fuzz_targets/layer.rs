//! A layer of an image, compressed or not: never more entries or bytes than the limits allow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skyward_image::layer::{Limits, decompress, walk};

const LIMITS: Limits = Limits { bytes: 1 << 20, entries: 100 };

fuzz_target!(|data: &[u8]| {
    let Ok(plain) = decompress(data) else { return };
    let (mut entries, mut bytes) = (0, 0);
    let result = walk(plain, LIMITS, |entry, contents| {
        entries += 1;
        let mut buffer = Vec::new();
        let read = contents.read_to_end(&mut buffer)?;
        bytes += read as u64;
        assert!(read as u64 <= entry.size, "{entry:?} has {read} bytes");
        Ok(())
    });
    if let Err(error) = result {
        assert!(!format!("{error:#}").is_empty());
    }
    assert!(entries <= LIMITS.entries && bytes <= LIMITS.bytes, "{entries} entries, {bytes} bytes");
});
