//! The release as a Helm chart, for those who deploy with Helm.
//!
//! Its values are the keys of the configuration, under the same names and with the same forms; their defaults are the
//! release's. The templates are derived from the renderer (`derive`), and render its objects with one exception: the label
//! `app.kubernetes.io/managed-by` names Helm, as Helm wants it.

mod derive;
mod documents;
mod exceptions;
mod keys;
mod marks;

use std::path::PathBuf;

use keys::Key;

use crate::release::Release;
use crate::render::{self, RenderError};

/// The templates that are not made from the objects: calculations on values, and rules over several of them.
const TEMPLATES: [(&str, &str); 3] = [
    ("_helpers.tpl", include_str!("chart/templates/_helpers.tpl")),
    ("_rules.tpl", include_str!("chart/templates/_rules.tpl")),
    ("NOTES.txt", include_str!("chart/templates/NOTES.txt")),
];

/// A whole chart: its files, by path below its folder.
///
/// # Errors
/// As [`render::manifests`].
pub fn chart(release: &Release) -> Result<Vec<(PathBuf, String)>, RenderError> {
    render::manifests(release)?;
    let keys = keys::keys(release);
    let mut files = vec![
        (PathBuf::from("Chart.yaml"), about(release)),
        (PathBuf::from("README.md"), documents::readme(release, &keys)),
        (PathBuf::from("values.schema.json"), documents::schema(&keys)),
        (PathBuf::from("values.yaml"), documents::values(&keys)),
        (PathBuf::from("templates/_exceptions.tpl"), exceptions::template()),
    ];
    let written = TEMPLATES.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let templates = written.into_iter().chain(derive::templates(release));
    files.extend(templates.map(|(name, text)| (PathBuf::from("templates").join(name), text)));
    Ok(files)
}

/// `Chart.yaml`. The chart's version is the deployer's: the templates change with it.
fn about(release: &Release) -> String {
    let (name, version) = (release.name(), env!("CARGO_PKG_VERSION"));
    let image = serde_json::Value::from(release.image.as_str());
    format!(
        "apiVersion: v2\n\
         name: \"{name}\"\n\
         description: The web service {name}, hardened and without downtime.\n\
         type: application\n\
         version: {version}\n\
         appVersion: {image}\n\
         kubeVersion: \">=1.33.0-0\"\n"
    )
}
