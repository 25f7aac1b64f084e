//! OpenTofu with its provider for AWS: the same topology, made by the configuration beside this file.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::contender::Contender;
use crate::server::{Program, Server};
use skyward_testkit::bench::measure::Run;

const CONFIGURATION: &str = include_str!("main.tf");

/// OpenTofu, where it is installed and its provider can be had.
pub(crate) struct Tofu {
    version: String,
    resources: usize,
    program: Program,
}

impl Tofu {
    /// Makes the stack by the configuration; or says why it is not measured.
    pub(crate) fn prepare(server: &Server, folder: &Path) -> Result<Result<Self, String>> {
        let Ok(output) = Command::new("tofu").arg("version").output() else {
            return Ok(Err("no tofu in PATH".to_owned()));
        };
        let version = String::from_utf8_lossy(&output.stdout);
        let version = version.lines().next().unwrap_or_default().to_owned();
        let folder = folder.join("tofu");
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("main.tf"), CONFIGURATION)?;
        let there = format!("-chdir={}", folder.display());
        let program = server.program(&["TF_IN_AUTOMATION=1", "tofu", &there]);
        let mut tofu = Self { version, resources: 0, program };
        // Its provider is in no language's package registry, and is downloaded by itself; what it makes of moto's answers is its own.
        for step in [&["init", "-input=false"][..], &["apply", "-input=false", "-auto-approve"]] {
            eprintln!("making a stack by {}: {}", tofu.version, step[0]);
            let run = tofu.program.run(step)?;
            if !run.ok {
                return Ok(Err(format!("tofu {} failed: {}", step[0], reason(&run.printed))));
            }
        }
        tofu.resources = tofu.program.run(&["state", "list"])?.succeeded()?.printed.lines().count();
        let run = tofu.plan()?;
        if !run.ok {
            let reason = reason(&run.printed);
            return Ok(Err(format!("tofu plan finds something to do against moto: {reason}")));
        }
        Ok(Ok(tofu))
    }

    /// It succeeds only where there is nothing to do.
    fn plan(&self) -> Result<Run> {
        self.program.run(&["plan", "-input=false", "-lock=false", "-detailed-exitcode"])
    }
}

impl Contender for Tofu {
    fn check(&self) -> Result<Run> {
        let run = self.plan()?;
        ensure!(run.ok, "OpenTofu finds something to do: {}", run.printed);
        Ok(run)
    }

    fn said(&self) -> String {
        format!("{} has {} resources of its own kinds", self.version, self.resources)
    }
}

/// The line that names the error, else the last one.
fn reason(printed: &str) -> String {
    let line = printed.lines().find(|line| line.contains("Error")).or(printed.lines().last());
    line.unwrap_or_default().trim_matches(['│', ' ']).to_owned()
}
