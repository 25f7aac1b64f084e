//! What the releases are made of: the sample as it is, and with one of everything beside it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::place::{HELMS, HELMS_WHOLE, OURS, OURS_WHOLE};

/// A release, made by both programs.
pub(crate) struct Contents {
    /// What is beside the sample, in the words of the table.
    pub(crate) beside: &'static str,
    /// Our namespace.
    pub(crate) ours: &'static str,
    /// Helm's.
    pub(crate) helms: &'static str,
    /// Keys over those of the configuration.
    pub(crate) keys: Vec<String>,
    /// The folder that the chart is made in.
    pub(crate) chart: PathBuf,
    /// The image that is delivered already, where there is one.
    pub(crate) image: Option<String>,
}

/// An object of the user's own.
const MANIFEST: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\ndata:\n  greeting: hello\n";

impl Contents {
    /// The sample alone.
    pub(crate) fn plain(folder: &Path) -> Self {
        let (ours, helms, chart) = (OURS, HELMS, folder.join("plain"));
        Self { beside: "", ours, helms, keys: Vec::new(), chart, image: None }
    }

    /// The sample with jobs, workers, a file and an object of the user's own.
    pub(crate) fn whole(folder: &Path, image: &str) -> Result<Self> {
        let (manifest, file) = (folder.join("extra.yaml"), folder.join("app.toml"));
        std::fs::write(&manifest, MANIFEST)?;
        std::fs::write(&file, "greeting = \"hello\"\n")?;
        let worker = |name: &str| {
            format!("{{ name = \"{name}\", args = [\"--port\", \"0\", \"--admin-port\", \"0\"] }}")
        };
        let keys = vec![
            "k3s.job=[{ name = \"migrate\", args = [\"--help\"] }, { name = \"announce\", when = \"after\", args = [\"--help\"] }]".to_owned(),
            format!("k3s.worker=[{}, {}]", worker("mailer"), worker("indexer")),
            format!("k3s.files={{ \"/etc/app/app.toml\" = {file:?} }}"),
            format!("k3s.manifests=[{manifest:?}]"),
        ];
        let (ours, helms, chart) = (OURS_WHOLE, HELMS_WHOLE, folder.join("whole"));
        let beside = " with jobs, workers, files and own objects";
        Ok(Self { beside, ours, helms, keys, chart, image: Some(image.to_owned()) })
    }
}
