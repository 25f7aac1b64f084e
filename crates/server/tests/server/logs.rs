//! What is written down.

use crate::support::{Client, InProcess, Process, ask, command, get, wait_for};
use axum::Router;
use axum::extract::Path;
use std::io::BufRead as _;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// `line` with every digit of a date as `0`, and every letter of a month as `M`.
fn shape(line: &str) -> String {
    let (before, rest) = line.split_once('[').unwrap();
    let (date, after) = rest.split_once(']').unwrap();
    let date: String = date
        .chars()
        .map(|character| match character {
            '0'..='9' => '0',
            'A'..='Z' | 'a'..='z' => 'M',
            other => other,
        })
        .collect();
    format!("{before}[{date}]{after}")
}

#[test]
fn the_lines_of_the_brief() {
    let service = Process::start(&["--name", "my-web-server"]);
    ask(service.address, GET);
    let log = service.log(1);
    assert_eq!(shape(&log[0]), "127.0.0.1 - - [00/MMM/0000 00:00:00] \"GET / HTTP/1.1\" 200 -");
    let start = &service.lines()[0];
    let (date, rest) = start.split_at(19);
    let date: String = date
        .chars()
        .map(|character| if character.is_ascii_digit() { '0' } else { character })
        .collect();
    assert_eq!(date, "0000-00-00 00:00:00");
    assert_eq!(
        rest,
        format!(" - [my-web-server] - [INFO]: Webserver listening: http://{}", service.address)
    );
}

#[test]
fn other_forms() {
    let request = "GET /\"x\" HTTP/1.1\r\nHost: a\r\nUser-Agent: a\"b\\c\r\n\r\n";
    for (format, expected) in [
        (
            "common",
            r#"127.0.0.1 - - [00/MMM/0000:00:00:00 +0000] "GET /\x22x\x22 HTTP/1.1" 404 55"#,
        ),
        (
            "combined",
            r#"127.0.0.1 - - [00/MMM/0000:00:00:00 +0000] "GET /\x22x\x22 HTTP/1.1" 404 55 "-" "a\x22b\x5Cc""#,
        ),
    ] {
        let service = Process::start(&["--log-format", format]);
        ask(service.address, request);
        assert_eq!(shape(&service.log(1)[0]), expected);
    }
    let service = Process::start(&["--log-format", "json"]);
    ask(service.address, request);
    let line: serde_json::Value = serde_json::from_str(&service.log(1)[0]).unwrap();
    assert_eq!(line["target"], r"/\x22x\x22");
    assert_eq!(
        (&line["status"], &line["bytes"], &line["client"]),
        (&404.into(), &55.into(), &"127.0.0.1".into())
    );
}

#[test]
fn a_client_cannot_forge_a_line() {
    let service = Process::start(&[]);
    ask(service.address, "GET /\" 200 -\x0b\x1b[31m\u{e9} HTTP/1.1\r\n\r\n");
    assert_eq!(
        shape(&service.log(1)[0]),
        r#"127.0.0.1 - - [00/MMM/0000 00:00:00] "GET /\x22 200 -\x0B\x1B[31m\xC3\xA9 HTTP/1.1" 400 -"#
    );
}

#[test]
fn a_line_tells_the_client_that_a_trusted_proxy_names() {
    let forwarded = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6, 198.51.100.7\r\nX-Forwarded-For: 10.1.1.1\r\n\r\n";
    for (flags, client) in
        [(&["--trusted-proxies", "127.0.0.0/8,10.0.0.0/8"][..], "198.51.100.7"), (&[], "127.0.0.1")]
    {
        let service = Process::start(flags);
        ask(service.address, forwarded);
        assert!(service.log(1)[0].starts_with(&format!("{client} - - [")), "{:?}", service.log(1));
    }
}

#[test]
fn lines_of_one_client_are_in_order() {
    let service = Process::start(&[]);
    for number in 0..50 {
        get(service.address, &format!("/{number}"));
    }
    let log = service.log(50);
    for (number, line) in log.iter().enumerate() {
        assert!(line.contains(&format!("\"GET /{number} HTTP/1.1\" 404 -")), "{number}: {line}");
    }
}

#[test]
fn probes_are_not_logged_and_requests_are_counted() {
    let service = Process::start(&[]);
    get(service.admin, "/livez");
    get(service.admin, "/readyz");
    ask(service.address, GET);
    ask(service.address, GET);
    ask(service.address, "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(service.log(3).len(), 3);
    let metrics = service.metrics();
    for line in [
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="/",http_response_status_code="200"} 2"#,
        r#"http_server_request_duration_seconds_bucket{http_request_method="_OTHER",http_response_status_code="404",le="+Inf"} 1"#,
        "http_server_active_requests 0",
        r#"skyward_service_build_info{version="0.1.0"} 1"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    assert!(!metrics.contains("pot") && !metrics.contains("livez"), "{metrics}");
}

#[test]
fn a_route_counts_under_its_template() {
    let app =
        Router::new().route("/users/{id}", axum::routing::get(async |Path(id): Path<String>| id));
    let service = InProcess::start(app, |_| {});
    for id in 0..10 {
        assert_eq!(get(service.address, &format!("/users/{id}")).text(), id.to_string());
    }
    let (_, log) = service.stop();
    assert_eq!(log.matches("GET /users/").count(), 10, "{log}");
}

#[test]
fn a_closed_standard_output_is_no_reason_to_end() {
    let mut child = command(&[]).spawn().unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    drop(output);
    let address = line.trim_end().rsplit_once("http://").unwrap().1.parse().unwrap();
    for _ in 0..5 {
        assert_eq!(ask(address, GET).status, 200);
        std::thread::sleep(std::time::Duration::from_millis(120));
    }
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Nobody reads standard output: lines are lost and counted, requests are not.
#[test]
fn a_stuck_standard_output_holds_up_no_request() {
    let mut child =
        command(&["--log-format", "combined", "--drain-delay-ms", "0"]).spawn().unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut address = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line.trim_end().rsplit_once("http://").unwrap().1.parse().unwrap()
    };
    let (service, admin) = (address(), address());
    let mut client = Client::connect(service);
    let request = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(2_000));
    wait_for("lost lines", || {
        client.send(request.repeat(50));
        (0..50).for_each(|_| assert_eq!(client.answer().status, 404));
        let metrics = get(admin, "/metrics");
        !metrics.text().contains("\nskyward_service_log_lines_dropped_total 0\n")
    });
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    let mut status = None;
    wait_for("the end", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    assert_eq!(status.unwrap().code(), Some(0));
    drop(output);
}
