//! `cargo xtask bench`: the design's numbers, ours and the peers', in one run.

mod size;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use skyward_terminal::Output;

use crate::external;

/// The options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Bench {
    /// The subjects to measure; without one, all
    #[arg(value_enum)]
    subjects: Vec<Subject>,
    /// The form of standard output; JSON is one document for each subject
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// Fail where a target is missed, after all subjects were measured. Without it a figure is no failure: one run may be disturbed
    #[arg(long)]
    strict: bool,
    /// With `size`: show the sizes of this commit too
    #[arg(long, value_name = "COMMIT")]
    base: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// CPU per request, throughput, memory and start, beside raw hyper, nginx, Python and Go.
    Service,
    /// Size, efficiency, packaging and push beside ko, and the digests of two builds.
    Image,
    /// A deployment with nothing to do, and one of a bad image, beside Helm; on the configured cluster.
    Deploy,
    /// A plan with nothing to change, beside Ansible's check mode; both ask the same emulator of AWS.
    Provision,
    /// xtask itself: its crates and its cold build.
    Xtask,
    /// Lines and files of Rust.
    Size,
}

impl Bench {
    /// Measures each subject in turn; fails when one cannot be measured.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let subjects =
            if self.subjects.is_empty() { Subject::value_variants() } else { &self.subjects };
        let mut missed = Vec::new();
        for &subject in subjects {
            if let Err(error) = self.measure(subject) {
                if !self.strict {
                    return Err(error);
                }
                missed.push(format!("{error:#}"));
            }
        }
        ensure!(missed.is_empty(), "{}", missed.join("\n"));
        Ok(ExitCode::SUCCESS)
    }

    fn measure(&self, subject: Subject) -> Result<()> {
        match subject {
            Subject::Service => self.bench_of("skyward-server", "service"),
            Subject::Image => self.bench_of("skyward-image", "image"),
            Subject::Deploy => self.bench_of("skyward-deployer", "deploy"),
            Subject::Provision => self.bench_of("skyward-provisioner", "provision"),
            Subject::Xtask => self.bench_of("xtask", "xtask"),
            Subject::Size => size::run(self.base.as_deref(), self.output, self.strict),
        }
    }

    fn bench_of(&self, package: &str, bench: &str) -> Result<()> {
        let mut cargo = external::cargo();
        cargo.current_dir(external::workspace());
        cargo.args(["bench", "--quiet", "--package", package, "--bench", bench, "--"]);
        if self.output == Output::Json {
            cargo.args(["--output", "json"]);
        }
        cargo.args(self.strict.then_some("--strict"));
        let failed = if self.strict {
            "a target was missed, or it could not be measured to the end"
        } else {
            "it could not be measured to the end"
        };
        ensure!(
            cargo.status()?.success(),
            "bench {bench}: {failed} (the reason is above); repeat it alone with `{}`",
            external::words(&cargo)
        );
        Ok(())
    }
}
