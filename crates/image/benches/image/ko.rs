//! ko on a service of the same kind in Go, with everything in its caches.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use skyward_image::registry::{Credentials, Push, Settings};
use skyward_image::store::Store;

use crate::push::{found, median, milliseconds as in_milliseconds, run_timed};
use skyward_testkit::registry::Distribution;

const SERVICE: &str = r#"package main

import (
	"fmt"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Hello, World!") })
	_ = http.ListenAndServe(":8000", nil)
}
"#;

/// The median of five runs of `ko build`, after one that fills the caches.
pub(crate) fn milliseconds(registry: &Distribution) -> Result<f64> {
    for program in ["ko", "go"] {
        if !found(program) {
            bail!("{program} is not in PATH");
        }
    }
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    fs::write(folder.path().join("main.go"), SERVICE)?;
    fs::write(folder.path().join("go.mod"), "module example.test/hello\n\ngo 1.20\n")?;
    let base = base(registry)?;
    let mut ko = Command::new("ko");
    // The signature-like extras are off: packaging and pushing alone are compared.
    ko.args(["build", "--bare", "--sbom=none", "."])
        .current_dir(folder.path())
        .env("KO_DOCKER_REPO", registry.reference("ko"))
        .env("KO_DEFAULTBASEIMAGE", base)
        .env("GOFLAGS", "-mod=mod")
        .env("CGO_ENABLED", "0");
    run_timed(&mut ko)?;
    let mut times = (0..5).map(|_| run_timed(&mut ko)).collect::<Result<Vec<_>>>()?;
    Ok(in_milliseconds(median(&mut times)))
}

/// ko needs a base image: an empty one, pushed by us.
fn base(registry: &Distribution) -> Result<String> {
    use skyward_image::pack::{self, Binary, Spec};
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let spec = Spec {
        name: "base".to_owned(),
        entrypoint: vec!["/base".to_owned()],
        user: 65532,
        ports: Vec::new(),
        env: [("PATH".to_owned(), "/".to_owned())].into(),
        args: Vec::new(),
        labels: std::collections::BTreeMap::new(),
        compression: skyward_config::Compression::Gzip,
        files: std::collections::BTreeMap::new(),
        epoch: 0,
    };
    let platform = "linux/amd64".parse()?;
    let image = pack::pack(&spec, &[Binary::new(platform, vec![0; 64])])?;
    let written =
        skyward_image::write::image(&image, folder.path(), "base", "base", &["latest".to_owned()])?;
    let source = Store::open(&written.archive)?;
    let reference = registry.reference("base:latest");
    let push = Push {
        source: &source,
        references: vec![reference.parse()?],
        credentials: Some(Credentials::anonymous()),
        mount_from: Vec::new(),
        jobs: 1,
        settings: Settings::default(),
    };
    push.run()?;
    Ok(reference)
}
