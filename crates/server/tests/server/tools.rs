//! The tools that others use against a server.

use crate::support::{Client, Process, ask, get};
use rustix::process::Signal;
use std::process::{Command, Stdio};
use std::time::Duration;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// While slowhttptest holds all the connections it can get, others are served; when it has been cut, nothing
/// of it is left.
fn slowhttptest(mode: &[&str]) {
    let service = Process::start(&[
        "--header-timeout-ms",
        "1000",
        "--body-timeout-ms",
        "1000",
        "--write-timeout-ms",
        "1000",
    ]);
    let url = format!("http://{}/", service.address);
    let mut attack = Command::new("slowhttptest")
        .args(mode)
        .args(["-c", "300", "-r", "300", "-i", "1", "-l", "5", "-p", "2", "-u", &url])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("slowhttptest is in PATH");
    while attack.try_wait().unwrap().is_none() {
        assert_eq!(ask(service.address, GET).text(), "Hello, World!");
        assert_eq!(get(service.admin, "/livez").status, 200);
        std::thread::sleep(Duration::from_millis(50));
    }
    crate::support::wait_for("every connection to be gone", || {
        service.metrics().contains("\nhttp_server_open_connections 0\n")
    });
    assert!(service.metrics().contains("\nhttp_server_active_requests 0\n"));
}

#[test]
#[ignore = "needs slowhttptest"]
fn slow_heads() {
    slowhttptest(&["-H"]);
}

#[test]
#[ignore = "needs slowhttptest"]
fn slow_bodies() {
    slowhttptest(&["-B"]);
}

#[test]
#[ignore = "needs slowhttptest"]
fn slow_reads() {
    slowhttptest(&["-X", "-w", "1", "-y", "2", "-n", "1", "-z", "1", "-k", "3"]);
}

#[test]
#[ignore = "needs wrk"]
fn sigterm_under_load() {
    let mut service = Process::start(&["--drain-delay-ms", "1500"]);
    let load = Command::new("wrk")
        .args(["-t1", "-c32", "-d2s", &format!("http://{}/", service.address)])
        .stdout(Stdio::piped())
        .spawn()
        .expect("wrk is in PATH");
    // wrk opens its connections anew when they are closed; all its requests end before the listener does.
    std::thread::sleep(Duration::from_secs(1));
    service.signal(Signal::TERM);
    let output = load.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (status, lines, _) = service.wait();
    assert_eq!(status.code(), Some(0), "{text}");
    assert!(lines.last().unwrap().contains("answered, 0 cut"), "{:?}", lines.last());
    assert!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "{text}");
    assert!(Client::try_connect(service.address).is_err());
}
