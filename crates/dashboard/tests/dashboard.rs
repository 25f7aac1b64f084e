//! The page as `up` feeds it and a browser sees it: the compiled program, with events on its standard input.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The longest that anything here may take.
const LONGEST: Duration = Duration::from_mins(1);

/// The program, and the end at which `up` is.
struct Dashboard {
    child: Child,
    input: Option<ChildStdin>,
    address: String,
}

impl Dashboard {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_skyward-dashboard"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let serving: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(serving["event"], "serving");
        let address = serving["address"].as_str().unwrap().to_owned();
        Self { input: child.stdin.take(), child, address }
    }

    fn tell(&mut self, event: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{event}").unwrap();
    }

    /// The answer to a request, whole: status and body.
    fn get(&self, path: &str) -> (u16, String) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
        let answer =
            ureq::Agent::from(agent).get(format!("{}{path}", self.address)).call().unwrap();
        (answer.status().as_u16(), answer.into_body().read_to_string().unwrap())
    }

    /// The events from the one after `seen`, as a browser that asks again gets them, until `count` have come.
    fn events(&self, seen: Option<usize>, count: usize) -> Vec<String> {
        let agent = ureq::Agent::config_builder().proxy(None).build();
        let mut request = ureq::Agent::from(agent).get(format!("{}/events", self.address));
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen.to_string());
        }
        let body = request.call().unwrap().into_body().into_reader();
        let lines = BufReader::new(body).lines().map_while(Result::ok);
        lines
            .filter_map(|line| line.strip_prefix("data: ").map(str::to_owned))
            .take(count)
            .collect()
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < LONGEST, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_browser_gets_the_page_and_all_events_also_those_before_it_came() {
    let mut dashboard = Dashboard::start();
    let (status, page) = dashboard.get("/");
    assert!(status == 200 && page.starts_with("<!doctype html>"), "{status} {page}");
    let events = [
        json!({ "event": "begin", "step": "build" }),
        json!({ "event": "row", "step": "sbom", "result": "38 crates" }),
    ];
    for event in &events {
        dashboard.tell(event);
    }
    let expected: Vec<_> = events.iter().map(Value::to_string).collect();
    assert_eq!(dashboard.events(None, 2), expected);
    assert_eq!(dashboard.events(Some(0), 1), expected[1..]);
}

#[test]
fn the_program_ends_with_its_input_and_says_so_to_its_browsers() {
    let mut dashboard = Dashboard::start();
    dashboard.tell(&json!({ "event": "begin", "step": "build" }));
    let input = dashboard.input.take();
    std::thread::scope(|scope| {
        // Asks for more events than ever come: the end of the stream is what ends it.
        let browser = scope.spawn(|| dashboard.events(None, 100));
        std::thread::sleep(Duration::from_millis(200));
        drop(input);
        assert_eq!(browser.join().unwrap().len(), 1);
    });
    wait_until("the program has not ended", || dashboard.child.try_wait().unwrap().is_some());
    assert!(dashboard.child.wait().unwrap().success());
}

#[test]
fn another_name_of_this_machine_is_refused() {
    let dashboard = Dashboard::start();
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
    let asked =
        ureq::Agent::from(agent).get(&dashboard.address).header("host", "evil.example").call();
    assert_eq!(asked.unwrap().status(), 403);
}

#[test]
fn the_services_metrics_are_handed_on_once_it_runs() {
    let mut dashboard = Dashboard::start();
    assert_eq!(dashboard.get("/metrics").0, 404);
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = format!("http://{}", service.local_addr().unwrap());
    let answered = std::thread::spawn(move || {
        let (mut stream, _) = service.accept().unwrap();
        let mut head = [0; 1024];
        let length = stream.read(&mut head).unwrap();
        let body = "http_server_active_requests 1\n";
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        String::from_utf8_lossy(&head[..length]).lines().next().unwrap().to_owned()
    });
    dashboard
        .tell(&json!({ "event": "serving", "address": "http://127.0.0.1:8000", "admin": admin }));
    let mut got = (0, String::new());
    wait_until("the address of the metrics is not known", || {
        got = dashboard.get("/metrics");
        got.0 != 404
    });
    assert_eq!(got, (200, "http_server_active_requests 1\n".to_owned()));
    assert_eq!(answered.join().unwrap(), "GET /metrics HTTP/1.1");
    // It has gone: the page is told, and goes on.
    assert_eq!(dashboard.get("/metrics").0, 502);
}

