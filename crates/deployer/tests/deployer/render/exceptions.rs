//! Where the auditors are not obeyed.

use std::path::Path;

use skyward_deployer::render::{self, EXCEPTIONS};

use super::releases;

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
        "deploy/auditors.md is not current; renew it: INSTA_UPDATE=always cargo test -p skyward-deployer --test deployer exceptions"
    );
}

/// So that each of them is shown to the auditors by some test.
#[test]
fn every_exception_is_met_by_some_release() {
    let releases = releases::all();
    let met = releases
        .iter()
        .flat_map(|(_, release)| render::exceptions(release).expect("it can be rendered"));
    let met: std::collections::HashSet<_> = met.collect();
    for exception in EXCEPTIONS {
        assert!(met.contains(&exception), "{exception:?}");
    }
}
