//! The likeliest mistakes: each is made, and what is said to it is what docs/troubleshooting.md says.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process_group};

use crate::pty;
use crate::scratch::{self, Scratch};
use crate::small::{small, succeeds, text};

/// Makes a mistake, in one way or in several; every way ends with the same exit code.
pub(crate) type Make = fn() -> Vec<Output>;

/// The mistakes by their names on the page.
const MISTAKES: [(&str, Make); 12] = [
    ("a typo in a command", || vec![Scratch::new().skyward(&["dpeloy-k3s"])]),
    ("a typo in a flag", || vec![Scratch::new().skyward(&["up", "--onse"])]),
    ("a misspelt variable", a_misspelt_variable),
    ("no C compiler", no_c_compiler),
    ("an old Rust", an_old_rust),
    ("no network", no_network),
    ("no git", no_git),
    ("a port in use", a_port_in_use),
    ("a subfolder", a_subfolder),
    ("a path with spaces", || vec![service().0.skyward(&["image", "build"])]),
    ("a narrow terminal", a_narrow_terminal),
    ("Ctrl-C", an_interrupt),
];

/// Those of a user who is not root.
pub(crate) const WITHOUT_RIGHTS: [(&str, Make); 2] =
    [("no right to write `target`", no_right_to_write), ("no root", no_root)];

/// A row of the page's table.
struct Row {
    mistake: String,
    /// The answers, in which `…` stands for any text.
    quotes: Vec<String>,
    code: i32,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    fs::read_to_string(workspace().join("docs/troubleshooting.md")).unwrap()
}

fn rows() -> Vec<Row> {
    let text = page();
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [mistake, answer, code] = cells[..] else { panic!("three cells: {line}") };
        Row {
            mistake: mistake.to_owned(),
            quotes: answer.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
            code: code.parse().unwrap(),
        }
    };
    rows.map(row).collect()
}

/// Returns true where the parts of a quote come one after the other.
fn has(said: &str, quote: &str) -> bool {
    let mut rest = said;
    quote.split('…').map(str::trim).all(|part| {
        let found = rest.find(part);
        rest = found.map_or(rest, |at| &rest[at + part.len()..]);
        found.is_some()
    })
}

/// Makes mistakes, and holds the page against what is said.
pub(crate) fn hold(mistakes: &[(&str, Make)]) {
    let rows = rows();
    for (name, make) in mistakes {
        let row = rows.iter().find(|row| row.mistake == *name).expect(name);
        let outputs = make();
        let said: String = outputs.iter().map(text).collect();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for output in &outputs {
            assert_eq!(output.status.code(), Some(row.code), "{name}: {said}");
        }
        assert!(!row.quotes.is_empty(), "{name}: the page quotes no answer");
        for quote in &row.quotes {
            assert!(has(&said, quote), "{name}: {quote:?} is not in: {said}");
        }
    }
}

#[test]
fn the_answers_to_the_likeliest_mistakes_are_those_of_the_page() {
    hold(&MISTAKES);
}

#[test]
fn the_page_has_the_mistakes_that_are_made_and_no_other() {
    let made: BTreeSet<_> =
        MISTAKES.iter().chain(&WITHOUT_RIGHTS).map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(rows().into_iter().map(|row| row.mistake).collect::<BTreeSet<_>>(), made);
}

/// A small service with its configuration, and its port.
fn service() -> (Scratch, u16) {
    let port = scratch::free_port();
    let scratch = small(&format!("0.0.0.0:{port}"));
    succeeds(&scratch.skyward(&["init"]));
    (scratch, port)
}

fn a_misspelt_variable() -> Vec<Output> {
    let (scratch, _) = service();
    let mut check = scratch.command(&["config", "check"]);
    vec![check.env("SKYWARD_SERVICE__PROT", "8081").output().unwrap()]
}

/// A folder for `PATH` with every program of ours but these.
fn programs_without(scratch: &Scratch, absent: &[&str]) -> PathBuf {
    let folder = scratch.path("../programs");
    fs::create_dir(&folder).unwrap();
    for entry in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
        for program in fs::read_dir(entry).into_iter().flatten().flatten() {
            let name = program.file_name();
            if !absent.iter().any(|absent| name == *absent) {
                // The first of a name counts.
                let _ = symlink(program.path(), folder.join(name));
            }
        }
    }
    folder
}

fn no_c_compiler() -> Vec<Output> {
    let (scratch, _) = service();
    let programs = programs_without(&scratch, &["cc"]);
    let mut up = scratch.command(&["up", "--once"]);
    vec![up.env("PATH", programs).env("CARGO_NET_OFFLINE", "true").output().unwrap()]
}

fn an_old_rust() -> Vec<Output> {
    let (scratch, _) = service();
    let package = scratch.read("Cargo.toml");
    let asks = package.replace("edition", "rust-version = \"1.90\"\nedition");
    scratch.write("Cargo.toml", &asks);
    let mut up = scratch.command(&["up", "--once"]);
    up.env("RUSTC", old_compiler(&scratch)).env("CARGO_NET_OFFLINE", "true");
    vec![up.output().unwrap()]
}

