//! The target of rustc that makes a static binary for a platform.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

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
    /// Finds the target for `platform`: musl where it is installed, else glibc, which can be linked statically as well.
    pub fn find(platform: &Platform, folder: &Path) -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output =
            super::output(Command::new(rustc).args(["--print", "sysroot"]).current_dir(folder))?;
        let sysroot =
            PathBuf::from(String::from_utf8(output).context("the sysroot is not UTF-8")?.trim());
        let candidates = triples(platform)?;
        let is_installed =
            |triple: &&String| sysroot.join("lib/rustlib").join(triple).join("lib").is_dir();
        let installed: Vec<_> = candidates.iter().filter(is_installed).cloned().collect();
        let first = candidates.first().map_or("", String::as_str);
        let is_own = is_of_this_machine(platform);
        let Some(best) = installed.first() else {
            let also = if is_own {
                String::new()
            } else {
                format!(
                    " (a package with C code needs a compiler for it: {})",
                    linker::for_c(first)
                )
            };
            bail!("no target for {platform} is installed; run: rustup target add {first}{also}");
        };
        if is_own {
            return Ok(Self { triple: best.clone(), sysroot, linker: Linker::Default });
        }
        match Installed::look(installed, folder, &sysroot).choose() {
            Some((triple, linker)) => Ok(Self { triple, sysroot, linker }),
            None => bail!(
                "nothing here links programs for {platform}; run: rustup target add {first}, for which rustc brings a linker; or, \
                 for packages with C code too, {}",
                linker::for_c(first)
            ),
        }
    }
}

/// Returns true for a platform whose programs are linked with this machine's own tools.
fn is_of_this_machine(platform: &Platform) -> bool {
    let own = Platform::of_this_machine().architecture;
    // gcc has both in one program.
    platform.architecture == own || (platform.architecture == "386" && own == "amd64")
}

/// The targets for `platform`, the better one first.
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
