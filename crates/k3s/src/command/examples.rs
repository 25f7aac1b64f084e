//! The examples in the help of the commands.

use skyward_terminal::commands::Examples;

/// The examples, by the words that lead to their command.
pub const EXAMPLES: &Examples = &[
    ("", &["up", "status", "upgrade"]),
    ("up", &["up --dry-run", "up", "up --accept-new"]),
    ("join", &["join", "join --dry-run"]),
    ("status", &["status", "status --output json"]),
    ("upgrade", &["upgrade --set k3s.version=v1.36.3+k3s1"]),
    ("rotate", &["rotate", "rotate --all"]),
    ("remove", &["remove m2"]),
    ("replace", &["replace m2 --accept-new"]),
    ("snapshot", &["snapshot", "snapshot --to cluster.tar"]),
    ("restore", &["restore cluster.tar"]),
    ("down", &["down", "down --yes"]),
    ("image", &["image load"]),
    ("image load", &["image load", "image load target/oci/web.tar"]),
];
