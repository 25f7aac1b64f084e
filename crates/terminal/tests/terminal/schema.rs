//! `docs/events.schema.json`: the part of the events that all commands share.

use std::path::Path;

use skyward_terminal::{Event, schema};

#[test]
fn the_shared_events_are_documented_as_they_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.schema.json");
    schema::hold(&file, "shared", &schema::part::<Event>()).unwrap();
}
