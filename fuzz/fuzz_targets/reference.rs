//! References to images: what is accepted means the same when it is written down and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skyward_image::registry::Reference;

fuzz_target!(|text: &str| {
    let Ok(reference) = text.parse::<Reference>() else { return };
    let written = reference.to_string();
    assert_eq!(written.parse::<Reference>().as_ref(), Ok(&reference), "{written:?} of {text:?}");
    assert!(
        !written.contains(|letter: char| letter.is_control() || letter.is_whitespace()),
        "{written:?}"
    );
    assert!(written.starts_with(&reference.name()), "{written:?}");
});
