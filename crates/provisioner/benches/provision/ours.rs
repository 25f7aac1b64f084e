//! Ours: a stack of the brief's topology, made by `apply`.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::server::{Program, Server};
use skyward_testkit::bench::measure::Run;

const PROVISIONER: &str = env!("CARGO_BIN_EXE_skyward-provisioner");
const USER_DATA: &str = include_str!("../../../../infra/user-data.sh");
const CONFIGURATION: &str =
    "[aws]\nname = \"bench\"\nregion = \"eu-central-1\"\nuser_data = \"user-data.sh\"\n";

/// How many resources the stack has.
pub(crate) const RESOURCES: usize = 41;

/// The provisioner of this build.
pub(crate) struct Ours {
    program: Program,
}

impl Ours {
    /// Makes the stack.
    pub(crate) fn prepare(server: &Server, folder: &Path) -> Result<Self> {
        eprintln!("making a stack by ours");
        let file = folder.join("skyward.toml");
        std::fs::write(&file, CONFIGURATION)?;
        std::fs::write(folder.join("user-data.sh"), USER_DATA)?;
        let file = file.display().to_string();
        let ours = Self { program: server.program(&[PROVISIONER, "--config", &file]) };
        let made =
            ours.program.run(&["apply", "--yes", "--no-page", "--output", "json"])?.succeeded()?;
        let done = made.printed.matches("\"event\":\"done\"").count();
        ensure!(done == RESOURCES, "{done} resources were made, not {RESOURCES}: {}", made.printed);
        Ok(ours)
    }

    /// `plan`, which finds nothing to do.
    pub(crate) fn plan(&self) -> Result<Run> {
        // With --exit-code it succeeds only where there is nothing to do.
        self.program.run(&["plan", "--exit-code"])?.succeeded()
    }
}
