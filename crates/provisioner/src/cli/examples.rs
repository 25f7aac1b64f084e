//! The examples in the help of the commands.

use skyward_terminal::commands::Examples;

/// The examples, by the words that lead to their command.
pub(crate) const EXAMPLES: &Examples = &[
    ("", &["plan --simulate", "apply", "destroy"]),
    ("plan", &["plan", "plan --simulate", "plan -e prod --set aws.max_size=9"]),
    (
        "apply",
        &["apply", "apply --simulate --yes --state account.json", "apply --simulate --pace 60"],
    ),
    ("status", &["status", "status --simulate --state account.json"]),
    ("drift", &["drift", "drift --exit-code --output json"]),
    ("history", &["history"]),
    ("rollback", &["rollback", "rollback 3"]),
    ("logs", &["logs", "logs i-0123456789abcdef0"]),
    ("destroy", &["destroy", "destroy --simulate --state account.json --yes"]),
    (
        "graph",
        &["graph > topology.svg", "graph --timeline > timeline.svg", "graph --format mermaid"],
    ),
    ("cost", &["cost", "cost --set aws.single_nat_gateway=true"]),
    ("export", &["export > stack.yaml", "export --format json"]),
    ("docs", &["docs", "docs --write infra"]),
    ("policies", &["policies", "policies policy-plan.json"]),
];