/// A compiler that says that it is an old one; cargo believes it.
fn old_compiler(scratch: &Scratch) -> PathBuf {
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    let old = "#!/bin/sh\ncase \"$*\" in\n-vV | --version) RUSTC \"$@\" | sed -E 's/1\\.[0-9]+\\.[0-9]+/1.80.0/' ;;\n*) exec RUSTC \"$@\" ;;\nesac\n";
    scratch.write("../rustc", &old.replace("RUSTC", &rustc.display().to_string()));
    let path = scratch.path("../rustc");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// cargo compiles `cargo xtask` before anything of ours can answer.
#[test]
fn cargo_says_itself_what_a_fresh_clone_lacks() {
    let scratch = Scratch::new();
    let compile = || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--offline", "--package", "xtask"]);
        cargo.current_dir(workspace()).env("CARGO_TARGET_DIR", scratch.path("target"));
        cargo
    };
    let old = compile().env("RUSTC", old_compiler(&scratch)).output().unwrap();
    let unlinked = compile().env("PATH", programs_without(&scratch, &["cc"])).output().unwrap();
    let page = page().split_whitespace().collect::<Vec<_>>().join(" ");
    for (output, quote) in [(old, "rustc … is not supported"), (unlinked, "linker … not found")]
    {
        let said = text(&output);
        assert!(!output.status.success() && has(&said, quote), "{quote}: {said}");
        assert!(page.contains(&format!("`{quote}`")), "{quote} is not on the page");
    }
}

/// Where nothing was downloaded before.
fn no_network() -> Vec<Output> {
    let (scratch, _) = service();
    let package = scratch.read("Cargo.toml");
    scratch.write("Cargo.toml", &format!("{package}[dependencies]\nitoa = \"1\"\n"));
    let mut up = scratch.command(&["up", "--once"]);
    up.env("CARGO_HOME", scratch.path("../cargo")).env("CARGO_NET_RETRY", "0");
    let offline = up.env("CARGO_NET_OFFLINE", "true").output().unwrap();
    // No proxy is there.
    let nobody = format!("http://127.0.0.1:{}", scratch::free_port());
    let unreachable = up.env_remove("CARGO_NET_OFFLINE").env("https_proxy", nobody).output();
    vec![offline, unreachable.unwrap()]
}

fn no_git() -> Vec<Output> {
    let (scratch, _) = service();
    let programs = programs_without(&scratch, &["git"]);
    let mut build = scratch.command(&["image", "build"]);
    vec![build.env("PATH", programs).output().unwrap()]
}

fn a_port_in_use() -> Vec<Output> {
    let (scratch, port) = service();
    let _held = TcpListener::bind(("0.0.0.0", port)).unwrap();
    let output = scratch.skyward(&["up", "--once"]);
    assert!(!text(&output).contains("Compiling"), "{}", text(&output));
    vec![output]
}

fn a_subfolder() -> Vec<Output> {
    let (scratch, _) = service();
    vec![scratch.command(&["config", "check"]).current_dir(scratch.path("src")).output().unwrap()]
}

fn a_narrow_terminal() -> Vec<Output> {
    let (scratch, _) = service();
    let mut doctor = scratch.command(&["doctor"]);
    let (status, shown) = pty::run(&mut doctor, 60);
    let shown = pty::plain(&shown);
    let wide = shown.split(['\r', '\n']).find(|line| line.chars().count() > 60);
    assert_eq!(wide, None, "{shown}");
    vec![Output { status, stdout: shown.into_bytes(), stderr: Vec::new() }]
}

/// The signal reaches the whole group, as a terminal sends it.
fn an_interrupt() -> Vec<Output> {
    let (scratch, port) = service();
    let mut up = scratch.command(&["up"]);
    up.env("KUBECONFIG", scratch.path("none")).process_group(0);
    let child = up.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let group = Pid::from_child(&child);
    let serving = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    let served = (0..1200).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        serving()
    });
    // The last of its rows is there when the checks are through.
    std::thread::sleep(Duration::from_secs(1));
    kill_process_group(group, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(served && !serving(), "{}", text(&output));
    vec![output]
}

/// The program with these arguments, as a user who is not root: the owner of everything that is ours, without root's rights.
fn unprivileged(scratch: &Scratch, arguments: &[&str]) -> Command {
    let command = scratch.command(arguments);
    if !geteuid().is_root() {
        return command;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-user=1000", "--map-group=1000"]);
    unshare.arg(command.get_program()).args(command.get_args()).current_dir(&scratch.root);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => unshare.env(name, value),
            None => unshare.env_remove(name),
        };
    }
    unshare
}

fn no_right_to_write() -> Vec<Output> {
    let (scratch, _) = service();
    let target = scratch.path("target");
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o555)).unwrap();
    let output = unprivileged(&scratch, &["up", "--once"]).output().unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
    vec![output]
}

fn no_root() -> Vec<Output> {
    let (scratch, _) = service();
    vec![unprivileged(&scratch, &["up", "--once"]).output().unwrap()]
}
