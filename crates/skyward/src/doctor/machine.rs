//! This machine: cargo, compilers, linkers, ports and folders.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use skyward_config::{Loaded, Origin, ProbePort};
use skyward_image::cargo::Target;
use skyward_image::permissions;
use skyward_image::platform::Platform;
use skyward_terminal::text::one_line;

use super::Check;
use crate::init::Workspace;

pub(super) const MACHINE: &str = "machine";

/// Looks at everything on this machine; of the configuration where it could be read.
pub(super) fn examine(loaded: Option<&Loaded>) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(loaded) = loaded {
        let file = loaded.file.display();
        checks.push(Check::ok(MACHINE, "configuration", format!("{file} is valid")));
    }
    let cargo = cargo();
    let has_cargo = cargo.remedy.is_none();
    checks.push(cargo);
    checks.push(c_compiler());
    let Some(loaded) = loaded else { return checks };
    if has_cargo {
        checks.extend(loaded.config.image.platforms.iter().map(|name| platform(loaded, name)));
        checks.push(package(loaded));
    }
    checks.push(rules(loaded));
    checks.push(output_folder(loaded));
    checks.extend(ports(loaded));
    checks.extend(ssh(loaded));
    checks
}

fn cargo() -> Check {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    match version(Command::new(cargo).arg("--version")) {
        Ok(version) => Check::ok(MACHINE, "cargo", version),
        Err(problem) => {
            Check::lacking(MACHINE, "cargo", problem, "install Rust: https://rustup.rs")
        }
    }
}

/// Not everything needs one; what does says so late.
fn c_compiler() -> Check {
    match version(Command::new("cc").arg("--version")) {
        Ok(version) => Check::ok(MACHINE, "C compiler", version),
        Err(problem) => Check::lacking(
            MACHINE,
            "C compiler",
            problem,
            "install gcc or clang (on Debian the package gcc): rustc links with it, and crates with C code need it",
        ),
    }
}

/// The first line that a program prints.
fn version(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            Ok(one_line(text.lines().next().unwrap_or_default()))
        }
        Ok(output) => Err(format!("{name} ended with {}", output.status)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(format!("{name} is not installed"))
        }
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// Links an empty program for a platform, with the workspace's own settings of cargo.
fn platform(loaded: &Loaded, name: &str) -> Check {
    let what = format!("builds for {name}");
    let libc = loaded.config.image.libc;
    let target =
        name.parse::<Platform>().and_then(|platform| Target::find(&platform, libc, &loaded.root));
    let target = match target {
        Ok(target) => target,
        Err(error) => {
            let text = format!("{error:#}");
            let (problem, remedy) =
                text.split_once("; run: ").unwrap_or((&text, "install it by rustup"));
            return Check::lacking(MACHINE, &what, problem, remedy);
        }
    };
    match link(&loaded.root, &target) {
        Ok(()) => {
            let Target { triple, linker, .. } = &target;
            Check::ok(MACHINE, &what, format!("{triple}, linked statically by {linker}"))
        }
        Err(error) => {
            let remedy = format!(
                "install a linker for it, or name one in .cargo/config.toml: [target.{}] linker = …",
                target.triple
            );
            Check::lacking(MACHINE, &what, format!("linking fails: {error:#}"), remedy)
        }
    }
}

