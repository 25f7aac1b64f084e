//! The examples in the help of the commands.

use skyward_terminal::commands::Examples;

/// The examples, by the words that lead to their command.
pub(crate) const EXAMPLES: &Examples = &[
    ("", &["build", "inspect", "push --to ghcr.io/acme/web:1.0"]),
    ("build", &["build", "build --set image.platforms=linux/arm64", "build --output json"]),
    ("inspect", &["inspect", "inspect --exact", "inspect alpine.tar --rules .dive-ci"]),
    ("load", &["load", "load --into podman", "load target/oci/web.tar --into k3s"]),
    ("push", &["push --to ghcr.io/acme/web:1.0", "push --to localhost:5000/web --dry-run"]),
    ("resolve", &["resolve ghcr.io/acme/web:1.0"]),
    ("run", &["run", "run --check --once", "run web.tar -- --port 8081"]),
    ("unpack", &["unpack web.tar web-files"]),
];
