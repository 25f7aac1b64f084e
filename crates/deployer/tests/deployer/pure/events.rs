//! The events as scripts read them.

use std::path::Path;

use skyward_deployer::event::DeployEvent;
use skyward_terminal::schema;

#[test]
fn the_schema_of_our_events_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.schema.json");
    schema::hold(&file, "deployer", &schema::part::<DeployEvent>()).unwrap();
}
