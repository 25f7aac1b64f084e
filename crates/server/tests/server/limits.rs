//! How much is taken.

use crate::support::{Client, Process, ask, get, wait_for};
use std::net::SocketAddr;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Connections that cannot be closed: they have begun to send a request.
fn busy(address: SocketAddr, count: usize) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..count).map(|_| Client::connect(address)).collect();
    for client in &mut clients {
        client.send(GET);
        assert_eq!(client.answer().status, 200);
        client.send("GET / HTTP/1.1\r\n");
    }
    clients
}

#[test]
fn one_connection_too_many() {
    let service = Process::start(&["--max-connections", "3"]);
    let mut clients = busy(service.address, 3);
    // The service has read that much once it has answered on the probes' port a few times.
    std::thread::sleep(std::time::Duration::from_millis(100));
    for _ in 0..5 {
        let mut refused = Client::connect(service.address);
        refused.send(GET);
        let answer = refused.answer();
        answer.assert_problem(503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        refused.assert_closed();
    }
    let metrics = service.metrics();
    assert!(metrics.contains("\nhttp_server_shed_connections_total 5\n"), "{metrics}");
    assert!(metrics.contains("\nhttp_server_open_connections 3\n"), "{metrics}");
    // Those that are open are not disturbed, and a place that becomes free is given away again.
    clients[0].send("Host: a\r\n\r\n");
    assert_eq!(clients[0].answer().status, 200);
    drop(clients.pop());
    wait_for("a free place", || service.metrics().contains("\nhttp_server_open_connections 2\n"));
    assert_eq!(ask(service.address, GET).status, 200);
    assert_eq!(service.log(10).iter().filter(|line| line.ends_with("\"-\" 503 -")).count(), 5);
}

#[test]
fn an_idle_connection_makes_room_for_a_new_one() {
    let service = Process::start(&["--max-connections", "20"]);
    let mut idle: Vec<Client> = (0..20).map(|_| Client::connect(service.address)).collect();
    for client in &mut idle {
        client.send(GET);
        assert_eq!(client.answer().status, 200);
    }
    let mut new: Vec<Client> = (0..12).map(|_| Client::connect(service.address)).collect();
    for client in &mut new {
        client.send(GET);
        assert_eq!(client.answer().status, 200);
    }
    // The longest idle ones were closed, and no others.
    idle[..12].iter_mut().for_each(Client::assert_closed);
    for client in &mut idle[12..] {
        client.send(GET);
        assert_eq!(client.answer().status, 200);
    }
    let metrics = service.metrics();
    assert!(metrics.contains("\nhttp_server_evicted_connections_total 12\n"), "{metrics}");
    assert!(metrics.contains("\nhttp_server_shed_connections_total 0\n"), "{metrics}");
}

#[test]
fn one_client_has_so_many_connections() {
    let service = Process::start(&["--max-connections-per-client", "2"]);
    let mut clients: Vec<Client> = (0..2).map(|_| Client::connect(service.address)).collect();
    for _ in 0..3 {
        Client::connect(service.address).answer().assert_problem(503);
    }
    clients[1].send(GET);
    assert_eq!(clients[1].answer().status, 200);
    drop(clients);
    wait_for("a free place", || ask(service.address, GET).status == 200);
    let trusting = ["--max-connections-per-client", "1", "--trusted-proxies", "127.0.0.1"];
    let service = Process::start(&trusting);
    for mut client in (0..5).map(|_| Client::connect(service.address)).collect::<Vec<_>>() {
        client.send(GET);
        assert_eq!(client.answer().status, 200);
    }
}

#[test]
fn a_crowd_at_the_door_keeps_no_probe_away() {
    let service = Process::start(&["--max-connections", "1"]);
    let _inside = Client::connect(service.address);
    let crowd: Vec<_> = (0..200).map(|_| Client::connect(service.address)).collect();
    assert_eq!(get(service.admin, "/livez").status, 200);
    wait_for("every one to be counted", || {
        service.metrics().contains("\nhttp_server_shed_connections_total 200\n")
    });
    drop(crowd);
}

/// More than are waited for after their answer: the log says 503 of each, so each must have been told.
#[test]
fn every_one_of_a_crowd_is_told() {
    let service = Process::start(&["--max-connections", "1"]);
    let _inside = Client::connect(service.address);
    let mut crowd: Vec<_> = (0..200).map(|_| Client::connect(service.address)).collect();
    for client in &mut crowd {
        client.answer().assert_problem(503);
    }
    assert!(service.log(200).iter().all(|line| line.ends_with("\"-\" 503 -")));
}

#[test]
fn sizes_can_be_set() {
    let service = Process::start(&["--max-header-bytes", "256", "--max-body-bytes", "10"]);
    ask(service.address, format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(300)))
        .assert_problem(431);
    ask(service.address, format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(300)))
        .assert_problem(414);
    ask(service.address, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
        .assert_problem(413);
    ask(service.address, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
        .assert_problem(405);
    assert_eq!(ask(service.address, GET).status, 200);
}

/// The descriptors run out under way: it is said once, what is open is served, and accepting goes on when
/// there are some again.
#[test]
fn no_descriptor_for_a_connection() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let mut service = Process::start(&[]);
    let mut open = Client::connect(service.address);
    open.send(GET);
    assert_eq!(open.answer().status, 200);
    let limit = |count| Rlimit {
        current: Some(count),
        maximum: rustix::process::getrlimit(Resource::Nofile).maximum,
    };
    let pid = Pid::from_raw(i32::try_from(service.pid()).unwrap());
    let before = prlimit(pid, Resource::Nofile, limit(8)).expect("it is ours");
    let mut waiting = Client::connect(service.address);
    waiting.send(GET);
    // No metrics can be asked for meanwhile either.
    std::thread::sleep(std::time::Duration::from_millis(300));
    open.send(GET);
    assert_eq!(open.answer().status, 200);
    prlimit(pid, Resource::Nofile, before).expect("it is ours");
    assert_eq!(waiting.answer().status, 200);
    assert!(
        !service.metrics().contains("\nhttp_server_accept_errors_total 0\n"),
        "{}",
        service.metrics()
    );
    service.signal(rustix::process::Signal::TERM);
    let (status, _, errors) = service.wait();
    assert_eq!(status.code(), Some(0));
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(
        errors.contains("[ERROR]: Cannot accept connections: ")
            && errors.contains("raise the limit of open files"),
        "{errors}"
    );
}
