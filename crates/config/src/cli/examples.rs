//! The examples in the help of the commands.

use skyward_terminal::commands::Examples;

/// The examples, by the words that lead to their command.
pub(crate) const EXAMPLES: &Examples = &[
    ("", &["check", "show -e prod"]),
    ("show", &["show", "show -e prod", "show --set k3s.replicas=3 --output json"]),
    ("check", &["check", "check --config deploy/skyward.toml"]),
    ("schema", &["schema > skyward.schema.json"]),
    ("docs", &["docs > keys.md"]),
];
