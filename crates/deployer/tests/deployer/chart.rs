//! The Helm chart of a release.

mod helm;
mod values;

use std::collections::BTreeMap;

use skyward_deployer::chart::chart;
use skyward_deployer::release::Release;

/// The chart's files, by path.
fn files(release: &Release) -> BTreeMap<String, String> {
    let files = chart(release).unwrap_or_else(|error| panic!("{error}"));
    files.into_iter().map(|(path, text)| (path.to_string_lossy().into_owned(), text)).collect()
}
