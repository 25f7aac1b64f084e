//! The page of `up --dashboard`, as a browser is told of it.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use serde_json::Value;

/// All events, from before the page is there until its end.
pub(crate) fn events(port: u16) -> Vec<Value> {
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    let deadline = Instant::now() + Duration::from_mins(3);
    let answer = loop {
        match agent.get(format!("http://127.0.0.1:{port}/events")).call() {
            Ok(answer) => break answer,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let lines = BufReader::new(answer.into_body().into_reader()).lines().map_while(Result::ok);
    let event = |line: String| serde_json::from_str(line.strip_prefix("data: ")?).ok();
    lines.filter_map(event).collect()
}
