//! The examples in the help of the commands.

use skyward_terminal::commands::Examples;

/// The examples, by the words that lead to their command.
pub(crate) const EXAMPLES: &Examples = &[
    ("", &["diff", "apply", "rollback"]),
    (
        "apply",
        &["apply", "apply -e prod --context prod", "apply --image ghcr.io/acme/web:1.0 --canary 1"],
    ),
    ("render", &["render", "render --chart chart", "render --rights"]),
    ("diff", &["diff", "diff -e prod --exit-code"]),
    ("status", &["status", "status --output json"]),
    ("history", &["history"]),
    ("promote", &["promote"]),
    ("abort", &["abort"]),
    ("rollback", &["rollback", "rollback 3"]),
    ("remove", &["remove", "remove --yes"]),
    ("forward", &["forward", "forward --port 8080"]),
    ("open", &["open", "open --print"]),
    ("logs", &["logs --follow", "logs --previous --tail 50", "logs --only migrate --since 1h"]),
    ("events", &["events"]),
    ("top", &["top"]),
    ("exec", &["exec -- /web --version", "exec -t web-5d9f8c-abcde -- /bin/sh"]),
    ("restart", &["restart"]),
    ("scale", &["scale 3", "scale 2 --only worker"]),
    ("secret", &["secret set database url --from-file url.txt", "secret list"]),
    (
        "secret set",
        &["secret set database url < url.txt", "secret set tls key --from-file tls.key"],
    ),
    ("secret list", &["secret list"]),
    ("secret remove", &["secret remove database url", "secret remove database --yes"]),
];
