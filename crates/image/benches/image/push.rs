//! From a compiled binary to an image in a registry on this machine.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use skyward_config::Loaded;
use skyward_image::Monitor;
use skyward_image::build::{self, Built, Options};
use skyward_image::registry::{Credentials, Push, Settings};
use skyward_image::store::Store;
use skyward_testkit::bench::{Row, Target};
use skyward_testkit::registry::Distribution;

use crate::ko;

const WHAT: &str = "image: packaging and pushing after the compiler, against ko";
/// Of ko's own.
const TARGET: Target = Target::AtMost(0.13);
const RUNS: usize = 11;

/// Ours beside ko. Each of our runs pushes all blobs to a new repository; ko's base image and its
/// layers are at the registry already, which is its best case.
pub(crate) fn row(loaded: &Loaded) -> Result<Row> {
    if !found("docker-registry") {
        return Ok(Row::skipped(
            WHAT,
            "docker-registry is not in PATH (Debian's package docker-registry)",
        ));
    }
    let registry = Distribution::open();
    let mut times = Vec::with_capacity(RUNS);
    let mut packs = Vec::with_capacity(RUNS);
    for run in 0..RUNS {
        let built = build::build(loaded, &Options::default(), &Monitor::default())?;
        let started = Instant::now();
        push(&built, &registry.reference(&format!("ours{run}:latest")))?;
        packs.push(built.pack);
        times.push(built.pack + started.elapsed());
    }
    let (built, pushed) = commands(loaded, &registry)?;
    let ours = milliseconds(median(&mut times));
    let said = format!(
        "median of {RUNS}: {ours:.0} ms, {:.0} ms of it packaging, with the bill of materials; the commands `build --binary` and `push` \
         as users run them, unoptimised dev build: {built:.0} and {pushed:.0} ms",
        milliseconds(median(&mut packs))
    );
    Ok(match ko::milliseconds(&registry) {
        Err(error) => Row::skipped(WHAT, format!("ko: {error:#}; ours: {said}")),
        Ok(theirs) => {
            let mut row = Row::new(WHAT, ours / theirs, "×", TARGET);
            row.note = format!("{said}; ko {theirs:.0} ms");
            row
        }
    })
}

fn push(built: &Built, reference: &str) -> Result<()> {
    let source = Store::open(&built.written.archive)?;
    let push = Push {
        source: &source,
        references: vec![reference.parse()?],
        credentials: Some(Credentials::anonymous()),
        mount_from: Vec::new(),
        jobs: 4,
        settings: Settings::default(),
    };
    let pushed = push.run()?;
    ensure!(pushed.uploaded > 0, "nothing was uploaded, so nothing was measured");
    Ok(())
}

/// The two commands as processes, from the dev build where there is one, in milliseconds.
fn commands(loaded: &Loaded, registry: &Distribution) -> Result<(f64, f64)> {
    let program = crate::workspace().join("target/debug/skyward-image");
    let program =
        if program.is_file() { program } else { env!("CARGO_BIN_EXE_skyward-image").into() };
    let built = build::build(loaded, &Options::default(), &Monitor::default())?;
    let platform = built.platforms.first().context("the image has no platform")?;
    let binary = platform.binaries.first().context("the image has no binary")?;
    let output = loaded.config.image.output.display().to_string();
    let given = format!("linux/amd64={}", binary.display());
    let (mut builds, mut pushes) = (Vec::new(), Vec::new());
    for run in 0..5 {
        builds.push(timed(
            &program,
            &["build", "--set", &format!("image.output={output}"), "--binary", &given],
        )?);
        let archive = built.written.archive.display().to_string();
        let to = registry.reference(&format!("command{run}:latest"));
        pushes.push(timed(&program, &["push", &archive, "--to", &to])?);
    }
    Ok((milliseconds(median(&mut builds)), milliseconds(median(&mut pushes))))
}

fn timed(program: &Path, arguments: &[&str]) -> Result<Duration> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(crate::workspace());
    run_timed(&mut command)
}

/// How long a command takes; its failure is an error with its own words.
pub(crate) fn run_timed(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    let time = started.elapsed();
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(time)
}

pub(crate) fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
