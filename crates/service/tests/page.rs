//! The page, as a client of the compiled service gets it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// Ends the service with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_page_says_hello() {
    let mut service = Killed(
        Command::new(env!("CARGO_BIN_EXE_skyward-service"))
            .args(["--host", "127.0.0.1", "--port", "0", "--admin-port", "0"])
            .env_remove("SKYWARD_SERVICE__NAME")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts"),
    );
    let mut line = String::new();
    let output = service.0.stdout.take().expect("is piped");
    BufReader::new(output).read_line(&mut line).expect("is text");
    let (start, address) = line.trim_end().rsplit_once("http://").expect("has an address");
    assert!(start.ends_with(" - [skyward-service] - [INFO]: Webserver listening: "), "{line}");

    let mut client = TcpStream::connect(address).expect("connects");
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .expect("sends");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("has a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for field in ["content-type: text/plain; charset=utf-8", "content-length: 13"] {
        assert!(head.lines().any(|line| line == field), "{field} in {head}");
    }
    assert_eq!(body, "Hello, World!");
}

#[test]
fn the_help_names_this_service() {
    let help = Command::new(env!("CARGO_BIN_EXE_skyward-service")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let expected =
        "A web server that answers `Hello, World!`\n\nUsage: skyward-service [--FLAG VALUE]…\n";
    assert!(help.starts_with(expected), "{help}");
}
