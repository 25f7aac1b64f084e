//! The examples in the help of the commands.

use skyward_terminal::commands::Examples;

/// The examples, by the words that lead to their command.
pub(crate) const EXAMPLES: &Examples = &[
    ("", &["up", "ci", "deploy-k3s diff"]),
    ("up", &["up", "up --once --set service.port=8081", "up --dashboard --open"]),
    ("ci", &["ci", "ci --list", "ci format clippy", "ci --exhaustive"]),
    ("affected", &["affected", "affected --base origin/main --output json"]),
    ("docs", &["docs", "docs --write"]),
    ("bench", &["bench", "bench size"]),
];
