//! A folder of files behind the server, as tower-http serves it: ranges, precompressed variants, and what is not there.

use crate::support::{Answer, Client, InProcess, ask};
use axum::Router;
use std::fs;
use tower_http::services::ServeDir;

/// More than one read of a file, and one write of a socket.
const LARGE: usize = 300_000;

struct Site {
    service: InProcess,
    _folder: tempfile::TempDir,
}

fn start() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    write("index.html", b"<title>Files</title>");
    write("app.js", b"console.log('plain')");
    // What is in it does not matter to the server.
    write("app.js.gz", b"compressed");
    write("large.bin", &(0..LARGE).map(|at| at.to_le_bytes()[0]).collect::<Vec<_>>());
    let files = ServeDir::new(folder.path()).precompressed_gzip();
    let router = Router::new().nest_service("/static", files.clone()).fallback_service(files);
    Site { service: InProcess::start(router, |_| {}), _folder: folder }
}

impl Site {
    fn get(&self, path: &str, headers: &str) -> Answer {
        ask(self.service.address, format!("GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n"))
    }
}

#[test]
fn files_are_served_whole_and_in_ranges() {
    let site = start();
    for path in ["/", "/index.html", "/static/"] {
        let page = site.get(path, "");
        assert_eq!(
            (page.status, page.header("content-type"), page.text()),
            (200, Some("text/html"), "<title>Files</title>"),
            "{path}"
        );
    }
    let whole = site.get("/static/large.bin", "");
    assert_eq!((whole.status, whole.body.len()), (200, LARGE));
    assert_eq!(whole.header("content-length"), Some("300000"));
    for (range, from, to) in [
        ("0-0", 0, 1),
        ("1000-70000", 1_000, 70_001),
        ("299999-", 299_999, LARGE),
        ("-10", LARGE - 10, LARGE),
    ] {
        let part = site.get("/large.bin", &format!("Range: bytes={range}\r\n"));
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[from..to]), "{range}");
        let place = format!("bytes {from}-{}/{LARGE}", to - 1);
        assert_eq!(part.header("content-range"), Some(&place[..]));
    }
    let outside = site.get("/large.bin", "Range: bytes=300000-\r\n");
    assert_eq!((outside.status, outside.header("content-range")), (416, Some("bytes */300000")));
}

#[test]
fn a_precompressed_file_is_served_to_those_who_take_it() {
    let site = start();
    let compressed = site.get("/app.js", "Accept-Encoding: gzip\r\n");
    assert_eq!(
        (compressed.header("content-encoding"), compressed.text()),
        (Some("gzip"), "compressed")
    );
    let plain = site.get("/app.js", "");
    assert_eq!((plain.header("content-encoding"), plain.text()), (None, "console.log('plain')"));
}

#[test]
fn a_file_that_is_not_there_or_not_changed_has_no_body() {
    let site = start();
    // An empty 404 of a fallback is the server's to fill, as that of axum's own.
    site.get("/missing", "").assert_problem(404);
    for path in ["/static/missing", "/static/..%2f..%2fetc/passwd"] {
        let answer = site.get(path, "");
        assert_eq!((answer.status, answer.text()), (404, ""), "{path}");
    }
    let modified = site.get("/app.js", "").header("last-modified").unwrap().to_owned();
    let again = site.get("/app.js", &format!("If-Modified-Since: {modified}\r\n"));
    assert_eq!((again.status, again.text()), (304, ""));
    let mut client = Client::connect(site.service.address);
    client.send("HEAD /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let head = client.try_answer(false).unwrap();
    assert_eq!((head.status, head.header("content-length")), (200, Some("300000")));
    client.assert_closed();
}
