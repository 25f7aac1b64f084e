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

/// The tools that are installed for a machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Installed {
    /// The targets whose standard library is there, the better one first.
    pub(super) triples: Vec<String>,
    /// Those for which cargo's configuration names a linker.
    pub(super) configured: Vec<String>,
    /// The cross compilers of gcc that are in `PATH`.
    pub(super) gcc: Vec<String>,
    /// True where cargo-zigbuild and zig are there.
    pub(super) zig: bool,
    /// True where rustc has its own linker.
    pub(super) lld: bool,
}

impl Installed {
    /// Looks for the tools for these targets.
    pub(super) fn look(triples: Vec<String>, folder: &Path, sysroot: &Path) -> Self {
        let path = std::env::var_os("PATH");
        let has = |program: &str| locate(program, path.as_deref()).is_some();
        let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).into_iter().flatten().flatten();
        let is_configured = |triple: &&String| is_configured(triple, folder);
        // That of glibc can be of use for musl too.
        let compilers = triples.iter().flat_map(|it| [gcc(it), gcc(&it.replace("-musl", "-gnu"))]);
        Self {
            configured: triples.iter().filter(is_configured).cloned().collect(),
            gcc: compilers.filter(|program| has(program)).collect(),
            zig: has("cargo-zigbuild") && (has("zig") || has_python_zig(&has)),
            lld: hosts.into_iter().any(|host| host.path().join("bin/rust-lld").is_file()),
            triples,
        }
    }

    /// The target and its linker; none where nothing links for the machine.
    pub(super) fn choose(&self) -> Option<(String, Linker)> {
        let musl = self.triples.iter().find(|triple| triple.contains("-musl"));
        let gnu = self.triples.iter().find(|triple| triple.contains("-gnu"));
        let by_gcc = |triple: &String| {
            let program = gcc(triple);
            self.gcc.contains(&program).then(|| (triple.clone(), Linker::Gcc(program)))
        };
        if let Some(triple) = self.configured.first() {
            return Some((triple.clone(), Linker::Default));
        }
        let by_zig = || musl.filter(|_| self.zig).map(|triple| (triple.clone(), Linker::Zig));
        let by_lld = || {
            let triple = musl.filter(|_| self.lld)?;
            // Its objects can be linked where they need little of the C library, as ring's do.
            let compiler = gcc(&triple.replace("-musl", "-gnu"));
            let compiler = self.gcc.contains(&compiler).then_some(compiler);
            Some((triple.clone(), Linker::Lld(compiler)))
        };
        musl.and_then(by_gcc).or_else(by_zig).or_else(|| gnu.and_then(by_gcc)).or_else(by_lld)
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
    let program = gcc(&gnu);
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
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let lld = |compiler: Option<&str>| Linker::Lld(compiler.map(str::to_owned));
        let by = |name: &str| Linker::Gcc(name.to_owned());
        let (musl_gcc, gnu_gcc) = ("aarch64-linux-musl-gcc", "aarch64-linux-gnu-gcc");
        for (triples, programs, zig, expected) in [
            (&[MUSL, GNU][..], &[musl_gcc, gnu_gcc][..], true, Some((MUSL, by(musl_gcc)))),
            (&[MUSL, GNU], &[gnu_gcc], true, Some((MUSL, Linker::Zig))),
            (&[MUSL, GNU], &[gnu_gcc], false, Some((GNU, by(gnu_gcc)))),
            (&[MUSL], &[gnu_gcc], false, Some((MUSL, lld(Some(gnu_gcc))))),
            (&[MUSL], &[], false, Some((MUSL, lld(None)))),
            (&[GNU], &[], true, None),
            (&[], &[gnu_gcc], true, None),
        ] {
            let installed = Installed {
                triples: strings(triples),
                configured: Vec::new(),
                gcc: strings(programs),
                zig,
                lld: true,
            };
            let expected = expected.map(|(triple, linker)| (triple.to_owned(), linker));
            assert_eq!(installed.choose(), expected, "{installed:?}");
        }
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