fn link(root: &Path, target: &Target) -> Result<()> {
    let scratch = tempfile::tempdir().context("making a scratch folder")?;
    let manifest = scratch.path().join("Cargo.toml");
    fs::create_dir(scratch.path().join("src"))?;
    fs::write(scratch.path().join("src/main.rs"), "fn main() {}\n")?;
    fs::write(
        &manifest,
        "[package]\nname = \"skyward-doctor\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // From the workspace's folder, whose .cargo/config.toml names the linker.
    let mut command = Command::new(cargo);
    command.current_dir(root).args([target.linker.subcommand(), "--quiet", "--offline"]);
    target.linker.configure(&target.triple, &mut command);
    let output = command
        .args(["--target", &target.triple, "--manifest-path"])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(scratch.path().join("target"))
        .args([
            "--config",
            &format!("target.{}.rustflags=[\"-Ctarget-feature=+crt-static\"]", target.triple),
        ])
        .stdin(Stdio::null())
        .output()
        .context("starting cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let first =
        said.lines().find(|line| line.starts_with("error")).unwrap_or("cargo gives no reason");
    anyhow::ensure!(output.status.success(), "{}", one_line(first));
    Ok(())
}

/// The package and the binary that are the service.
fn package(loaded: &Loaded) -> Check {
    let service = &loaded.config.service;
    let workspace = match Workspace::find(&loaded.root) {
        Ok(workspace) => workspace,
        Err(error) => {
            let problem = one_line(&format!("{error:#}"));
            return Check::lacking(
                MACHINE,
                "package",
                problem,
                "put skyward.toml into a cargo workspace",
            );
        }
    };
    let mut binaries = workspace.binaries.iter();
    if binaries.any(|one| one.package == service.package && one.name == service.binary()) {
        let detail = format!("{}, binary {}", service.package, service.binary());
        return Check::ok(MACHINE, "package", detail);
    }
    let there = workspace.binaries.iter().map(|one| format!("{} ({})", one.name, one.package));
    let there = there.collect::<Vec<_>>().join(", ");
    Check::lacking(
        MACHINE,
        "package",
        format!("there is no binary {} of a package {}", service.binary(), service.package),
        format!("set service.package and service.binary to what is there: {there}"),
    )
}

fn rules(loaded: &Loaded) -> Check {
    let path = loaded.root.join(&loaded.config.image.rules);
    let name = loaded.config.image.rules.display();
    let is_left_out = loaded.origins.of("image.rules") == Origin::Default;
    match fs::read(&path) {
        Err(error) if is_left_out && error.kind() == ErrorKind::NotFound => Check::ok(
            MACHINE,
            "image rules",
            format!("{name} is not there: dive's own defaults hold"),
        ),
        Ok(_) => Check::ok(MACHINE, "image rules", name.to_string()),
        Err(error) => {
            let problem = format!("{name}: {error}");
            Check::lacking(
                MACHINE,
                "image rules",
                problem,
                "write the file, or set image.rules to one that is there",
            )
        }
    }
}

/// Tries to write where the image is written to.
fn output_folder(loaded: &Loaded) -> Check {
    let folder = loaded.root.join(&loaded.config.image.output);
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(&loaded.root);
    match tempfile::tempfile_in(there) {
        Ok(_) => {
            Check::ok(MACHINE, "output folder", loaded.config.image.output.display().to_string())
        }
        Err(error) => {
            let problem = permissions::explain_write(there, &error);
            let remedy =
                format!("allow this user to write to {}, or set image.output", there.display());
            Check::lacking(MACHINE, "output folder", problem, remedy)
        }
    }
}

/// The ports that `up` needs.
fn ports(loaded: &Loaded) -> Vec<Check> {
    let service = &loaded.config.service;
    let mut ports = vec![("service.port", service.port)];
    match service.probes().port {
        ProbePort::Service => {}
        ProbePort::Admin => ports.push(("service.admin_port", service.admin_port)),
        ProbePort::Other(port) => ports.push(("service.health.port", port)),
    }
    let check = |(key, port): (&str, u16)| match TcpListener::bind((service.host, port)) {
        Ok(_) => Check::ok(MACHINE, &format!("port {port}"), format!("free ({key})")),
        Err(error) => Check::lacking(
            MACHINE,
            &format!("port {port}"),
            format!("{key}: {error}"),
            "stop what listens there, or give another port",
        ),
    };
    ports.into_iter().map(check).collect()
}

/// ssh, where the cluster's machines are others.
fn ssh(loaded: &Loaded) -> Option<Check> {
    let machines = &loaded.config.k3s.machine;
    let is_remote = |address: &str| address != "localhost";
    machines.iter().any(|machine| is_remote(&machine.address)).then(|| {
        // It prints its version on standard error, and ends with 0.
        match version(Command::new("ssh").arg("-V")) {
            Ok(_) => Check::ok(MACHINE, "ssh", "there, for k3s.machine"),
            Err(problem) => Check::lacking(
                MACHINE,
                "ssh",
                problem,
                "install the OpenSSH client (on Debian the package openssh-client)",
            ),
        }
    })
}
