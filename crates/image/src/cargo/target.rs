//! The target of rustc that makes a static binary for a platform.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use skyward_config::Libc;

use super::linker::{self, Installed, Linker};
use crate::platform::Platform;

/// A target of rustc whose standard library is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The triple, such as `x86_64-unknown-linux-musl`.
    pub triple: String,
    /// rustc's own folder, `rustc --print sysroot`.
    pub sysroot: PathBuf,
    /// The linker.
    pub linker: Linker,
}

impl Target {
    /// Finds the target for `platform` with this C library.
    pub fn find(platform: &Platform, libc: Libc, folder: &Path) -> Result<Self> {
        let output = super::output(super::rustc(folder).args(["--print", "sysroot"]))?;
        let sysroot = String::from_utf8(output).context("the sysroot is not UTF-8")?;
        Self::pick(platform, libc, folder, PathBuf::from(sysroot.trim()))
    }

    fn pick(platform: &Platform, libc: Libc, folder: &Path, sysroot: PathBuf) -> Result<Self> {
        let word = libc.as_str();
        let all = triples(platform)?;
        let with = |libc: Libc| all.iter().find(|triple| has(triple, libc));
        let Some(triple) = with(libc) else {
            bail!(
                "rustup has no {word} for {platform}; set image.libc = \"{}\"",
                libc.other().as_str()
            );
        };
        let is_installed =
            |triple: &String| sysroot.join("lib/rustlib").join(triple).join("lib").is_dir();
        let is_own = is_of_this_machine(platform);
        if !is_installed(triple) {
            let also = if is_own {
                String::new()
            } else {
                format!(
                    " (a package with C code needs a compiler for it: {})",
                    linker::for_c(triple)
                )
            };
            let other = with(libc.other()).filter(|other| is_installed(other));
            let other = other.map_or_else(String::new, |other| {
                let word = libc.other().as_str();
                format!("; or set image.libc = \"{word}\" for {other}, which is, and gives another digest")
            });
            bail!(
                "no target for {platform} with image.libc = \"{word}\" is installed; run: rustup target add {triple}{also}{other}"
            );
        }
        if is_own {
            return Ok(Self { triple: triple.clone(), sysroot, linker: Linker::Default });
        }
        match Installed::look(triple, folder, &sysroot).choose(triple) {
            Some(linker) => Ok(Self { triple: triple.clone(), sysroot, linker }),
            None => bail!(
                "nothing here links programs for {platform}; run: {}",
                remedy(libc, triple, with(Libc::Musl))
            ),
        }
    }
}

/// Tells whether a target is that of a C library.
fn has(triple: &str, libc: Libc) -> bool {
    triple.contains(&format!("-{}", libc.as_str()))
}

/// The ways to a linker for the target of another machine, of which `musl` is the one of that library, as words after "run: ".
fn remedy(libc: Libc, triple: &str, musl: Option<&String>) -> String {
    let c = linker::for_c(triple);
    match (libc, musl) {
        (Libc::Musl, _) => format!(
            "rustup target add {triple}, for which rustc brings a linker; or, for packages with C code too, {c}"
        ),
        (Libc::Gnu, None) => c,
        (Libc::Gnu, Some(musl)) => format!(
            "rustup target add {musl}, for which rustc brings a linker, and set image.libc = \"musl\"; or, for packages with C code \
             too, {c}"
        ),
    }
}

/// Returns true for a platform whose programs are linked with this machine's own tools.
fn is_of_this_machine(platform: &Platform) -> bool {
    let own = Platform::of_this_machine().architecture;
    // gcc has both in one program.
    platform.architecture == own || (platform.architecture == "386" && own == "amd64")
}

/// The targets for `platform`, that of musl first where there is one.
pub fn triples(platform: &Platform) -> Result<Vec<String>> {
    let variant = platform.variant.as_deref();
    let (machine, environment) = match (
        platform.os.as_str(),
        platform.architecture.as_str(),
        variant,
    ) {
        ("linux", "amd64", None | Some("v1")) => ("x86_64", ""),
        ("linux", "arm64", None | Some("v8")) => ("aarch64", ""),
        ("linux", "arm", None | Some("v7")) => ("armv7", "eabihf"),
        ("linux", "arm", Some("v6")) => ("arm", "eabihf"),
        ("linux", "386", None) => ("i686", ""),
        ("linux", "riscv64", None) => ("riscv64gc", ""),
        ("linux", "ppc64le", None) => ("powerpc64le", ""),
        ("linux", "s390x", None) => ("s390x", ""),
        _ => bail!(
            "images for {platform} are not built here; linux/amd64, linux/arm64, linux/arm/v7 and others of linux are"
        ),
    };
    // rustup has no musl for it.
    let libcs: &[_] = if machine == "s390x" { &["gnu"] } else { &["musl", "gnu"] };
    let triple = |libc: &&str| format!("{machine}-unknown-linux-{libc}{environment}");
    Ok(libcs.iter().map(triple).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GNU: &str = "x86_64-unknown-linux-gnu";
    const MUSL: &str = "x86_64-unknown-linux-musl";

    /// The target's triple, or the error, where these are installed.
    fn picked(libc: Libc, platform: &str, installed: &[&str]) -> Result<String, String> {
        let sysroot = tempfile::tempdir().unwrap();
        for triple in installed {
            std::fs::create_dir_all(sysroot.path().join("lib/rustlib").join(triple).join("lib"))
                .unwrap();
        }
        let (platform, root) = (platform.parse().unwrap(), sysroot.path());
        Target::pick(&platform, libc, root, root.to_owned())
            .map(|target| target.triple)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_c_library_is_the_configured_one_whatever_is_installed() {
        for (libc, expected) in [(Libc::Gnu, GNU), (Libc::Musl, MUSL)] {
            assert_eq!(picked(libc, "linux/amd64", &[MUSL, GNU]).as_deref(), Ok(expected));
            assert_eq!(picked(libc, "linux/amd64", &[expected]).as_deref(), Ok(expected));
        }
        for (libc, other, advice) in [
            (Libc::Gnu, MUSL, "run: rustup target add x86_64-unknown-linux-gnu"),
            (Libc::Musl, GNU, "run: rustup target add x86_64-unknown-linux-musl"),
        ] {
            let error = picked(libc, "linux/amd64", &[other]).unwrap_err();
            let set = format!("or set image.libc = \"{}\" for {other}", libc.other().as_str());
            assert!(error.contains(advice) && error.contains(&set), "{error}");
            let error = picked(libc, "linux/amd64", &[]).unwrap_err();
            assert!(error.contains(advice) && !error.contains("or set"), "{error}");
        }
    }

    #[test]
    fn a_c_library_that_rustup_does_not_have_is_refused() {
        let error = picked(Libc::Musl, "linux/s390x", &[]).unwrap_err();
        assert_eq!(error, "rustup has no musl for linux/s390x; set image.libc = \"gnu\"");
    }
}
