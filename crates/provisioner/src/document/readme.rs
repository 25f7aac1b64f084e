//! The text of `infra/README.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use skyward_config::{Aws, reference};

use super::{COMMAND, place};
use crate::cost;
use crate::export::exceptions_markdown;
use crate::policy::{Command, Policy, SIZE_LIMIT, environment, policies};
use crate::timeline::Span;
use crate::topology::{Id, Kind, Topology};
use skyward_aws::simulated::assumptions_markdown;

/// The figures of many stacks in one account: measured, and written down by hand.
const STACKS: &str = include_str!("stacks.md");

/// The documentation: `infra/README.md`.
pub(super) fn readme(aws: &Aws, topology: &Topology, spans: &[Span]) -> Result<String> {
    let mut text = format!(
        "# infra\n\n\
         <!-- Generated: `{COMMAND}` renews all of this folder but the script of the instances. Do not edit: the text is in\n\
         crates/provisioner/src/document, the options' in crates/config/src/model/aws.rs. -->\n\n\
         What goes into AWS: {} in {}, as `skyward.toml` says it.\n\n{FILES}\n## The topology\n\n\
         ![The topology](topology.svg)\n\n",
        code(&aws.name),
        code(&aws.region)
    );
    text += &resources(topology);
    write!(text, "\n## Options\n\n{}", options()?)?;
    text += &cost(aws, topology)?;
    text += &duration(spans);
    text += &iam(aws);
    write!(text, "{EXPORT}{}", exceptions_markdown())?;
    write!(text, "{STATE}{SIMULATOR}{}", assumptions_markdown())?;
    write!(text, "\n## Many stacks in one account\n\n{STACKS}")?;
    Ok(text)
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

const FILES: &str = "\
| file | what it is |
|---|---|
| `user-data.sh` | what each instance runs when it starts; written by hand |
| `topology.svg`, `timeline.svg` | the pictures below |
| `policy-….json` | what the roles may do |
| `github/trust-….json` | who may take the roles: jobs of GitHub's workflows |
";

/// Each kind with its resources.
fn resources(topology: &Topology) -> String {
    let mut kinds: Vec<(Kind, Vec<&Id>)> = Vec::new();
    for resource in &topology.resources {
        let kind = resource.spec.kind();
        match kinds.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, ids)) => ids.push(&resource.id),
            None => kinds.push((kind, vec![&resource.id])),
        }
    }
    let mut text = format!(
        "{} resources, each with the tags `skyward:stack` (whose it is), `skyward:resource` (which of the stack it is) and `Name`. \
         There is no state file: the account itself is asked.\n\n| kind | number | `skyward:resource` |\n|---|---:|---|\n",
        topology.resources.len()
    );
    for (kind, ids) in kinds {
        let names: Vec<_> = ids.iter().map(|id| code(id.as_str())).collect();
        let _ = writeln!(text, "| {kind} | {} | {} |", ids.len(), names.join(", "));
    }
    text
}

/// The part on `[aws]` of the configuration's reference.
fn options() -> Result<String> {
    let reference = reference();
    let (_, section) = reference.split_once("## `[aws]`\n\n").context("the reference has [aws]")?;
    let section = section.split("\n## ").next().unwrap_or(section);
    Ok(format!("{}\n", section.trim_end()))
}

fn cost(aws: &Aws, topology: &Topology) -> Result<String> {
    let cost = cost::monthly(topology, &aws.region);
    let mut text = format!("\n## What it costs\n\n{}\n", cost.markdown());
    for note in &cost.notes {
        let _ = writeln!(text, "- {note}");
    }
    text += "\nEach of these by itself:\n\n| option | then |\n|---|---|\n";
    for difference in cost::options(aws, &place(aws))? {
        let _ = writeln!(text, "| {} | {} |", code(&difference.option), difference.words());
    }
    Ok(text)
}

fn duration(spans: &[Span]) -> String {
    let end = spans.iter().map(|span| span.ended).max().unwrap_or_default().as_secs();
    let critical: Vec<_> =
        spans.iter().filter(|span| span.is_critical).map(|span| code(span.id.as_str())).collect();
    format!(
        "\n## How long it takes\n\nA simulated apply (seed 1): {} minutes {} seconds, of which the critical path is {}. \
         `graph --timeline` draws others.\n\n![The timeline of an apply](timeline.svg)\n",
        end / 60,
        end % 60,
        critical.join(" → ")
    )
}

fn iam(aws: &Aws) -> String {
    let mut text = String::from(
        "\n## IAM\n\nGenerated from the list of operations that the code can call (`crates/aws/src/kind.rs`); a test runs \
         every command in a simulated account and holds the calls against these. One role for each purpose:\n\n\
         | role | policies | who may take it |\n|---|---|---|\n",
    );
    let policies = policies(aws);
    for command in Command::ALL {
        let files: Vec<_> = policies
            .iter()
            .filter(|policy| policy.of.contains(&command))
            .map(|policy| code(policy.file))
            .collect();
        let (name, environment) =
            (format!("{command:?}").to_lowercase(), code(environment(command)));
        let files = files.join(", ");
        let _ = writeln!(
            text,
            "| {name} | {files} | `github/trust-{name}.json`: jobs of the environment {environment} |"
        );
    }
    text += &sizes(&policies);
    text += IAM;
    text
}

fn sizes(policies: &[Policy]) -> String {
    let sizes: BTreeMap<&str, usize> =
        policies.iter().map(|policy| (policy.file, policy.size())).collect();
    let sizes: Vec<_> = sizes.iter().map(|(file, size)| format!("`{file}` {size}")).collect();
    format!("\nCharacters, of the {SIZE_LIMIT} that IAM takes: {}.\n", sizes.join(", "))
}

const IAM: &str = "
- What is made must get the stack's tag, in what carries it already; what is changed or deleted must carry it. What AWS knows by
  name must also have the stack's name: load balancer, target group, auto scaling group, database, buckets, role.
- The tag is what says whose a resource is: no role may take it off, or give it to another stack. The one thing that may be given
  it later is a security group without tags, because AWS makes the default group of a VPC without.
- Nobody may read the database's password but, with `database_url_file`, the instances' role. It is made by RDS, kept in Secrets
  Manager, and never passes through here.
- The role that applies writes the policy of the instances' role. Who may apply may therefore do, by way of an instance, whatever
  an instance can be allowed to; a permissions boundary of your own limits that.
- S3 knows no tags of buckets in conditions, unless the bucket is set so: there the names are the limit.
- `policies` prints them for another configuration: with `[aws] account`, that account's number stands where here is `*`. In the
  trust policies, replace ACCOUNT and OWNER/REPOSITORY. The environments are GitHub's, of the repository: protect those that apply
  and destroy by reviewers.
";

const EXPORT: &str = "
## As CloudFormation

`export` writes the same topology as a CloudFormation template, in JSON or YAML: cfn-lint and checkov pass it with these
exceptions, each of which is also metadata of the resource. CloudFormation cannot close a VPC's default security group; the
template says so.

";

const STATE: &str = "
## When something goes wrong

An apply or a destroy that was interrupted goes on where it was: run it again. What only an interruption can leave twice (a VPC, an
internet gateway, an address) is found and removed. What carries the name of a resource and not the stack's tag is refused and named,
never touched.
";

const SIMULATOR: &str = "
## What the simulator assumes

`--simulate` runs every command against an account that is simulated in the process, on a clock of its own. What it takes for
granted, and on whose word:

";
