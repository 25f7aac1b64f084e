//! The image's numbers, and those of its peers: `cargo bench -p skyward-image --bench image`.
//!
//! Options: `--output text|json`, `--quick` (without the two builds in two folders).

#![allow(missing_docs, reason = "a program")]

mod digests;
mod ko;
mod push;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use skyward_config::{ConfigArgs, Loaded};
use skyward_image::Monitor;
use skyward_image::build::{self, Built, Options};
use skyward_image::dive::{self, Analysis};
use skyward_image::layer::Limits;
use skyward_image::resolve::resolve;
use skyward_image::store::Store;
use skyward_testkit::bench::{Row, Target};

fn main() -> ExitCode {
    skyward_testkit::bench::main("image", rows)
}

fn rows(quick: bool) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("cannot make a folder for the images")?;
    let loaded = configuration(folder.path())?;
    eprintln!("compiling {} and packing it", loaded.config.service.package);
    let built = build::build(&loaded, &Options::default(), &Monitor::default())?;
    let mut rows = sizes(&built)?;
    rows.push(push::row(&loaded)?);
    rows.push(if quick {
        Row::skipped("digests over two folders and two runs", "left out by --quick")
    } else {
        digests::row(&workspace())?
    });
    Ok(rows)
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/image is two deep")
        .to_owned()
}

/// The workspace's own configuration; the image goes into `folder`.
fn configuration(folder: &Path) -> Result<Loaded> {
    let args = ConfigArgs {
        config: Some(workspace().join("skyward.toml")),
        environment: None,
        set: vec![format!("image.output={}", folder.display())],
    };
    // The variables of whoever measures must not change what is measured.
    Ok(args.load_from(&workspace(), std::iter::empty())?)
}

fn sizes(built: &Built) -> Result<Vec<Row>> {
    let first = built.platforms.first().context("the image has no platform")?;
    let (full, packed) = (first.packed.uncompressed, first.packed.layer.size());
    let analysis = analysis(&built.written.archive)?;
    Ok(vec![
        Row::new("image: uncompressed", bytes(full), "MB", Target::AtMost(2.1)),
        Row::new("image: compressed", bytes(packed), "MB", Target::AtMost(0.95)),
        Row::new(
            "image: dive efficiency",
            analysis.efficiency * 100.0,
            "%",
            Target::AtLeast(100.0),
        ),
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        Row::new("image: wasted bytes", analysis.wasted as f64, "B", Target::AtMost(0.0)),
    ])
}

/// The dive rules' figures, of the archive as it is on disk.
fn analysis(archive: &Path) -> Result<Analysis> {
    let store = Store::open(archive)?;
    let image = resolve(&store, None)?;
    Ok(dive::analyze(&dive::read(&store, &image, Limits::default())?))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn bytes(count: u64) -> f64 {
    count as f64 / 1e6
}
