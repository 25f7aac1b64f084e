//! The commands that documents show are commands: each is given to the program as it is written, with `--help` behind it, which
//! answers only where everything before is known.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The commands of xtask alone, for those who change Skyward: xtask has a test of its own.
const OF_XTASK: [&str; 4] = ["affected", "bench", "ci", "docs"];

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["", "docs", "infra", "crates/config"].map(|folder| root.join(folder));
    let files = folders.iter().flat_map(|folder| folder.read_dir().unwrap());
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    files
}

/// The commands of a text: in fenced blocks those at the beginning of a line, or after `&&` and `$(`; and the code of its sentences.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced {
            let line = line.trim_start().trim_start_matches("$ ");
            let parts = line.split("&&").flat_map(|part| part.split("$("));
            commands.extend(parts.map(|part| part.trim_start().to_owned()));
        } else {
            commands.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    // A row of the table of `cargo xtask ci` begins with the name of a package.
    let is_ours = |command: &String| {
        command.starts_with("cargo xtask ")
            || command.starts_with("skyward ") && !command.starts_with("skyward with ")
    };
    commands.into_iter().filter(is_ours).collect()
}

/// The words of a command line, to where the shell's part of it begins; what a program in a pod is given is not ours.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in command.chars() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            (' ', None) => words.push(String::new()),
            ('#' | '|' | ';' | '>' | '<' | ')', None) => break,
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    let end = words.iter().position(|word| word == "--" || word == "…").unwrap_or(words.len());
    words.truncate(end);
    words
}

#[test]
fn the_commands_that_documents_show_are_there() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for command in commands(&text) {
            let words = words(&command);
            let own = if words[0] == "cargo" { &words[2..] } else { &words[1..] };
            if own.first().is_none_or(|word| OF_XTASK.contains(&&**word)) {
                continue;
            }
            count += 1;
            let output =
                Command::new(env!("CARGO_BIN_EXE_skyward")).args(own).arg("--help").output();
            let output = output.unwrap();
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                wrong.push(format!("{}: `{command}`: {said}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "{count} commands");
}

#[test]
fn words_end_where_the_shell_begins() {
    let words = words("skyward image build --set 'image.tags=[\"a b\"]' > out # makes it");
    assert_eq!(words, ["skyward", "image", "build", "--set", "image.tags=[\"a b\"]"]);
    let text =
        "`skyward up`\n```\ncd x && skyward init   # y\n$ cargo xtask up\nskyward-web runs\n```\n";
    assert_eq!(commands(text), ["skyward up", "skyward init   # y", "cargo xtask up"]);
}
