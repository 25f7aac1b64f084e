//! The next step where cargo has failed for want of something that can be seen on this machine.
//!
//! cargo and rustc write their reasons to the terminal themselves, where nobody reads them back: the machine is looked at again instead.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use rustix::fs::{Access, access};

use super::{Cargo, Linker, Metadata, Target};
use crate::permissions;
use crate::process::locate;

/// The parts of cargo's and curl's messages where the network is missing.
const NETWORK: [&str; 5] = [
    "failed to download",
    "Could not connect",
    "Could not resolve host",
    "Unable to update",
    "you're using offline mode",
];

/// The next step after cargo could not compile; none where it is the source that has to be changed, as far as this can tell.
pub(super) fn after_compiling(
    cargo: &Cargo,
    metadata: &Metadata,
    target: &Target,
) -> Option<String> {
    unwritable(&metadata.target_directory, &target.triple)
        .or_else(|| {
            let version = super::output(super::rustc(&cargo.folder).arg("--version")).ok()?;
            older(&String::from_utf8(version).ok()?, metadata)
        })
        .or_else(|| unlinked(target, std::env::var_os("PATH").as_deref()))
}

/// The next step after cargo could not tell of the workspace, by what it said.
pub(super) fn after_metadata(said: &str) -> Option<&'static str> {
    NETWORK.iter().any(|part| said.contains(part)).then_some(
        "crates have to be downloaded once: run `cargo fetch` while this machine has a network",
    )
}

/// The folder that cargo compiles in, where this user may not write to it.
fn unwritable(folder: &Path, triple: &str) -> Option<String> {
    let inner = [folder.to_owned(), folder.join("image"), folder.join(triple).join("image")];
    let there = inner.iter().filter_map(|it| it.ancestors().find(|it| it.is_dir()));
    let denied = there.into_iter().find(|it| access(*it, Access::WRITE_OK).is_err())?;
    let described = permissions::denied_folder(denied)?;
    Some(format!("{described}; change its mode or owner, or set CARGO_TARGET_DIR"))
}

/// The compiler, where a package asks for a newer one.
fn older(version: &str, metadata: &Metadata) -> Option<String> {
    let own = numbers(version.split(' ').nth(1)?)?;
    let asks = |package: &super::Package| numbers(package.rust_version.as_deref()?);
    let newest = metadata.packages.iter().max_by_key(|package| asks(package))?;
    (asks(newest)? > own).then(|| {
        let needed = newest.rust_version.as_deref().unwrap_or_default();
        format!("run `rustup update`: {} needs Rust {needed} or newer", newest.name)
    })
}

/// The numbers of a version such as `1.95.0` or `1.95`.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split(['.', '-']).map(str::parse);
    let mut next = || parts.next().unwrap_or(Ok(0)).ok();
    Some([next()?, next()?, next().unwrap_or(0)])
}

/// The linker that rustc starts where none is named, and the C library that it links.
fn unlinked(Target { triple, linker, .. }: &Target, path: Option<&OsStr>) -> Option<String> {
    if *linker != Linker::Default {
        return None;
    }
    let Some(cc) = locate("cc", path) else {
        return Some("install a C compiler, by which rustc links (on Debian the package gcc): there is no cc in PATH".to_owned());
    };
    (triple.contains("-gnu") && lacks_static_glibc(&cc)).then(|| {
        let musl = triple.replace("-gnu", "-musl");
        format!(
            "install glibc's static library, libc.a, which is not there (Fedora's glibc-static, Debian's libc6-dev); or run `rustup target \
             add {musl}` and set image.libc = \"musl\""
        )
    })
}

/// Returns true where the C compiler finds no static library of glibc: it then prints the name as it was given.
fn lacks_static_glibc(cc: &Path) -> bool {
    let asked = Command::new(cc).arg("-print-file-name=libc.a").output();
    asked.is_ok_and(|output| output.stdout.trim_ascii() == b"libc.a")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_old_compiler_is_named_with_the_package_that_needs_a_newer_one() {
        let metadata = |version: &str| -> Metadata {
            serde_json::from_value(serde_json::json!({
                "packages": [
                    { "id": "a", "name": "old", "version": "1.0.0" },
                    { "id": "b", "name": "web", "version": "1.0.0", "rust_version": version },
                ],
                "workspace_members": [], "workspace_root": "/", "target_directory": "/target",
                "resolve": { "nodes": [] }
            }))
            .unwrap()
        };
        let rustc = "rustc 1.80.1 (3f5fd8dd4 2024-08-06)\n";
        for (version, expected) in
            [("1.81", true), ("1.80.2", true), ("1.80.1", false), ("1.80", false)]
        {
            assert_eq!(older(rustc, &metadata(version)).is_some(), expected, "{version}");
        }
        let said = older(rustc, &metadata("1.95")).unwrap();
        assert_eq!(said, "run `rustup update`: web needs Rust 1.95 or newer");
        assert_eq!(older("rustc 1.95.0-nightly (abc 2026-01-01)", &metadata("1.95")), None);
    }

    #[test]
    fn a_missing_network_is_told_from_other_reasons() {
        let offline = "error: no matching package named `itoa` found\nAs a reminder, you're using offline mode";
        assert!(after_metadata(offline).is_some());
        assert!(after_metadata("error: failed to download from `https://a.example`").is_some());
        assert_eq!(after_metadata("error: could not find `Cargo.toml`"), None);
    }

    #[test]
    fn only_a_linker_of_rustc_s_own_choice_is_looked_for() {
        let nowhere = Some(OsStr::new("/nowhere"));
        assert!(unlinked(&target(Linker::Default), nowhere).is_some());
        assert_eq!(unlinked(&target(Linker::Lld(None)), nowhere), None);
        assert_eq!(unlinked(&target(Linker::Default), std::env::var_os("PATH").as_deref()), None);
    }

    #[test]
    fn a_c_library_that_cannot_be_linked_statically_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let cc = folder.path().join("cc");
        std::fs::write(&cc, "#!/bin/sh\necho libc.a\n").unwrap();
        std::fs::set_permissions(&cc, std::fs::Permissions::from_mode(0o755)).unwrap();
        let said = unlinked(&target(Linker::Default), Some(folder.path().as_os_str())).unwrap();
        assert!(said.contains("`rustup target add x86_64-unknown-linux-musl`"), "{said}");
    }

    fn target(linker: Linker) -> Target {
        Target { triple: "x86_64-unknown-linux-gnu".into(), sysroot: "/".into(), linker }
    }
}
