//! Starting, and failing to.

use crate::support::{Process, ask, command, get};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Output;

fn output(flags: &[&str]) -> Output {
    command(flags).output().unwrap()
}

/// One line on standard error, with the exit code.
#[track_caller]
fn fails(flags: &[&str], code: i32, expected: &str) {
    let output = output(flags);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(expected), "{text}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}

#[test]
fn a_port_in_use() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let reason = format!(
        "[ERROR]: cannot listen on 127.0.0.1:{port}: the port is in use; stop what uses it, or choose another with --port (0 picks a free one)"
    );
    fails(&["--port", &port], 1, &reason);
    fails(&["--admin-port", &port], 1, "choose another with --admin-port");
    // Also when it is another one of ours.
    let service = Process::start(&[]);
    fails(&["--port", &service.address.port().to_string()], 1, "the port is in use");
    fails(
        &["--host", "0.0.0.0", "--port", &service.address.port().to_string()],
        1,
        "the port is in use",
    );
}

#[test]
fn a_bad_address() {
    fails(
        &["--host", "192.0.2.1"],
        1,
        "cannot listen on 192.0.2.1:0: no interface of this machine has that address",
    );
    fails(
        &["--host", "localhost"],
        2,
        "--host: \"localhost\" is not valid; a host is an IP address, such as 127.0.0.1",
    );
}

#[test]
fn too_few_file_descriptors() {
    let limited = |limit: &str, flags: &[&str]| {
        let binary = command(flags);
        std::process::Command::new("sh")
            .args(["-c", &format!("ulimit -n {limit} && exec \"$@\""), "sh"])
            .arg(binary.get_program())
            .args(binary.get_args())
            .output()
            .unwrap()
    };
    let output = limited("256", &["--max-connections", "1000"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("cannot allow 1000 connections: the process may open 256 files")
            && text.lines().count() == 1,
        "{text}"
    );
    let output = limited("64", &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("cannot start: the process may open 64 files") && text.lines().count() == 1,
        "{text}"
    );
}

#[test]
fn wrong_usage() {
    fails(
        &["--port", "http"],
        2,
        "skyward-server: --port: \"http\" is not valid; a port is a whole number from 0 to 65535",
    );
    fails(&["--colour"], 2, "skyward-server: invalid option '--colour'; --help lists the flags");
    let output = command(&[]).env("SKYWARD_SERVICE__LOG_FORMAT", "xml").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "skyward-server: SKYWARD_SERVICE__LOG_FORMAT: \"xml\" is not valid; it is one of \"default\", \"common\", \"combined\", \"json\"\n"
    );
}

#[test]
fn help_and_version() {
    let help = output(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let help = String::from_utf8(help.stdout).unwrap();
    // The package's name and description, and not those of the sample; then its own flags, then the server's.
    assert!(
        help.contains("skyward-server") && help.contains(env!("CARGO_PKG_DESCRIPTION")),
        "{help}"
    );
    assert!(!help.contains("skyward-service"), "{help}");
    let place = |text: &str| help.find(text).unwrap_or_else(|| panic!("{text} in {help}"));
    assert!(place("--hello-text TEXT") < place("--admin-port PORT"), "{help}");
    assert!(help.contains("[Hello, World!]"), "{help}");
    let version = output(&["--version"]);
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        format!("skyward-server {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn flags_of_its_own() {
    let service = Process::start(&["--hello-text", "Good day!"]);
    assert_eq!(get(service.address, "/").text(), "Good day!");
    fails(&["--hello-text"], 2, "--hello-text");
}

#[test]
fn variables_set_what_flags_do_not() {
    let mut child = command(&[])
        .env("SKYWARD_SERVICE__NAME", "from-variable")
        .env("SKYWARD_SERVICE__PORT", "1")
        .spawn()
        .unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("[from-variable]") && !line.ends_with(":1\n"), "{line}");
}

#[test]
fn both_families() {
    let service = Process::start(&["--host", "::1"]);
    assert!(service.address.is_ipv6());
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", service.address);
    assert_eq!(ask(service.address, request).text(), "Hello, World!");
    assert!(service.log(1)[0].starts_with("::1 - - ["));
    // An IPv4 client of an IPv6 socket is an IPv4 client.
    let service = Process::start(&["--host", "::"]);
    let address = (Ipv4Addr::LOCALHOST, service.address.port()).into();
    assert_eq!(get(address, "/").status, 200);
    assert!(service.log(1)[0].starts_with("127.0.0.1 - - ["));
}
