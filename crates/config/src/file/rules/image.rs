//! The rules over what is in the image: each path is one thing, and what is started from the image is there.

use std::collections::BTreeMap;

use super::{Report, is_within};
use crate::file::keys::child;
use crate::file::validate::quoted;
use crate::{Config, Delivery};

/// Places that a container's system makes itself.
const OF_THE_SYSTEM: [&str; 4] = ["/proc", "/sys", "/dev", "/tmp"];

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let binaries = binaries(config, report);
    files(config, &binaries, report);
    let image = &config.image;
    if let Some(reason) = missing(config, &binaries, &image.entrypoint, false) {
        report(&["image.entrypoint", "image.binaries", "image.files"], &|_| reason.clone());
    }
    // An image from elsewhere may hold anything.
    if config.k3s.delivery == Delivery::None {
        return;
    }
    let jobs = config.k3s.job.iter().map(|job| ("k3s.job", &job.name, &job.command));
    let workers = config.k3s.worker.iter().map(|it| ("k3s.worker", &it.name, &it.command));
    for (key, name, command) in jobs.chain(workers) {
        let volumes = &config.k3s.volume;
        let is_on_a_volume =
            |program: &String| volumes.iter().any(|it| is_within(program, &it.path));
        if command.first().is_some_and(is_on_a_volume) {
            continue;
        }
        if let Some(reason) = missing(config, &binaries, command, true) {
            report(&[key, "image.binaries", "image.files"], &|_| {
                format!(
                    "the command of {} is not in the image: {reason}, or set k3s.delivery = \"none\" for an image that is built elsewhere",
                    quoted(name)
                )
            });
        }
    }
}

/// The binaries by their paths in the image, each with the key that puts it there.
fn binaries(config: &Config, report: &mut Report<'_>) -> BTreeMap<String, &'static str> {
    let (service, image) = (&config.service, &config.image);
    let mut binaries = BTreeMap::from([(format!("/{}", service.name), "service.name")]);
    for binary in &image.binaries {
        let path = format!("/{binary}");
        let is_system = OF_THE_SYSTEM.contains(&path.as_str());
        if binary == service.binary() || is_system {
            report(&["image.binaries", "service.binary"], &|_| {
                let binary = quoted(binary);
                if is_system {
                    format!(
                        "{binary} would be {path}, which every container has already; give the binary another name in Cargo.toml"
                    )
                } else {
                    format!(
                        "{binary} is the service itself, which is in the image as /{}; list the others alone",
                        service.name
                    )
                }
            });
        } else if binaries.insert(path.clone(), "image.binaries").is_some() {
            report(&["image.binaries", "service.name"], &|_| {
                format!(
                    "{path} would be the service's own binary, after its name, and {} as well; give one of them another name",
                    quoted(binary)
                )
            });
        }
    }
    binaries
}

/// The files beside the binaries have places of their own.
fn files(config: &Config, binaries: &BTreeMap<String, &'static str>, report: &mut Report<'_>) {
    let files = &config.image.files;
    for (index, (here, inside)) in files.iter().enumerate() {
        let key = child("image.files", here);
        if let Some(taken) = OF_THE_SYSTEM.iter().find(|taken| is_within(inside, taken)) {
            report(&[&key], &|_| {
                format!(
                    "{} is in {taken}, which every container has already; choose another path",
                    quoted(inside)
                )
            });
        }
        for (binary, from) in binaries.iter().filter(|(binary, _)| is_within(inside, binary)) {
            report(&[&key, from], &|_| {
                let whose = if *from == "service.name" { "the service's" } else { "a" };
                format!("{binary} is {whose} binary in the image; choose another path")
            });
        }
        let other = files.iter().take(index).find(|(_, other)| *other == inside);
        if let Some((other, _)) = other {
            report(&[&key, &child("image.files", other)], &|_| {
                format!("{} is there twice; each path is one thing", quoted(inside))
            });
        }
    }
}

/// The reason for which a command cannot be started in the image that is built, as far as the configuration tells. Which files a folder
/// of `image.files` holds is seen when the image is built.
fn missing(
    config: &Config,
    binaries: &BTreeMap<String, &'static str>,
    command: &[String],
    may_be_searched: bool,
) -> Option<String> {
    let program = command.first()?;
    let mut files = config.image.files.values();
    if program.starts_with('/') {
        if binaries.contains_key(program) || files.any(|inside| is_within(program, inside)) {
            return None;
        }
    } else if may_be_searched && files.next().is_some() {
        // Some file may be in a folder of PATH.
        return None;
    }
    let known: Vec<_> = binaries.keys().map(String::as_str).collect();
    let known = known.join(", ");
    Some(if program.starts_with('/') {
        format!(
            "{} is not there, but {known}; add the binary to image.binaries, or the file to image.files",
            quoted(program)
        )
    } else {
        format!(
            "{} is not a path from /; name one that the image has, such as {known}",
            quoted(program)
        )
    })
}
