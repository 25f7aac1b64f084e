//! What `cargo build --message-format=json` says it compiled (cargo, "External tools").

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

/// A crate that is part of the binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// The id of its package.
    pub package: String,
    /// The features it was compiled with.
    pub features: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    target: Target,
    features: Vec<String>,
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

/// What came of a build.
pub(super) struct Built {
    pub(super) executable: Option<PathBuf>,
    pub(super) units: BTreeSet<Unit>,
}

/// Reads the messages of the build of `binary` in the package with the id `package`.
///
/// Build scripts and procedural macros run while compiling and are no part of the binary: their files are not in the
/// target's folder.
pub(super) fn read(
    messages: impl BufRead,
    package: &str,
    binary: &str,
    triple: &str,
) -> Result<Built> {
    let mut built = Built { executable: None, units: BTreeSet::new() };
    for line in messages.lines() {
        let line = line.context("cannot read what cargo prints")?;
        // Whatever a build script prints by mistake is no message.
        let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(&line) else { continue };
        let for_target =
            |path: &PathBuf| path.iter().any(|part| part == Path::new(triple).as_os_str());
        if !artifact.filenames.iter().any(for_target) {
            continue;
        }
        if artifact.package_id == package
            && artifact.target.name == binary
            && artifact.target.kind == ["bin"]
        {
            built.executable = artifact.executable;
        }
        built.units.insert(Unit { package: artifact.package_id, features: artifact.features });
    }
    Ok(built)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_while_compiling_is_no_part_of_the_binary() {
        let artifact = |package: &str, kind: &str, name: &str, file: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"{package}","target":{{"kind":["{kind}"],"name":"{name}"}},"features":["x"],"filenames":["{file}"],"executable":{executable}}}"#
            )
        };
        let messages = [
            artifact("macros", "proc-macro", "macros", "/t/image/deps/libmacros.so", "null"),
            artifact("lib", "lib", "lib", "/t/T/image/deps/lib.rlib", "null"),
            "warning from a build script".to_owned(),
            r#"{"reason":"build-script-executed","package_id":"lib"}"#.to_owned(),
            artifact("web", "bin", "other", "/t/T/image/other", r#""/t/T/image/other""#),
            artifact("web", "bin", "web", "/t/T/image/web", r#""/t/T/image/web""#),
        ];
        let built = read(messages.join("\n").as_bytes(), "web", "web", "T").unwrap();
        assert_eq!(built.executable.unwrap(), Path::new("/t/T/image/web"));
        let packages: Vec<_> = built.units.iter().map(|unit| unit.package.as_str()).collect();
        assert_eq!(packages, ["lib", "web"]);
    }
}
