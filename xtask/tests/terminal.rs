//! The commands of the README on terminals of 80 and 60 columns, into closed pipes and full devices, without colour, and as
//! JSON: one table of what each of them did.
//!
//! The binaries are those that cargo built beside this test. One that is not there or older than its source, as when xtask is
//! tested alone, is shown as `not built`; a test of the whole workspace builds them all.

#[path = "../../crates/skyward/tests/scratch/pty.rs"]
mod pty;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use jsonschema::Validator;
use skyward_terminal::{Table, text};

/// A binary, its arguments, and the kind of JSON that it prints where it has any.
type Case = (&'static str, &'static [&'static str], Json);

/// The JSON that a command prints with `--output json`.
#[derive(Clone, Copy, PartialEq)]
enum Json {
    /// None: the result has a form of its own.
    None,
    /// One document.
    Document,
    /// Events, a line each.
    Events,
}

/// Commands that need neither a cluster nor an account, and nothing compiled.
const COMMANDS: &[Case] = &[
    ("xtask", &["--help"], Json::None),
    ("xtask", &["imgae"], Json::None),
    ("xtask", &["up", "--help"], Json::None),
    ("xtask", &["ci", "--help"], Json::None),
    ("xtask", &["ci", "--list"], Json::None),
    ("xtask", &["affected"], Json::Document),
    ("xtask", &["bench", "size"], Json::Document),
    ("skyward-config", &["--help"], Json::None),
    ("skyward-config", &["show"], Json::Document),
    ("skyward-config", &["check"], Json::None),
    ("skyward-config", &["schema"], Json::None),
    ("skyward-config", &["docs"], Json::None),
    ("skyward-image", &["--help"], Json::None),
    ("skyward-image", &["build", "--help"], Json::None),
    ("skyward-image", &["push", "--help"], Json::None),
    ("skyward-image", &["inspect", "no-such-image.tar"], Json::None),
    ("skyward-deployer", &["--help"], Json::None),
    ("skyward-deployer", &["apply", "--help"], Json::None),
    ("skyward-deployer", &["cluster", "up", "--help"], Json::None),
    ("skyward-deployer", &["render", "--image", "acme/web:1.0"], Json::None),
    ("skyward-deployer", &["rolback"], Json::None),
    ("skyward-provisioner", &["--help"], Json::None),
    ("skyward-provisioner", &["apply", "--help"], Json::None),
    ("skyward-provisioner", &["plan", "--simulate"], Json::Document),
    ("skyward-provisioner", &["apply", "--simulate", "--yes"], Json::Events),
    ("skyward-provisioner", &["status", "--simulate"], Json::Document),
    ("skyward-provisioner", &["graph"], Json::None),
    ("skyward-provisioner", &["cost"], Json::Document),
    ("skyward-provisioner", &["export", "--format", "yaml"], Json::None),
    ("skyward-provisioner", &["policies"], Json::None),
];

/// Results that are files to be written or piped on, in which a line may be as long as it is.
const FILES: &[&str] = &["schema", "docs", "render", "graph", "export", "policies"];

/// Binaries that do not use `skyward-terminal` yet. The list may only become shorter.
const EXCUSED: &[&str] = &[];

/// Longer than any word of prose: a digest, an address or a path, which is to be copied whole.
const COPIED: usize = 30;

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The program of a case, as cargo built it.
fn command(case: &Case) -> Option<Command> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_xtask")).with_file_name(case.0);
    let mut command = Command::new(&program);
    command.args(case.1).current_dir(workspace()).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| {
        matches!(name.as_str(), "NO_COLOR" | "CLICOLOR" | "CLICOLOR_FORCE" | "GITHUB_OUTPUT")
            || name == "GITHUB_STEP_SUMMARY"
            || name.starts_with("SKYWARD_")
    }) {
        command.env_remove(name);
    }
    command.env("TERM", "xterm-256color");
    let built = program.metadata().and_then(|data| data.modified()).ok()?;
    let folder = match case.0.strip_prefix("skyward-") {
        Some(name) => workspace().join("crates").join(name).join("src"),
        None => workspace().join("xtask/src"),
    };
    (built >= newest(&folder)).then_some(command)
}

