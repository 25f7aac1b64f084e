//! The objects as YAML, to be read when they change.

use skyward_deployer::render;

use super::releases;

#[test]
fn the_objects() {
    for (name, release) in releases::all() {
        let manifests = render::manifests(&release).unwrap_or_else(|error| panic!("{error}"));
        insta::assert_snapshot!(name, render::yaml(&manifests));
    }
}
