//! Routers of anybody's, taken as they are, with all that they may do to the server.

use crate::support::{Answer, Client, InProcess, ask, get, wait_for};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{StatusCode, header};
use axum::routing::{any, get as on_get, post};
use skyward_server::ClientAddress;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

fn metrics(service: &InProcess) -> String {
    get(service.admin, "/metrics").text().to_owned()
}

/// Asks twice on one connection, so that the shorter way is taken as well; both answers must be alike.
#[track_caller]
fn twice(service: &InProcess, path: &str) -> Answer {
    let mut client = Client::connect(service.address);
    let mut ask = || {
        client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        client.answer()
    };
    let (first, second, third) = (ask(), ask(), ask());
    for other in [&second, &third] {
        assert_eq!((first.status, first.text()), (other.status, other.text()), "{path}");
        let kind = |answer: &Answer| answer.header("content-type").map(str::to_owned);
        assert_eq!(kind(&first), kind(other), "{path}");
    }
    second
}

async fn seen(path: Option<MatchedPath>, uri: axum::http::Uri) -> String {
    format!("{} {uri}", path.as_ref().map_or("-", MatchedPath::as_str))
}

#[test]
fn a_matched_path_is_there_everywhere() {
    let inner = Router::new().route("/plain", on_get(seen)).route("/of/{id}", on_get(seen));
    let text = format!("/made-{}", 7);
    let router = Router::new()
        .route("/plain", on_get(seen))
        .route(&text, on_get(seen))
        .nest("/nested", inner.clone())
        .nest_service("/service", inner)
        .merge(Router::new().route("/merged/{*rest}", on_get(seen)))
        .fallback(seen);
    let service = InProcess::start(router, |_| {});
    for (path, expected) in [
        ("/plain", "/plain /plain"),
        ("/plain?a=b", "/plain /plain?a=b"),
        ("/made-7", "/made-7 /made-7"),
        ("/nested/plain", "/nested/plain /plain"),
        ("/nested/of/1", "/nested/of/{id} /of/1"),
        ("/service/of/1", "/service/of/{id} /of/1"),
        ("/merged/a/b", "/merged/{*rest} /merged/a/b"),
        ("/nowhere", "- /nowhere"),
    ] {
        assert_eq!(twice(&service, path).text(), expected);
    }
    let metrics = metrics(&service);
    for route in ["/plain", "/made-7", "/nested/plain", "/nested/of/{id}", "/merged/{*rest}"] {
        assert!(metrics.contains(&format!("_count{{http_request_method=\"GET\",http_route=\"{route}\",http_response_status_code=\"200\"}}")), "{metrics}");
    }
    assert!(!metrics.contains("nowhere") && !metrics.contains("/of/1"), "{metrics}");
}

#[test]
fn the_client_is_told_to_handlers() {
    let router = Router::new()
        .route("/peer", on_get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()))
        .route("/client", on_get(async |client: ClientAddress| client.0.to_string()));
    let service = InProcess::start(router, |settings| {
        settings.trusted_proxies = Some(vec!["127.0.0.0/8".into()]);
    });
    let mut client = Client::connect(service.address);
    let own = client.stream().local_addr().unwrap().to_string();
    for number in 1..4 {
        client.send("GET /peer HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer().text(), own);
        client.send(format!(
            "GET /client HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, 198.51.100.{number}\r\n\r\n"
        ));
        assert_eq!(client.answer().text(), format!("198.51.100.{number}"));
    }
}

