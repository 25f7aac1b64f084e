//! The events so far, and those to come.

use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

/// The most events that are kept: a program that never ends must not fill the memory. `up` has some hundreds.
const MOST: usize = 20_000;

/// The events of one run of `up`, each a line of JSON.
#[derive(Default)]
pub(crate) struct Feed {
    lines: Mutex<Vec<String>>,
    admin: OnceLock<String>,
    count: watch::Sender<usize>,
}

impl Feed {
    /// Adds an event. A line that is no JSON object is left out, as is everything past [`MOST`].
    pub(crate) fn add(&self, line: String) {
        let Ok(Value::Object(event)) = serde_json::from_str(&line) else { return };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == MOST {
            return;
        }
        if event.get("event").is_some_and(|name| name == "serving")
            && let Some(admin) = event.get("admin").and_then(Value::as_str)
        {
            // `up` starts one service.
            let _ = self.admin.set(admin.to_owned());
        }
        lines.push(line);
        self.count.send_replace(lines.len());
    }

    /// The event of a number, once it is there.
    pub(crate) async fn get(&self, number: usize) -> Option<String> {
        self.count.subscribe().wait_for(|count| *count > number).await.ok()?;
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).get(number).cloned()
    }

    /// The address of the service's probes and metrics, once the event `serving` has told it.
    pub(crate) fn admin(&self) -> Option<String> {
        self.admin.get().cloned()
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