/// The time of the last change in a folder.
fn newest(folder: &Path) -> SystemTime {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let time = |path: PathBuf| {
        if path.is_dir() { newest(&path) } else { path.metadata().unwrap().modified().unwrap() }
    };
    entries.map(time).max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The first line that the terminal would break, though it could have been broken between words.
fn broken(case: &Case, columns: u16) -> Result<(), String> {
    let Some(mut command) = command(case) else { return Err("not built".to_owned()) };
    let shown = pty::plain(&pty::run(&mut command, columns).1);
    if case.1.iter().any(|word| FILES.contains(word)) {
        return Ok(());
    }
    let is_wide = |line: &&str| {
        text::width(line.trim_end()) > usize::from(columns)
            && !line.split_whitespace().any(|word| text::width(word) >= COPIED)
    };
    match shown.split(['\n', '\r']).find(is_wide) {
        None => Ok(()),
        Some(line) => Err(format!("{columns}: {}", text::shorten(line, 60))),
    }
}

fn colorless(case: &Case) -> Result<(), String> {
    let mut command = command(case).ok_or("not built")?;
    let (_, shown) = pty::run(command.env("NO_COLOR", "1"), 80);
    let is_colored = shown.split('\u{1b}').skip(1).any(|rest| {
        rest.find(|c: char| ('@'..='~').contains(&c) && c != '[')
            .is_some_and(|end| rest[end..].starts_with('m'))
    });
    if is_colored { Err("has colours".to_owned()) } else { Ok(()) }
}

/// The exit code where everything is read, to compare with.
fn code(case: &Case) -> Option<i32> {
    command(case)?.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
}

fn closed(case: &Case) -> Result<(), String> {
    let mut child = command(case)
        .ok_or("not built")?
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let _ = BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut first);
    let mut said = String::new();
    let _ = child.stderr.take().unwrap().read_to_string(&mut said);
    let ended = child.wait().unwrap().code();
    if said.contains("panicked") || ended != code(case) {
        return Err(format!("ended with {ended:?}: {}", text::shorten(said.trim(), 60)));
    }
    Ok(())
}

fn full(case: &Case) -> Result<(), String> {
    let device = File::options().write(true).open("/dev/full").unwrap();
    let has_output = !command(case).ok_or("not built")?.output().unwrap().stdout.is_empty();
    let ended =
        command(case).ok_or("not built")?.stdout(device).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    let is_right = !has_output
        || ended.status.code() == Some(1) && said.lines().any(|line| line.starts_with("error: "));
    if said.contains("panicked") || !is_right {
        return Err(format!("{}: {}", ended.status, text::shorten(said.trim(), 60)));
    }
    Ok(())
}

fn json(case: &Case, schema: &Validator) -> Result<(), String> {
    if case.2 == Json::None {
        return Ok(());
    }
    let mut command = command(case).ok_or("not built")?;
    let printed = command.args(["--output", "json"]).output().unwrap().stdout;
    let printed = String::from_utf8_lossy(&printed);
    if case.2 == Json::Document {
        let document = serde_json::from_str::<serde_json::Value>(&printed);
        return document.map(drop).map_err(|error| format!("no JSON: {error}"));
    }
    for line in printed.lines() {
        let event = serde_json::from_str(line).map_err(|error| format!("no JSON: {error}"))?;
        if !schema.is_valid(&event) {
            return Err(format!("against the schema: {}", text::shorten(line, 60)));
        }
    }
    Ok(())
}