#[test]
fn what_a_handler_answers_stays_as_it_is() {
    let router = Router::new()
        .route(
            "/login",
            on_get(async || {
                (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, "text/html")], Body::empty())
            }),
        )
        .route("/bare", on_get(async || StatusCode::NOT_FOUND))
        .route("/refuses", on_get(async || StatusCode::METHOD_NOT_ALLOWED))
        .route("/fails", on_get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/dated", on_get(async || [(header::DATE, "Thu, 01 Jan 1970 00:00:00 GMT")]))
        .nest_service("/files", any(async || StatusCode::NOT_FOUND));
    let service = InProcess::start(router, |_| {});
    let login = twice(&service, "/login");
    assert_eq!(
        (login.status, login.header("content-type"), login.text()),
        (401, Some("text/html"), "")
    );
    for (path, status) in [("/bare", 404), ("/refuses", 405), ("/fails", 500), ("/files/x", 404)] {
        let answer = twice(&service, path);
        assert_eq!(
            (answer.status, answer.header("content-type"), answer.text()),
            (status, None, ""),
            "{path}"
        );
    }
    assert_eq!(twice(&service, "/dated").header("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    // What axum alone answers is the server's.
    twice(&service, "/nowhere").assert_problem(404);
    let mut client = Client::connect(service.address);
    for _ in 0..3 {
        client.send("PUT /login HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = client.answer();
        answer.assert_problem(405);
        assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
}

/// The method that has no handler is the one that asks again: its `Allow` must not be lost on the shorter way.
#[test]
fn a_get_without_a_handler_is_told_what_there_is() {
    let router = Router::new().route("/only-post", post(async || "posted"));
    let service = InProcess::start(router, |_| {});
    let answer = twice(&service, "/only-post");
    answer.assert_problem(405);
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
}

#[test]
fn a_panic_is_one_500() {
    let breaks = |request: Request| async move {
        assert!(request.uri().query().is_none(), "a mistake");
        "fine"
    };
    let cut = async || {
        Body::from_stream(futures_util::stream::unfold(0, async |count| {
            assert!(count < 2, "a mistake in a stream");
            Some((Ok::<_, Infallible>(Bytes::from_static(b"part")), count + 1))
        }))
    };
    let router = Router::new().route("/", on_get(breaks)).route("/cut", on_get(cut));
    let service = InProcess::start(router, |_| {});
    let mut client = Client::connect(service.address);
    for _ in 0..3 {
        client.send("GET /?x HTTP/1.1\r\nHost: a\r\n\r\n");
        client.answer().assert_problem(500);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer().text(), "fine");
    }
    let mut other = Client::connect(service.address);
    other.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut received = Vec::new();
    let _ = std::io::Read::read_to_end(&mut other.stream(), &mut received);
    assert!(!received.ends_with(b"0\r\n\r\n"), "a cut answer is no whole one");
    wait_for("the panics to be counted", || {
        metrics(&service).contains("\nhttp_server_panics_total 4\n")
    });
    let (_, log) = service.stop();
    assert_eq!(log.matches("\"GET /?x HTTP/1.1\" 500 -").count(), 3, "{log}");
    assert_eq!(log.matches("\"GET /cut HTTP/1.1\" 499 -").count(), 1, "{log}");
}

/// A handler that computes holds up no other connection where threads are shared, and may say that it blocks.
#[cfg(feature = "shared-threads")]
#[test]
fn threads_can_be_shared() {
    let router = Router::new()
        .route("/", on_get(async || "page"))
        .route(
            "/of/{id}",
            on_get(async |axum::extract::Path(id): axum::extract::Path<u32>| id.to_string()),
        )
        .route(
            "/blocks",
            on_get(async || {
                tokio::task::block_in_place(|| std::thread::sleep(Duration::from_millis(200)));
                "blocked"
            }),
        );
    let service = InProcess::start(router, |settings| {
        settings.threads = Some(skyward_server::Threads::Shared);
    });
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let address = service.address;
            std::thread::spawn(move || {
                if number % 2 == 0 {
                    assert_eq!(get(address, "/blocks").text(), "blocked");
                }
                for id in 0..50 {
                    assert_eq!(get(address, &format!("/of/{id}")).text(), id.to_string());
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(twice(&service, "/").text(), "page");
    let (outcome, log) = service.stop();
    assert!(matches!(outcome, skyward_server::Outcome::Drained(drained) if drained.cut == 0));
    assert_eq!(log.lines().filter(|line| line.ends_with("200 -")).count(), 4 + 400 + 3, "{log}");
}

/// A body that is uploaded slowly but surely may take longer than the deadline of the request.
#[test]
fn an_upload_lives_while_bytes_flow() {
    let router = Router::new().route("/", post(async |body: Bytes| body.len().to_string()));
    let service = InProcess::start(router, |settings| settings.request_timeout_ms = Some(300));
    let mut client = Client::connect(service.address);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(50));
        client.send(vec![b'x'; 1_000]);
    }
    assert_eq!(client.answer().text(), "20000");
}

/// The application has nothing more to give for too long.
#[test]
fn a_stream_that_stalls_is_cut() {
    let stalled = async || {
        let first =
            futures_util::stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"first")) });
        Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending()))
    };
    let off = skyward_server::Deadline::default().no_stall();
    let router = Router::new()
        .route("/stalled", on_get(stalled))
        .route("/patient", on_get(stalled).layer(off));
    let service = InProcess::start(router, |settings| {
        settings.idle_timeout_ms = Some(200);
        settings.drain_cap_ms = Some(300);
    });
    let mut patient = Client::connect(service.address);
    patient.send("GET /patient HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut client = Client::connect(service.address);
    client.send("GET /stalled HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut received = Vec::new();
    assert!(std::io::Read::read_to_end(&mut client.stream(), &mut received).is_err());
    let metrics = metrics(&service);
    assert!(
        metrics.contains("\nhttp_server_cut_requests_total{reason=\"stalled\"} 1\n"),
        "{metrics}"
    );
    assert!(metrics.contains("\nhttp_server_active_requests 1\n"), "{metrics}");
    // At the end it is cut, and the log says so.
    let (outcome, log) = service.stop();
    assert!(matches!(outcome, skyward_server::Outcome::Drained(drained) if drained.cut == 1));
    assert_eq!(log.matches("\"GET /patient HTTP/1.1\" 499 -").count(), 1, "{log}");
    assert!(log.contains("0 answered, 1 cut"), "{log}");
}

#[test]
fn a_client_that_leaves_is_logged_as_such() {
    let endless = async || {
        Body::from_stream(futures_util::stream::repeat_with(|| {
            Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1_000]))
        }))
    };
    let service = InProcess::start(Router::new().route("/", on_get(endless)), |_| {});
    let mut client = Client::connect(service.address);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::io::Read::read_exact(&mut client.stream(), &mut vec![0; 100_000]).unwrap();
    drop(client);
    wait_for("the cut to be counted", || {
        metrics(&service).contains("\nhttp_server_cut_requests_total{reason=\"client_left\"} 1\n")
    });
    let (_, log) = service.stop();
    assert_eq!(log.matches("\"GET / HTTP/1.1\" 499 -").count(), 1, "{log}");
}

#[test]
fn every_method_takes_its_own_way() {
    let router =
        Router::new().route("/", any(async |request: Request| request.method().to_string()));
    let service = InProcess::start(router, |_| {});
    for method in ["GET", "POST", "OPTIONS", "BREW"] {
        let answer = ask(service.address, format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(answer.text(), method);
    }
}
