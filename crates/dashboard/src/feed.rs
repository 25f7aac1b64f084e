//! The events so far, and those to come.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

/// The most events that are kept: a program that never ends must not fill the memory. `up` has some hundreds.
const MOST: usize = 20_000;

/// The events of one run of `up`, each a line of JSON.
#[derive(Default)]
pub(crate) struct Feed {
    lines: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
}

impl Feed {
    /// Adds an event. A line that is no JSON object is left out, as is everything past [`MOST`].
    pub(crate) fn add(&self, line: String) {
        if !serde_json::from_str::<Value>(&line).is_ok_and(|event| event.is_object()) {
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST {
            lines.push(line);
            self.count.send_replace(lines.len());
        }
    }

    /// The event of a number, once it is there.
    pub(crate) async fn get(&self, number: usize) -> Option<String> {
        self.count.subscribe().wait_for(|count| *count > number).await.ok()?;
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).get(number).cloned()
    }

    /// The address of the service's probes and metrics, as the event `serving` tells it.
    pub(crate) fn admin(&self) -> Option<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut serving = events.filter(|event| event["event"] == "serving");
        serving.find_map(|event| event["admin"].as_str().map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_keep_their_order_and_what_is_none_is_left_out() {
        let feed = Feed::default();
        for line in [
            "{\"event\":\"a\"}",
            "Compiling …",
            "[1]",
            "{\"event\":\"serving\",\"admin\":\"http://h:9\"}",
        ] {
            feed.add(line.to_owned());
        }
        let lines = feed.lines.lock().unwrap().clone();
        assert_eq!(
            lines,
            ["{\"event\":\"a\"}", "{\"event\":\"serving\",\"admin\":\"http://h:9\"}"]
        );
        assert_eq!(feed.admin().as_deref(), Some("http://h:9"));
    }
}
