//! Where the auditors are not obeyed.

use std::path::Path;

use skyward_deployer::render;

#[test]
fn the_committed_document_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/auditors.md");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != render::document() {
        std::fs::write(&path, render::document()).expect("deploy/ can be written to");
        panic!("deploy/auditors.md was not current and has been renewed; look at it and commit it");
    }
}
