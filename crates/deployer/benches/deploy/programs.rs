//! The two programs, each with the same objects in a namespace of its own.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use skyward_config::Config;

use crate::contents::Contents;
use crate::place::Place;
use crate::workspace;
use skyward_testkit::bench::measure::{self, Run};

const DEPLOYER: &str = env!("CARGO_BIN_EXE_skyward-deployer");

/// The deployer of this build, and Helm where it is installed.
pub(crate) struct Programs {
    release: String,
    kubeconfig: Option<String>,
    context: String,
    /// What both deploy.
    pub(crate) contents: Contents,
    counts_disk: bool,
    /// The image of both, as the nodes know it.
    pub(crate) image: String,
    /// Helm's version, or why it is not measured.
    pub(crate) helm: Result<String, String>,
}

impl Programs {
    /// Builds and delivers the image where it is not there, and installs the release by both programs.
    pub(crate) fn prepare(place: &Place, config: &Config, contents: Contents) -> Result<Self> {
        std::env::set_current_dir(workspace())?;
        let kubeconfig = config.k3s.kubeconfig.as_ref();
        let mut programs = Self {
            release: config.service.name.clone(),
            kubeconfig: kubeconfig.map(|path| workspace().join(path).display().to_string()),
            context: place.context().to_owned(),
            contents,
            counts_disk: place.counts_disk()?,
            image: String::new(),
            helm: version(),
        };
        eprintln!("installing the release");
        let given = programs.contents.image.clone();
        let given = given.iter().flat_map(|image| ["--image", image]);
        let flags: Vec<_> = ["--output", "json"].into_iter().chain(given).collect();
        let installed = programs.apply(&flags)?.succeeded()?;
        programs.image = delivered(&installed.printed)?;
        if programs.helm.is_ok() {
            let image = programs.image.clone();
            let chart = programs.contents.chart.display().to_string();
            let mut render = vec!["render", "--image", &image, "--chart", &chart];
            render.extend(programs.contents.keys.iter().flat_map(|key| ["--set", key]));
            measure::run(DEPLOYER, &render)?.succeeded()?;
            programs.upgrade(&image)?.succeeded()?;
        }
        Ok(programs)
    }

    /// `apply` with these flags.
    pub(crate) fn apply(&self, flags: &[&str]) -> Result<Run> {
        let namespace = format!("k3s.namespace={}", self.contents.ours);
        let mut words = vec!["apply", "--context", &self.context, "--set", &namespace];
        words.extend(self.contents.keys.iter().flat_map(|key| ["--set", key]));
        words.extend(flags);
        measure::run(DEPLOYER, &words)
    }

    /// `helm upgrade --install --wait` with this image.
    pub(crate) fn upgrade(&self, image: &str) -> Result<Run> {
        let image = format!("image={image}");
        let counts_disk = format!("disk_is_counted={}", self.counts_disk);
        let chart = self.contents.chart.display().to_string();
        let mut words = vec!["upgrade", "--install", "--wait", &self.release, &chart];
        words.extend(["--namespace", self.contents.helms, "--kube-context", &self.context]);
        // Empty: the objects go into Helm's own namespace.
        words.extend(["--set", "k3s.namespace=", "--set", &image, "--set", &counts_disk]);
        words.extend(self.kubeconfig.iter().flat_map(|path| ["--kubeconfig", path]));
        measure::run("helm", &words)
    }
}

/// The image that the events of `apply` name.
fn delivered(events: &str) -> Result<String> {
    let events = events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events
        .filter(|event| event["event"] == "image")
        .find_map(|event| event["reference"].as_str().map(str::to_owned))
        .context("apply does not say which image it deploys")
}

fn version() -> Result<String, String> {
    let ask = || -> Result<String> {
        let output = Command::new("helm").args(["version", "--short"]).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    ask().map_err(|error| format!("`helm version`: {error}"))
}