/// A browser on the page, and the connection by which it is asked what it shows (the Chrome `DevTools` Protocol).
struct Chromium {
    child: Child,
    tools: tungstenite::WebSocket<tungstenite::stream::MaybeTlsStream<std::net::TcpStream>>,
    _profile: tempfile::TempDir,
}

impl Chromium {
    fn open(address: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--force-prefers-reduced-motion", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(address)
            // What it leaves when it is killed goes with its profile.
            .env("TMPDIR", profile.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let listening = lines
            .find_map(|line| Some(line.strip_prefix("DevTools listening on ws://")?.to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        let listening = listening.expect("the browser tells where it listens");
        let list = format!("http://{}/json/list", listening.split('/').next().unwrap());
        let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
        let mut tools = None;
        wait_until("the browser has no page", || {
            let pages = agent.get(&list).call().unwrap().into_body().read_to_string().unwrap();
            let pages: Value = serde_json::from_str(&pages).unwrap();
            let page = pages.as_array().unwrap().iter().find(|page| page["type"] == "page");
            tools = page.and_then(|page| page["webSocketDebuggerUrl"].as_str().map(str::to_owned));
            tools.is_some()
        });
        let (tools, _) = tungstenite::connect(tools.unwrap()).unwrap();
        Self { child, tools, _profile: profile }
    }

    /// The document as it is now, with the picture in its shadow.
    fn document(&mut self) -> String {
        let expression = "document.documentElement.outerHTML + document.getElementById('picture').shadowRoot?.innerHTML";
        let asked = json!({ "id": 1, "method": "Runtime.evaluate", "params": { "expression": expression } });
        self.tools.send(asked.to_string().into()).unwrap();
        loop {
            let answer = self.tools.read().unwrap().into_text().unwrap();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            if answer["id"] == 1 {
                return answer["result"]["result"]["value"].as_str().unwrap_or_default().to_owned();
            }
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs chromium"]
fn a_browser_shows_the_steps_the_layers_and_the_topology_and_no_text_becomes_markup() {
    let mut dashboard = Dashboard::start();
    let picture = "<svg xmlns='http://www.w3.org/2000/svg'><style/><g class='mark-create' data-resources='vpc subnet/'><title>create</title><path d=''/></g></svg>";
    let at = |secs: u64| json!({ "secs": secs, "nanos": 0 });
    for event in [
        json!({ "event": "begin", "step": "build" }),
        json!({ "event": "row", "step": "compile", "result": "static <b>binary</b>", "seconds": 42.1, "size": 2_060_000 }),
        json!({ "event": "inspected", "efficiency": 1.0, "wasted_bytes": 0,
            "layers": [{ "digest": format!("sha256:{}", "7".repeat(64)), "bytes": 2_060_000, "stored_bytes": 950_000, "command": "COPY" }] }),
        json!({ "event": "below", "name": "address", "value": "http://127.0.0.1:8000" }),
        json!({ "event": "below", "name": "image", "value": "javascript:alert(1)" }),
        json!({ "event": "plan", "changes": [{ "id": "vpc", "action": "create" }, { "id": "subnet/a", "action": "create" }] }),
        json!({ "event": "topology", "svg": picture }),
        json!({ "event": "timeline", "spans": [
            { "id": "vpc", "started": at(0), "ended": at(10) }, { "id": "subnet/a", "started": at(10), "ended": at(75) }] }),
        json!({ "event": "up", "failure": null }),
    ] {
        dashboard.tell(&event);
    }
    let mut browser = Chromium::open(&dashboard.address);
    let mut document = String::new();
    wait_until("the page has not come to the end of the events", || {
        document = browser.document();
        document.contains(">serving</span>")
    });
    for expected in [
        "static &lt;b&gt;binary&lt;/b&gt;</td><td class=\"number\">42.1 s</td><td class=\"number\">2.06 MB</td>",
        "1 layer, efficiency 100.0 %, 0 B wasted",
        "<td class=\"number\">950.0 kB</td>",
        "<a href=\"http://127.0.0.1:8000\" target=\"_blank\" rel=\"noreferrer\">http://127.0.0.1:8000</a>",
        "<dd>javascript:alert(1)</dd>",
        "2 of 2 resources after 1 min 15 s of simulated time",
        "<span id=\"state\" role=\"status\" class=\"good\">serving</span>",
        "<g class=\"mark-in-sync\" data-resources=\"vpc subnet/\"><title>there</title>",
    ] {
        assert!(document.contains(expected), "{expected}\n{document}");
    }
    assert!(!document.contains("under way</td>"), "{document}");
}
