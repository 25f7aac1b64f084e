//! Heads and bodies of HTTP requests, as a connection reads them.
//!
//! However the bytes arrive, the messages are the same; and a head that is passed on means the same to another parser.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use skyward_server::fuzzing::{self, Part};

fuzz_target!(|data: &[u8]| -> Corpus {
    // The first byte is the size of the pieces.
    let Some((&size, input)) = data.split_first() else { return Corpus::Reject };
    let whole = fuzzing::read(input, usize::MAX);
    assert_eq!(whole, fuzzing::read(input, usize::from(size).max(1)), "pieces of {size} bytes");
    for part in whole {
        if let Part::Head(range) = part {
            agrees(&input[range]);
        }
    }
    Corpus::Keep
});

/// A head is one that httparse, hyper's parser, reads to its last byte.
fn agrees(head: &[u8]) {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut request = httparse::Request::new(&mut headers);
    let status = request.parse(head);
    assert_eq!(status, Ok(httparse::Status::Complete(head.len())), "{}", head.escape_ascii());
    let named = |name: &str| {
        request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).count()
    };
    assert!(named("host") <= 1, "{}", head.escape_ascii());
    assert!(named("content-length") + named("transfer-encoding") <= 1, "{}", head.escape_ascii());
}