#[test]
fn the_commands_of_the_readme_fit_their_terminal_and_survive_their_readers() {
    let schema = std::fs::read_to_string(workspace().join("docs/events.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let mut table =
        Table::new(["command", "80", "60", "| head -1", "> /dev/full", "NO_COLOR", "JSON"]);
    let mut wrong = Vec::new();
    for case in COMMANDS {
        let name = format!("{} {}", case.0.trim_start_matches("skyward-"), case.1.join(" "));
        let checks = [
            broken(case, 80),
            broken(case, 60),
            closed(case),
            full(case),
            colorless(case),
            json(case, &schema),
        ];
        let mut cells = vec![name.clone()];
        for (index, check) in checks.into_iter().enumerate() {
            cells.push(match check {
                Ok(()) if index == 5 && case.2 == Json::None => "-".to_owned(),
                Ok(()) => "ok".to_owned(),
                Err(reason) if reason == "not built" => "not built".to_owned(),
                Err(reason) => {
                    if !EXCUSED.contains(&case.0) {
                        wrong.push(format!("{name}: {reason}"));
                    }
                    "NO".to_owned()
                }
            });
        }
        table.row(cells);
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lines that a terminal of so many columns has in the end, without what was drawn over.
fn screen(shown: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut row, mut column) = (vec![String::new()], 0_usize, 0_usize);
    let mut rest = shown;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                let end = rest.find(|c: char| c.is_ascii_alphabetic()).expect("a whole sequence");
                let count = rest[1..end].parse().unwrap_or(1);
                match &rest[end..=end] {
                    "A" => row = row.saturating_sub(count),
                    "B" => row += count,
                    "K" => lines[row] = String::new(),
                    "J" => lines.truncate(row),
                    _ => {}
                }
                rest = &rest[end + 1..];
            }
            character => {
                // A full line goes on below with the next character.
                if column == columns {
                    (row, column) = (row + 1, 0);
                    lines.resize(lines.len().max(row + 1), String::new());
                }
                let mut line: Vec<char> = lines[row].chars().collect();
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                lines[row] = line.into_iter().collect();
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), String::new());
    }
    lines
}

/// What was done stays on the screen and is counted; what was under way does not stay.
#[test]
fn an_interrupted_apply_leaves_what_was_done() {
    let case: Case =
        ("skyward-provisioner", &["apply", "--simulate", "--yes", "--pace=60"], Json::None);
    let Some(program) = command(&case) else { return println!("not built") };
    let mut interrupted = Command::new("timeout");
    interrupted.args(["--foreground", "--signal=INT", "2"]).arg(program.get_program());
    interrupted.args(program.get_args()).current_dir(workspace()).env("TERM", "xterm-256color");
    interrupted.env_remove("NO_COLOR").stdin(Stdio::null());
    let (_, shown) = pty::run(&mut interrupted, 100);
    assert!(shown.contains(" under way, "), "it was drawn live: {shown}");
    let screen = screen(&shown, 100);
    let text = screen.join("\n");
    assert!(text.contains("error: interrupted. Next step: "), "{text}");
    assert!(!text.contains(" under way, "), "{text}");
    let done = screen.iter().filter(|line| line.contains(": created (")).count();
    let counted = screen.iter().find_map(|line| line.split_once(" done in ")?.0.split_once(' '));
    assert_eq!(counted.map(|(count, _)| count.to_owned()), Some(done.to_string()), "{text}");
}

#[test]
fn git_that_is_missing_is_named() {
    let nowhere = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-programs");
    std::fs::create_dir_all(&nowhere).unwrap();
    let mut affected = Command::new(env!("CARGO_BIN_EXE_xtask"));
    affected.arg("affected").current_dir(workspace()).env("PATH", &nowhere);
    let ended = affected.env("CARGO", env!("CARGO")).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("start git") && said.contains("Next step: install it"), "{said}");
}

/// The program `skyward` has a test of its own for the commands that both have.
#[test]
fn the_commands_that_documents_show_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut count = 0;
    for folder in [root.to_owned(), root.join("docs")] {
        for file in folder.read_dir().unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            for line in text.lines() {
                let Some(rest) = line.trim_start_matches("$ ").strip_prefix("cargo xtask ") else {
                    continue;
                };
                let words: Vec<_> =
                    rest.split_whitespace().take_while(|word| *word != "#").collect();
                if !["affected", "bench", "ci", "docs"].contains(&words[0]) {
                    continue;
                }
                count += 1;
                let words: Vec<_> = words.iter().map(|word| word.trim_matches('"')).collect();
                let output =
                    Command::new(env!("CARGO_BIN_EXE_xtask")).args(&words).arg("--help").output();
                let output = output.unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}: {line}: {said}", file.display());
            }
        }
    }
    assert!(count > 10, "{count} commands");
}
