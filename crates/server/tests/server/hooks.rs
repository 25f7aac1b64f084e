//! What an application does beside its requests, and upgraded connections.

use crate::support::{Client, InProcess, get, wait_for};
use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::routing::get as on_get;
use skyward_server::{App, Outcome, Registry, Server, Settings};
use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Notes = Arc<Mutex<Vec<&'static str>>>;

fn note(notes: &Notes, what: &'static str) {
    notes.lock().unwrap().push(what);
}

#[test]
fn hooks_run_in_their_order() {
    let notes = Notes::default();
    let [of_start, of_task, of_before, of_after, of_route] =
        std::array::from_fn(|_| Arc::clone(&notes));
    let asked = Arc::new(AtomicBool::new(false));
    let of_asked = Arc::clone(&asked);
    let router = Router::new().route(
        "/",
        on_get(async move || {
            of_asked.store(true, SeqCst);
            tokio::time::sleep(Duration::from_millis(300)).await;
            note(&of_route, "answered");
        }),
    );
    let app = App::new(router)
        .on_start(async move |_| {
            note(&of_start, "started");
            Ok::<_, String>(())
        })
        .background("worker", async move |shutdown| {
            shutdown.drained().await;
            note(&of_task, "ended");
        })
        .before_drain(async move || note(&of_before, "signalled"))
        .after_drain(async move || note(&of_after, "drained"));
    let mut service = InProcess::start(app, |_| {});
    let mut client = Client::connect(service.address);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for("the request", || asked.load(SeqCst));
    service.begin_to_stop();
    assert_eq!(client.answer().status, 200);
    service.end();
    let mut found = notes.lock().unwrap().clone();
    // The last two wait for the same.
    found[3..].sort_unstable();
    assert_eq!(found, ["started", "signalled", "answered", "drained", "ended"]);
}

#[test]
fn what_does_not_end_is_cut_at_the_cap() {
    let app = App::new(Router::new())
        .background("stubborn", async |_| std::future::pending().await)
        .after_drain(async || std::future::pending().await);
    let service = InProcess::start(app, |settings| settings.drain_cap_ms = Some(400));
    wait_for("readiness", || get(service.admin, "/readyz").status == 200);
    let (outcome, log) = service.stop();
    assert!(matches!(outcome, Outcome::Drained(drained) if drained.cut == 0));
    assert!(log.contains("Drained in 0.4 s"), "{log}");
}

#[test]
fn a_failed_start_is_an_error_with_its_reason() {
    for (app, expected) in [
        (
            App::default().on_start(async |_| Err::<(), _>("no database")),
            "the application did not start: no database",
        ),
        (
            App::default().on_start(async |_| -> Result<(), String> { panic!("a mistake") }),
            "the application did not start: it panicked",
        ),
    ] {
        let settings = Settings {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            admin_port: 0,
            ..Settings::default()
        };
        let server = Server::bind(settings, app).unwrap();
        let error = server.run(Box::new(std::io::sink())).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn readiness_asks_the_application() {
    let (is_up, may_start) =
        (Arc::new(AtomicBool::new(true)), Arc::new(tokio::sync::Notify::new()));
    let (of_check, of_start) = (Arc::clone(&is_up), Arc::clone(&may_start));
    let registry = Registry::new();
    registry.counter("orders_total", "Orders.", &[]).add(3);
    let app = App::new(Router::new().route("/", on_get(async || "page")))
        .on_start(async move |_| {
            of_start.notified().await;
            Ok::<_, String>(())
        })
        .ready(move || {
            let is_up = of_check.load(SeqCst);
            async move { if is_up { Ok(()) } else { Err("the \"database\" is down") } }
        })
        .metrics(registry);
    let service = InProcess::start(app, |_| {});
    let starting = get(service.admin, "/readyz");
    starting.assert_problem(503);
    assert!(starting.text().contains("starting"), "{starting:?}");
    assert_eq!(get(service.admin, "/livez").status, 200);
    may_start.notify_one();
    wait_for("readiness", || get(service.admin, "/readyz").status == 200);
    assert_eq!(get(service.address, "/").text(), "page");
    is_up.store(false, SeqCst);
    let answer = get(service.admin, "/readyz");
    answer.assert_problem(503);
    assert!(answer.text().contains(r#"the \"database\" is down"#), "{answer:?}");
    assert!(get(service.admin, "/metrics").text().contains("\norders_total 3\n"));
}

fn echo() -> Router {
    let upgrade = async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |mut socket| {
            while let Some(Ok(message)) = socket.recv().await {
                if let Message::Text(_) = &message
                    && socket.send(message).await.is_err()
                {
                    return;
                }
            }
        })
    };
    Router::new().route("/ws", on_get(upgrade)).route("/", on_get(async || "page"))
}

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A text frame of a client, masked with zeros.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

fn open(service: &InProcess) -> Client {
    let mut client = Client::connect(service.address);
    client.send(UPGRADE);
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("upgrade")), (101, Some("websocket")), "{answer:?}");
    client
}

fn say(client: &Client, text: &str) {
    client.stream().write_all(&frame(text)).unwrap();
    let mut echoed = vec![0; 2 + text.len()];
    client.stream().read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed[2..], text.as_bytes());
}

#[test]
fn a_websocket_is_served_and_told_of_the_end() {
    let mut service = InProcess::start(echo(), |settings| {
        settings.request_timeout_ms = Some(200);
        settings.idle_timeout_ms = Some(200);
    });
    let client = open(&service);
    for number in 0..5 {
        // Longer in all than any deadline of HTTP's.
        std::thread::sleep(Duration::from_millis(100));
        say(&client, &format!("message {number}"));
    }
    let metrics = get(service.admin, "/metrics").text().to_owned();
    assert!(metrics.contains("\nhttp_server_upgraded_connections 1\n"), "{metrics}");
    service.begin_to_stop();
    let mut close = [0; 4];
    client.stream().read_exact(&mut close).unwrap();
    assert_eq!(close, [0x88, 2, 0x03, 0xE9], "going away");
    client.stream().write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9]).unwrap();
    assert_eq!(client.stream().read(&mut close).unwrap(), 0);
    let (outcome, log) = service.end();
    assert!(matches!(outcome, Outcome::Drained(drained) if drained.cut == 0), "{outcome:?}");
    assert_eq!(log.matches("\"GET /ws HTTP/1.1\" 101 -").count(), 1, "{log}");
}

#[test]
fn upgraded_connections_are_bounded() {
    let service = InProcess::start(echo(), |settings| {
        settings.max_upgrades = Some(2);
        settings.upgrade_idle_timeout_ms = Some(400);
    });
    let (first, _second) = (open(&service), open(&service));
    let mut third = Client::connect(service.address);
    third.send(UPGRADE);
    third.answer().assert_problem(503);
    // Others are served.
    assert_eq!(get(service.address, "/").text(), "page");
    say(&first, "still here");
    // Without a byte they are closed, and their places are free again.
    assert_eq!((&mut first.stream()).read(&mut [0; 16]).unwrap_or(0), 0);
    wait_for("free places", || {
        get(service.admin, "/metrics").text().contains("\nhttp_server_upgraded_connections 0\n")
    });
    say(&open(&service), "again");
}

#[test]
fn an_open_websocket_is_cut_at_the_cap() {
    let service = InProcess::start(echo(), |settings| settings.drain_cap_ms = Some(300));
    let client = open(&service);
    say(&client, "hello");
    // It never answers the Close frame.
    let (outcome, log) = service.stop();
    assert!(matches!(outcome, Outcome::Drained(drained) if drained.cut == 1), "{outcome:?} {log}");
}
