//! The rules of an image: a mistake is a line that a terminal can show, at a place in the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skyward_image::dive;

fuzz_target!(|data: &[u8]| {
    if let Err(mistake) = dive::parse_rules(data) {
        assert!(!mistake.reason.is_empty());
        assert!(!mistake.reason.contains(char::is_control), "{:?}", mistake.reason);
    }
});
