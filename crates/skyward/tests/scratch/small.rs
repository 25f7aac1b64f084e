//! A repository with a small service, and what its commands say.

use std::process::Output;

use crate::scratch::Scratch;

/// A small HTTP service of one port, without dependencies: whatever else these tests need is not the compiler's business.
const SMALL: &str = r#"
use std::io::{Read, Write};
use std::net::TcpListener;

fn main() {
    let listener = TcpListener::bind("ADDRESS").expect("the port is free");
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 4096];
        let count = stream.read(&mut request).unwrap_or(0);
        let request = String::from_utf8_lossy(&request[..count]).into_owned();
        let (status, body) = match request.split(' ').nth(1) {
            Some("/health") => ("200 OK", "fine"),
            Some("/private") => ("401 Unauthorized", "who are you?"),
            Some("/moved") => ("302 Found\r\nLocation: /health", ""),
            Some("/") => ("200 OK", "the page"),
            _ => ("404 Not Found", "no such page"),
        };
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    }
}
"#;

/// A repository of it, which listens on this address.
pub(crate) fn small(address: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.write(
        "Cargo.toml",
        "[package]\nname = \"small_web\"\nversion = \"0.3.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    scratch.write("src/main.rs", &SMALL.replace("ADDRESS", address));
    scratch
}

/// All that a command said.
pub(crate) fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Returns what a command said that must have succeeded.
#[track_caller]
pub(crate) fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}
