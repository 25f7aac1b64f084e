//! The events of this crate, as they are documented.

use std::path::Path;

use skyward_image::ImageEvent;
use skyward_terminal::schema;

#[test]
fn the_events_of_images_are_documented_as_they_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events.schema.json");
    schema::hold(&file, "image", &schema::part::<ImageEvent>()).unwrap();
}
