//! From the configuration to the image: compile, check, pack, attach the bill of materials, write.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use oci_spec::image::Descriptor;
use skyward_config::Loaded;

use crate::cargo::{self, Compiled, Metadata, Request, Target};
use crate::pack::{self, Binary};
use crate::platform::Platform;
use crate::sbom::{self, Checksums, Subject};
use crate::write::{self, Written};
use crate::{digest, elf, settings};

/// What is asked for beside the configuration.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Binaries that are there, by platform. They are not compiled, and get no bill of materials.
    pub given: Vec<(Platform, PathBuf)>,
    /// The commit, for the label `org.opencontainers.image.revision`.
    pub revision: Option<String>,
    /// Seconds since 1970 that the image is dated with.
    pub epoch: u64,
}

/// What the build is at.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The compiler starts.
    Compiling {
        /// The package.
        package: &'a str,
        /// rustc's target.
        triple: &'a str,
    },
    /// A binary is there and is static.
    Binary {
        /// What it runs on.
        platform: &'a Platform,
        /// The file.
        path: &'a std::path::Path,
        /// Its size.
        bytes: u64,
    },
    /// The image is on disk.
    Wrote {
        /// Where.
        written: &'a Written,
    },
}

/// An image on disk.
#[derive(Clone, Debug)]
pub struct Built {
    /// Where it is.
    pub written: Written,
    /// The manifest, or the index where there are several platforms.
    pub descriptor: Descriptor,
    /// One for each platform.
    pub platforms: Vec<BuiltPlatform>,
    /// How long the compiler took.
    pub compile: Duration,
    /// How long everything after it took.
    pub pack: Duration,
}

/// The image of one platform.
#[derive(Clone, Debug)]
pub struct BuiltPlatform {
    /// The platform.
    pub platform: Platform,
    /// rustc's target; `None` where the binary was given.
    pub triple: Option<String>,
    /// The binary.
    pub binary: PathBuf,
    /// What was packed.
    pub packed: pack::Packed,
    /// The artifact with the bill of materials, and how many crates it lists.
    pub sbom: Option<(Descriptor, usize)>,
}

/// A binary before it is packed.
struct Ready {
    platform: Platform,
    path: PathBuf,
    compiled: Option<(Compiled, Metadata, Target)>,
}

/// Builds the image that the configuration describes.
pub fn build(
    loaded: &Loaded,
    options: &Options,
    report: &mut dyn FnMut(&Event<'_>),
) -> Result<Built> {
    let started = Instant::now();
    let ready = binaries(loaded, options, report)?;
    let compile = started.elapsed();

    let started = Instant::now();
    let (service, image) = (&loaded.config.service, &loaded.config.image);
    let package = ready.iter().find_map(|ready| {
        let (_, metadata, _) = ready.compiled.as_ref()?;
        metadata.member(&service.package).ok()
    });
    let spec = settings::spec(&loaded.config, package, options.revision.as_deref(), options.epoch);
    let binaries = ready.iter().map(|ready| {
        let bytes = std::fs::read(&ready.path)
            .with_context(|| format!("cannot read binary {}", ready.path.display()))?;
        elf::check(&bytes, &ready.platform)
            .with_context(|| format!("cannot pack {}", ready.path.display()))?;
        report(&Event::Binary {
            platform: &ready.platform,
            path: &ready.path,
            bytes: bytes.len() as u64,
        });
        Ok(Binary { platform: ready.platform.clone(), bytes })
    });
    let binaries = binaries.collect::<Result<Vec<_>>>()?;
    let mut packed = pack::pack(&spec, &binaries)?;
    let mut platforms = Vec::with_capacity(ready.len());
    for ((ready, binary), manifest) in
        ready.into_iter().zip(&binaries).zip(packed.manifests.clone())
    {
        let sbom = if image.sbom {
            attach_sbom(&ready, binary, &spec.name, &service.package, &manifest, &mut packed)?
        } else {
            None
        };
        let triple = ready.compiled.map(|(_, _, target)| target.triple);
        platforms.push(BuiltPlatform {
            platform: ready.platform,
            triple,
            binary: ready.path,
            packed: manifest,
            sbom,
        });
    }
    let folder = loaded.root.join(&image.output);
    let written = write::image(&packed, &folder, &service.name, &image.repository, &image.tags)?;
    report(&Event::Wrote { written: &written });
    Ok(Built {
        written,
        descriptor: packed.descriptor,
        platforms,
        compile,
        pack: started.elapsed(),
    })
}

/// The binaries: those that were given, else one for each platform of the configuration, compiled.
fn binaries(
    loaded: &Loaded,
    options: &Options,
    report: &mut dyn FnMut(&Event<'_>),
) -> Result<Vec<Ready>> {
    if !options.given.is_empty() {
        for (index, (platform, _)) in options.given.iter().enumerate() {
            if options.given[..index].iter().any(|(earlier, _)| earlier == platform) {
                bail!("--binary names {platform} twice: keep one of the two");
            }
        }
        let given = options.given.iter().map(|(platform, path)| Ready {
            platform: platform.clone(),
            path: path.clone(),
            compiled: None,
        });
        return Ok(given.collect());
    }
    let service = &loaded.config.service;
    let mut ready = Vec::new();
    for platform in &loaded.config.image.platforms {
        let platform: Platform = platform.parse()?;
        let target = Target::find(&platform, &loaded.root)?;
        report(&Event::Compiling { package: &service.package, triple: &target.triple });
        let metadata = Metadata::read(&loaded.root, &target.triple)?;
        let request =
            Request { folder: &loaded.root, package: &service.package, binary: service.binary() };
        let compiled = cargo::compile(&request, &metadata, &target)?;
        ready.push(Ready {
            platform,
            path: compiled.executable.clone(),
            compiled: Some((compiled, metadata, target)),
        });
    }
    Ok(ready)
}

fn attach_sbom(
    ready: &Ready,
    binary: &Binary,
    name: &str,
    package: &str,
    manifest: &pack::Packed,
    image: &mut pack::Image,
) -> Result<Option<(Descriptor, usize)>> {
    let Some((compiled, metadata, target)) = &ready.compiled else { return Ok(None) };
    let digest = digest::of(&binary.bytes);
    let package = &metadata.member(package)?.id;
    let subject = Subject { package, name, triple: &target.triple, digest: &digest };
    let checksums = Checksums::read(&metadata.workspace_root)?;
    let document = sbom::document(&subject, &compiled.units, metadata, &checksums)
        .with_context(|| format!("cannot make the bill of materials for {}", ready.platform))?;
    let crates = compiled
        .units
        .iter()
        .map(|unit| &unit.package)
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    let descriptor = sbom::attach(document, &manifest.manifest, &mut image.blobs)?;
    image.referrers.push(descriptor.clone());
    Ok(Some((descriptor, crates)))
}
