//! The linker and the C compiler for another machine than this one, chosen among those that are installed. Pure but for the look at them.
//!
//! What each can do was tried with a crate without C, with ring and with bundled `SQLite`: headers of glibc make objects that musl
//! cannot link (`open64` and the like), so that gcc's usual cross compiler goes with rustc's gnu target, which is linked statically too.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::locate;

/// The linker that cargo is told to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linker {
    /// The one that rustc or the user's configuration of cargo names.
    Default,
    /// A cross compiler of gcc, which compiles C too.
    Gcc(String),
    /// zig by cargo-zigbuild, which compiles C too.
    Zig,
    /// The linker that comes with rustc; and the C compiler, where there is one.
    Lld(Option<String>),
}

/// The tools that are installed for a target.
#[derive(Clone, Debug, Default)]
pub(super) struct Installed {
    /// True where cargo's configuration names its linker.
    configured: bool,
    /// The cross compilers of gcc that are in `PATH`.
    gcc: Vec<String>,
    /// True where cargo-zigbuild and zig are there.
    zig: bool,
    /// True where rustc has its own linker.
    lld: bool,
}

impl Installed {
    /// Looks for the tools for a target.
    pub(super) fn look(triple: &str, folder: &Path, sysroot: &Path) -> Self {
        let path = std::env::var_os("PATH");
        let has = |program: &str| locate(program, path.as_deref()).is_some();
        let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).into_iter().flatten().flatten();
        let compilers = [gcc(triple), gcc_of_glibc(triple)];
        Self {
            configured: is_configured(triple, folder),
            gcc: compilers.into_iter().filter(|program| has(program)).collect(),
            zig: has("cargo-zigbuild") && (has("zig") || has_python_zig(&has)),
            lld: hosts.into_iter().any(|host| host.path().join("bin/rust-lld").is_file()),
        }
    }

    /// The linker for the target; none where nothing links for it.
    pub(super) fn choose(&self, triple: &str) -> Option<Linker> {
        let installed = |program: String| self.gcc.contains(&program).then_some(program);
        if self.configured {
            return Some(Linker::Default);
        }
        if let Some(program) = installed(gcc(triple)) {
            return Some(Linker::Gcc(program));
        }
        if !triple.contains("-musl") {
            return None;
        }
        if self.zig {
            return Some(Linker::Zig);
        }
        // The objects of glibc's compiler can be linked where they need little of the C library, as ring's do.
        self.lld.then(|| Linker::Lld(installed(gcc_of_glibc(triple))))
    }
}

impl Linker {
    /// The subcommand of cargo that compiles with it.
    pub fn subcommand(&self) -> &'static str {
        if *self == Self::Zig { "zigbuild" } else { "build" }
    }

    /// Tells cargo and the build scripts of it.
    pub fn configure(&self, triple: &str, command: &mut Command) {
        let (program, compiler) = match self {
            Self::Default | Self::Zig => return,
            Self::Gcc(program) => (program.as_str(), Some(program)),
            // rustc finds its own by this name.
            Self::Lld(compiler) => ("rust-lld", compiler.as_ref()),
        };
        command.args(["--config", &format!("target.{triple}.linker={program:?}")]);
        let variable = format!("CC_{}", triple.replace('-', "_"));
        if let Some(compiler) = compiler.filter(|_| std::env::var_os(&variable).is_none()) {
            command.env(variable, compiler);
        }
    }

    /// The next step where compiling fails, which it does at C code for want of a compiler or of its headers.
    pub(super) fn advice(&self, triple: &str) -> Option<String> {
        matches!(self, Self::Lld(_)).then(|| {
            format!("where it has failed at C code, that needs a cross compiler: {}", for_c(triple))
        })
    }
}

/// For people.
impl fmt::Display for Linker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("cargo's own linker"),
            Self::Gcc(program) => f.write_str(program),
            Self::Zig => f.write_str("zig"),
            Self::Lld(Some(compiler)) => write!(f, "rust-lld, with {compiler} for C"),
            Self::Lld(None) => f.write_str("rust-lld, without a compiler for C"),
        }
    }
}

