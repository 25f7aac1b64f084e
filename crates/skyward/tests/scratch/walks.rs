//! The commands of README and of the walks that need no account, run as they are written: each document by a user who is not root, in a
//! home of their own, in one shell, from a fresh clone.
//!
//! `cargo xtask` is done by `skyward`, which has the same commands: compiling them once more would take minutes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::process::geteuid;

use crate::scratch::Scratch;
use crate::small::{small, text};

/// The documents, and what has to be seen when their commands are run.
const WALKS: [(&str, &[&str]); 3] = [
    ("README.md", &["Hello, World!", "41 resources", "200 the page"]),
    ("docs/your-service.md", &["package", "200 the page"]),
    ("docs/two-machines.md", &["200 the page"]),
];

/// The beginnings of commands that are not run here, each with the reason.
const LEFT_OUT: [(&str, &str); 5] = [
    ("cargo install ", "the program that is built stands for it"),
    ("cargo xtask ci", "it runs this test"),
    ("cargo xtask deploy-k3s", "it needs a cluster: tests/services, crates/deployer, crates/k3s"),
    ("skyward deploy-k3s", "it needs a cluster: tests/services, crates/deployer, crates/k3s"),
    ("cargo xtask provision-aws destroy", "it needs an account: crates/provisioner"),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The command lines of a document: those of its fenced blocks without a language.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fence = None;
    for line in text.lines().map(str::trim) {
        match (line.strip_prefix("```"), fence) {
            (Some(language), None) => fence = Some(language),
            (Some(_), Some(_)) => fence = None,
            (None, Some("")) => {
                lines.push(line.split(" #").next().unwrap_or(line).trim().to_owned());
            }
            _ => {}
        }
    }
    lines
}

/// A script of these commands, each told before it runs. What serves until it is stopped is asked by the `curl` after it, and stopped.
fn script(commands: &[&String]) -> String {
    let stop = "if [ \"${up:-}\" ]; then kill -TERM $up; wait $up; up=; fi\n";
    let mut script = "set -eu\n".to_owned();
    for command in commands {
        if !command.starts_with("curl ") {
            script += stop;
        }
        script.extend(["echo '$ ", command, "'\n"]);
        if command.ends_with(" up") {
            let (before, last) = command.rsplit_once("&& ").unwrap_or(("", command));
            let before = before.trim_end();
            // Empty before it is looked into: the one before has said the same.
            script.extend([before, "\n: > ~/up.log\n", last, " > ~/up.log 2>&1 & up=$!\n"]);
            script += "until grep -q 'Serving until' ~/up.log; do\n  \
                       kill -0 $up || { cat ~/up.log; exit 1; }\n  sleep 0.1\ndone\ncat ~/up.log\n";
        } else {
            script.extend([command, "\n"]);
        }
    }
    script + stop + "echo 'all were run'\n"
}

/// A home with a service in `my-service`, a clone of this repository, and programs for `PATH`.
fn home() -> Scratch {
    let scratch = small("0.0.0.0:8123");
    let home = scratch.path("..");
    fs::rename(&scratch.root, home.join("my-service")).unwrap();
    fs::create_dir(&scratch.root).unwrap();
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet"]).arg(workspace()).arg(home.join("clone"));
    assert!(clone.status().unwrap().success());
    let cargo = format!(
        "#!/bin/sh\nif [ \"$1\" = xtask ]; then\n  shift\n  exec skyward \"$@\"\nfi\nexec {} \"$@\"\n",
        env!("CARGO")
    );
    scratch.write("../programs/cargo", &cargo);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(home.join("programs/cargo"), mode).unwrap();
    symlink(env!("CARGO_BIN_EXE_skyward"), home.join("programs/skyward")).unwrap();
    scratch
}

/// Runs a script in bash as a user who is not root. Root also gets a network without anything: the ports of the documents are free there.
fn run(scratch: &Scratch, script: &str) -> Output {
    scratch.write("../script", script);
    let home = scratch.path("..").canonicalize().unwrap();
    let own = std::env::home_dir().unwrap();
    let variable = |name: &str, folder: &str| {
        std::env::var_os(name).unwrap_or_else(|| own.join(folder).into_os_string())
    };
    let (cargo, rustup) = (variable("CARGO_HOME", ".cargo"), variable("RUSTUP_HOME", ".rustup"));
    let mut path = home.join("programs").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    // Of this, the variables alone.
    let bare = scratch.command(&[]);
    let mut command = Command::new(if geteuid().is_root() { "unshare" } else { "bash" });
    if geteuid().is_root() {
        let inner =
            "ip link set lo up && exec unshare --user --map-user=1000 --map-group=1000 bash \"$0\"";
        command.args(["--user", "--map-root-user", "--net", "sh", "-c", inner]);
    }
    for (name, _) in bare.get_envs().filter(|(_, value)| value.is_none()) {
        command.env_remove(name);
    }
    command
        .env("HOME", &home)
        .env("PATH", path)
        .env("CARGO_HOME", cargo)
        .env("RUSTUP_HOME", rustup);
    command.env("CARGO", env!("CARGO")).env("CARGO_NET_OFFLINE", "true").env_remove("KUBECONFIG");
    command.arg(home.join("script")).current_dir(home.join("clone")).output().unwrap()
}

/// Runs every document's commands; none is passed over that is not in the list.
pub(crate) fn run_all() {
    let mut used = BTreeSet::new();
    for (document, seen) in WALKS {
        let all = lines(&fs::read_to_string(workspace().join(document)).unwrap());
        let mut commands = Vec::new();
        for command in &all {
            match LEFT_OUT.iter().find(|(start, _)| command.starts_with(start)) {
                Some((start, reason)) => {
                    used.insert(start);
                    println!("{document}: not run: {command} ({reason})");
                }
                None if commands.contains(&command) => {}
                None => commands.push(command),
            }
        }
        assert!(commands.len() > 1 || document.contains("machines"), "{document}: {commands:?}");
        let scratch = home();
        let output = run(&scratch, &script(&commands));
        let said = text(&output);
        assert!(output.status.success() && said.contains("all were run"), "{document}: {said}");
        for part in seen {
            assert!(said.contains(part), "{document}: {part} is not in: {said}");
        }
        for command in commands {
            println!("{document}: run: {command}");
        }
    }
    assert_eq!(used.len(), LEFT_OUT.len(), "only these are in the documents: {used:?}");
}

#[test]
fn a_walk_is_the_commands_of_its_document() {
    let text = "a\n```\ncargo xtask up       # serves\ncurl http://x\n```\n```toml\nkey = 1\n```\n   ```\n   cd a && b\n   ```\n";
    let commands = lines(text);
    assert_eq!(commands, ["cargo xtask up", "curl http://x", "cd a && b"]);
    let script = script(&commands.iter().collect::<Vec<_>>());
    let up = script.find("cargo xtask up > ~/up.log 2>&1 & up=$!").unwrap();
    let asked = script.find("\ncurl http://x\n").unwrap();
    let stopped = script[asked..].find("kill -TERM").unwrap();
    assert!(up < asked && asked + stopped < script.find("\ncd a && b\n").unwrap(), "{script}");
}
