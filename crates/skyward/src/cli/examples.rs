//! The examples in the help of the commands.

use skyward_terminal::commands::Examples;

/// The examples, by the words that lead to their command.
pub(crate) const EXAMPLES: &Examples = &[
    ("", &["init", "doctor", "up"]),
    ("init", &["init", "init --help"]),
    ("up", &["up", "up --once --set service.port=8081", "up --dashboard --open"]),
    ("doctor", &["doctor", "doctor -e prod"]),
    ("completions", &["completions bash > skyward.bash"]),
    ("man", &["man", "man --folder share/man/man1"]),
];