/// The ways to a C compiler for the machine of this target.
pub(super) fn for_c(triple: &str) -> String {
    let gnu = triple.replace("-musl", "-gnu");
    let program = gcc_of_glibc(triple);
    let package = program.trim_end_matches("-gcc").replace('_', "-");
    format!(
        "install {program} (Debian's package gcc-{package}) and run `rustup target add {gnu}`; or install zig \
         (`pip install ziglang`) and cargo-zigbuild (`cargo install cargo-zigbuild`) and run `rustup target add {}`",
        gnu.replace("-gnu", "-musl")
    )
}

/// The cross compiler's usual name for a target of rustc.
fn gcc(triple: &str) -> String {
    let (machine, rest) = triple.split_once("-unknown-").unwrap_or((triple, "linux-gnu"));
    let machine = match machine {
        "armv7" => "arm",
        "riscv64gc" => "riscv64",
        same => same,
    };
    format!("{machine}-{rest}-gcc")
}

/// The cross compiler for the same machine with glibc.
fn gcc_of_glibc(triple: &str) -> String {
    gcc(&triple.replace("-musl", "-gnu"))
}

/// Returns true where zig came as a package of Python's, which has no program of that name.
fn has_python_zig(has: &impl Fn(&str) -> bool) -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", "import ziglang"]).stderr(std::process::Stdio::null());
    has("python3") && python.status().is_ok_and(|status| status.success())
}

/// Returns true where a variable or a file of cargo's configuration names a linker for the target.
fn is_configured(triple: &str, folder: &Path) -> bool {
    let variable = format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase().replace('-', "_"));
    if std::env::var_os(variable).is_some() {
        return true;
    }
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let above = folder.ancestors().map(|folder| folder.join(".cargo"));
    above.chain(home).flat_map(|at| [at.join("config.toml"), at.join("config")]).any(|file| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let table: toml::Table = toml::from_str(&text).unwrap_or_default();
        table.get("target").and_then(|it| it.get(triple)?.get("linker")).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUSL: &str = "aarch64-unknown-linux-musl";
    const GNU: &str = "aarch64-unknown-linux-gnu";

    #[test]
    fn the_linker_is_one_that_is_there_and_can_compile_c_where_any_can() {
        let lld = |compiler: Option<&str>| Some(Linker::Lld(compiler.map(str::to_owned)));
        let by = |name: &str| Some(Linker::Gcc(name.to_owned()));
        let (musl_gcc, gnu_gcc) = ("aarch64-linux-musl-gcc", "aarch64-linux-gnu-gcc");
        for (triple, programs, zig, expected) in [
            (MUSL, &[musl_gcc, gnu_gcc][..], true, by(musl_gcc)),
            (MUSL, &[gnu_gcc], true, Some(Linker::Zig)),
            (MUSL, &[gnu_gcc], false, lld(Some(gnu_gcc))),
            (MUSL, &[], false, lld(None)),
            (GNU, &[musl_gcc, gnu_gcc], true, by(gnu_gcc)),
            (GNU, &[musl_gcc], true, None),
        ] {
            let gcc = programs.iter().map(|program| (*program).to_owned()).collect();
            let installed = Installed { configured: false, gcc, zig, lld: true };
            assert_eq!(installed.choose(triple), expected, "{triple}: {installed:?}");
            let installed = Installed { configured: true, ..installed };
            assert_eq!(installed.choose(triple), Some(Linker::Default), "{triple}");
        }
        assert_eq!(Installed::default().choose(MUSL), None);
    }

    #[test]
    fn a_compiler_has_its_usual_name() {
        assert_eq!(gcc("armv7-unknown-linux-gnueabihf"), "arm-linux-gnueabihf-gcc");
        assert_eq!(gcc("riscv64gc-unknown-linux-gnu"), "riscv64-linux-gnu-gcc");
        let advice = for_c(MUSL);
        assert!(advice.contains("package gcc-aarch64-linux-gnu)"), "{advice}");
        assert!(advice.contains(&format!("`rustup target add {GNU}`")), "{advice}");
    }

    #[test]
    fn a_linker_of_the_users_own_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".cargo")).unwrap();
        let text = format!("[target.{MUSL}]\nlinker = \"mine\"\n");
        std::fs::write(folder.path().join(".cargo/config.toml"), text).unwrap();
        let below = folder.path().join("below");
        assert!(is_configured(MUSL, &below) && !is_configured(GNU, &below));
    }
}
