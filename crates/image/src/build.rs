//! From the configuration to the image: compile, check, pack, attach the bill of materials, write.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use oci_spec::image::Descriptor;
use skyward_config::Loaded;
use skyward_terminal::units;

use crate::cargo::{Cargo, Compiled, Metadata, Target};
use crate::event::{Event, Monitor, timed};
use crate::pack::{self, Binary};
use crate::platform::Platform;
use crate::sbom::{self, Checksums, Subject};
use crate::write::{self, Written};
use crate::{digest, elf, files, settings, system_files};

/// The settings of a build that are not part of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Binaries that are there, by platform; those of `image.binaries` are beside them. They are not compiled, and get no bill of materials.
    pub given: Vec<(Platform, PathBuf)>,
    /// The cargo to compile with; `None` is the one that started this program, or the one in `PATH`.
    pub cargo: Option<OsString>,
    /// Makes [`crate::event::ImageEvent::Cargo`] of each line that cargo writes. Otherwise they go to standard error, in colour and with a
    /// progress bar where that is a terminal.
    pub forward_cargo: bool,
    /// The commit, for the label `org.opencontainers.image.revision`.
    pub revision: Option<String>,
    /// Seconds since 1970 that the image is dated with.
    pub epoch: u64,
}

/// An image on disk.
#[derive(Clone, Debug)]
pub struct Built {
    /// The files.
    pub written: Written,
    /// The manifest, or the index where there are several platforms.
    pub descriptor: Descriptor,
    /// One for each platform.
    pub platforms: Vec<BuiltPlatform>,
    /// The time that the compiler took.
    pub compile: Duration,
    /// The time that everything after it took.
    pub pack: Duration,
}

/// The image of one platform.
#[derive(Clone, Debug)]
pub struct BuiltPlatform {
    /// The platform.
    pub platform: Platform,
    /// rustc's target; `None` where the binary was given.
    pub triple: Option<String>,
    /// The service's binary, and the further ones after it.
    pub binaries: Vec<PathBuf>,
    /// The blobs.
    pub packed: pack::Packed,
    /// The artifact with the bill of materials, and the number of crates that it lists.
    pub sbom: Option<(Descriptor, usize)>,
}

/// The binaries of a platform before they are packed.
struct Ready {
    platform: Platform,
    paths: Vec<PathBuf>,
    compiled: Option<(Compiled, Metadata, Target)>,
}

/// Builds the image that the configuration describes.
///
/// It blocks until the image is on disk: an asynchronous host calls it on a thread for blocking work, with
/// [`Monitor::cancel_on_drop`] beside it.
pub fn build(loaded: &Loaded, options: &Options, monitor: &Monitor) -> Result<Built> {
    let started = Instant::now();
    // Before the compiler: a path that is not there is said at once.
    let mut files = files::read(loaded)?;
    system_files::add(&loaded.config.image, &mut files, monitor)?;
    files::check(&loaded.config, &files)?;
    let ready = binaries(loaded, options, monitor)?;
    let compile = started.elapsed();

    let started = Instant::now();
    let (service, image) = (&loaded.config.service, &loaded.config.image);
    let package = ready.iter().find_map(|ready| {
        let (_, metadata, _) = ready.compiled.as_ref()?;
        metadata.member(&service.package).ok()
    });
    let mut spec =
        settings::spec(&loaded.config, package, options.revision.as_deref(), options.epoch);
    spec.files = files;
    let binaries = ready.iter().map(|ready| ready.read(&image.binaries));
    let binaries = binaries.collect::<Result<Vec<_>>>()?;
    let mut packed = pack::pack(&spec, &binaries)?;
    monitor.check()?;
    for one in &packed.manifests {
        monitor.emit(&is_packed(one));
    }
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
            binaries: ready.paths,
            packed: manifest,
            sbom,
        });
    }
    let folder = loaded.root.join(&image.output);
    let written = write::image(&packed, &folder, &service.name, &image.repository, &image.tags)?;
    let (archive, layout) = (written.archive.clone(), written.layout.clone());
    for path in [archive, layout] {
        monitor.emit(&Event::done(path.display().to_string(), "write", "written"));
    }
    Ok(Built {
        written,
        descriptor: packed.descriptor,
        platforms,
        compile,
        pack: started.elapsed(),
    })
}

