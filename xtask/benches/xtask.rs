//! xtask's own rows of the design's table: how many crates it compiles, and how long from nothing.

#[path = "../tests/support/crates.rs"]
mod crates;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Seconds that its build from nothing may take on two cores.
const COLD_BUILD_SECONDS: f64 = 10.0;

fn main() -> ExitCode {
    let strict = std::env::args().any(|argument| argument == "--strict");
    let json = std::env::args().skip_while(|argument| argument != "--output").nth(1).as_deref()
        == Some("json");
    let (crates, limit) = (crates::crates("xtask").len(), crates::LIMIT);
    let seconds = cold_build();
    if json {
        println!(
            r#"{{"rows":[{{"what":"xtask: crates","ours":{crates},"target":{limit}}},{{"what":"xtask: cold build, seconds","ours":{seconds:.2},"target":{COLD_BUILD_SECONDS}}}]}}"#
        );
    } else {
        print_table(crates, limit, seconds);
    }
    if strict && (crates > limit || seconds > COLD_BUILD_SECONDS) {
        eprintln!("bench xtask: a target was missed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn print_table(crates: usize, limit: usize, seconds: f64) {
    println!("{:<28}{:>8}  {:>8}", "what", "ours", "target");
    println!("{:<28}{crates:>8}  {:>8}", "xtask: crates", format!("≤ {limit}"));
    println!(
        "{:<28}{:>8}  {:>8}",
        "xtask: cold build",
        format!("{seconds:.1} s"),
        format!("≤ {COLD_BUILD_SECONDS} s")
    );
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    cargo
}

/// Seconds of a build into a folder that did not exist, removed again afterwards.
fn cold_build() -> f64 {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cold-build");
    let _ = std::fs::remove_dir_all(&folder);
    let mut build = cargo(&["build", "--quiet", "--locked", "--package", "xtask", "--target-dir"]);
    let started = Instant::now();
    let status = build.arg(&folder).status().expect("cargo build starts");
    let seconds = started.elapsed().as_secs_f64();
    assert!(status.success(), "cargo build failed");
    std::fs::remove_dir_all(&folder).expect("the folder of the cold build can be removed");
    seconds
}
