//! Where the auditors are not obeyed.

use std::path::Path;

use skyward_deployer::render;

#[test]
fn the_committed_document_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/auditors.md");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, render::document()).expect("deploy/ can be written to");
        return;
    }
    assert!(
        committed == render::document(),
        "deploy/auditors.md is not current; renew it: INSTA_UPDATE=always cargo test -p skyward-deployer --test render"
    );
}