impl Ready {
    /// Reads the binaries, of which the further ones have these names.
    fn read(&self, further: &[String]) -> Result<Binary> {
        let read = |path: &PathBuf| {
            let bytes = std::fs::read(path)
                .with_context(|| format!("cannot read binary {}", path.display()))?;
            elf::check(&bytes, &self.platform)
                .with_context(|| format!("cannot pack {}", path.display()))?;
            anyhow::Ok(bytes)
        };
        let mut all = self.paths.iter().map(read).collect::<Result<Vec<_>>>()?.into_iter();
        let bytes = all.next().context("there is no binary to pack")?;
        let further = further.iter().cloned().zip(all).collect();
        Ok(Binary { platform: self.platform.clone(), bytes, further })
    }
}

/// The binaries: those that were given, else those of each platform of the configuration, compiled.
fn binaries(loaded: &Loaded, options: &Options, monitor: &Monitor) -> Result<Vec<Ready>> {
    let (service, image) = (&loaded.config.service, &loaded.config.image);
    if !options.given.is_empty() {
        return given(&options.given, &image.binaries);
    }
    let names: Vec<_> = std::iter::once(service.binary())
        .chain(image.binaries.iter().map(String::as_str))
        .collect();
    let mut cargo = Cargo::new(&loaded.root);
    if let Some(program) = &options.cargo {
        cargo.program.clone_from(program);
    }
    let mut ready = Vec::new();
    for platform in &image.platforms {
        monitor.check()?;
        let platform: Platform = platform.parse()?;
        let target = Target::find(&platform, image.libc, &loaded.root)?;
        let (action, started) = (format!("compile for {}", target.triple), Instant::now());
        monitor.emit(&Event::started(&service.package, &action));
        let metadata = cargo.metadata(&target.triple)?;
        let (package, forward) = (&service.package, options.forward_cargo);
        let compiled = cargo.compile(package, &names, &metadata, &target, forward, monitor)?;
        let seconds = started.elapsed().as_secs_f64();
        monitor.emit(&timed(package, &action, "compiled", seconds));
        ready.push(Ready {
            platform,
            paths: compiled.executables.clone(),
            compiled: Some((compiled, metadata, target)),
        });
    }
    Ok(ready)
}

fn is_packed(packed: &pack::Packed) -> Event {
    let platform = packed.manifest.platform().as_ref();
    let platform = platform.map_or_else(String::new, |oci| Platform::of_oci(oci).to_string());
    let (full, compressed) = (units::bytes(packed.uncompressed), packed.layer.size());
    let outcome = format!("packed, static, {full}, compressed {}", units::bytes(compressed));
    Event::done(platform, "pack", outcome)
}

/// The further binaries are beside the one that was given, as cargo leaves them.
fn given(given: &[(Platform, PathBuf)], further: &[String]) -> Result<Vec<Ready>> {
    for (index, (platform, _)) in given.iter().enumerate() {
        if given[..index].iter().any(|(earlier, _)| earlier == platform) {
            bail!("--binary names {platform} twice: keep one of the two");
        }
    }
    let ready = given.iter().map(|(platform, path)| Ready {
        platform: platform.clone(),
        paths: std::iter::once(path.clone())
            .chain(further.iter().map(|name| path.with_file_name(name)))
            .collect(),
        compiled: None,
    });
    Ok(ready.collect())
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
    let further: Vec<_> =
        binary.further.iter().map(|(name, bytes)| (name.as_str(), digest::of(bytes))).collect();
    let subject =
        Subject { package, name, triple: &target.triple, digest: &digest, further: &further };
    let checksums = Checksums::read(&metadata.workspace_root)?;
    let document = sbom::document(&subject, &compiled.units, metadata, &checksums)
        .with_context(|| format!("cannot make the bill of materials for {}", ready.platform))?;
    let crates = compiled.units.iter().map(|unit| &unit.package).collect::<BTreeSet<_>>().len();
    let descriptor = sbom::attach(document, &manifest.manifest, &mut image.blobs)?;
    image.referrers.push(descriptor.clone());
    Ok(Some((descriptor, crates)))
}
