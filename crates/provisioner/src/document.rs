//! The generated files of `infra`: the documentation with its pictures, the IAM policies, and who may take their roles.

mod readme;

use anyhow::{Context as _, Result};
use skyward_config::{Aws, Run};

use crate::draw::{Annotations, timeline_svg, topology_svg};
use crate::event::Event;
use crate::policy::{policies, trust_policies};
use crate::run::{self, Context};
use crate::timeline::Span;
use crate::topology::{Place, Topology, desired};
use crate::workload::Workload;
use skyward_aws::Partition;
use skyward_aws::simulated::Account;

/// The command that renews the files.
pub const COMMAND: &str = "cargo xtask provision-aws docs --write infra";

/// The account that AWS's own examples have.
pub const EXAMPLE_ACCOUNT: &str = "123456789012";

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name in `infra`.
    pub name: &'static str,
    /// Its content.
    pub text: String,
}

/// The place of a stack, as far as the configuration says it: without an account there, the one of AWS's examples; without
/// zones, the first three letters.
pub fn place(aws: &Aws) -> Place {
    let account = aws.account.clone().unwrap_or_else(|| EXAMPLE_ACCOUNT.to_owned());
    let zone = |index: usize, letter: &str| {
        aws.zones.get(index).cloned().unwrap_or_else(|| format!("{}{letter}", aws.region))
    };
    Place { account, zones: [zone(0, "a"), zone(1, "b"), zone(2, "c")] }
}

/// The topology of a configuration, without asking any account.
///
/// # Errors
/// The configuration describes none.
pub fn topology(aws: &Aws, workload: impl Into<Workload>) -> Result<Topology> {
    desired(aws, &place(aws), workload)
}

/// The time that each step of an apply takes, in a simulated account. Its clock moves only while something is waited for: the
/// result is the same every time, and takes no time.
///
/// # Errors
/// The apply fails: the configuration cannot be provisioned.
pub fn simulated_apply(aws: &Aws, seed: u64) -> Result<Vec<Span>> {
    let apply = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build()?;
        runtime.block_on(apply(aws, seed))
    };
    // In a thread of its own, so that it can be asked for within another runtime too.
    std::thread::scope(|scope| scope.spawn(apply).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The script of a simulated instance.
const PAGE: &str =
    "dnf install -y httpd\necho 'It works!' > /var/www/html/index.html\nsystemctl start httpd\n";

async fn apply(aws: &Aws, seed: u64) -> Result<Vec<Span>> {
    let account = Account::in_region(seed, &aws.region);
    // The simulated account has a number of its own, and its instances can only serve a page of httpd's.
    let aws =
        Aws { account: None, health_path: "/".into(), run: Run::Page, port: None, ..aws.clone() };
    let client = account.client();
    let ignore = |_: Event| {};
    let mut context = Context::new(&client, &aws, PAGE, &ignore);
    context.settings.seed = seed;
    let done = run::apply(&context, &|_| true).await.context("a simulated apply")?;
    Ok(done.spans)
}

/// All generated files of a configuration.
///
/// # Errors
/// The configuration cannot be provisioned.
pub fn files(aws: &Aws, workload: impl Into<Workload>) -> Result<Vec<File>> {
    let topology = topology(aws, workload)?;
    let spans = simulated_apply(aws, 1)?;
    let mut files = vec![
        File { name: "README.md", text: readme::readme(aws, &topology, &spans)? },
        File { name: "topology.svg", text: topology_svg(&topology, &Annotations::new()) },
        File { name: "timeline.svg", text: timeline_svg(&spans) },
    ];
    let policies = policies(aws).into_iter().map(|policy| (policy.file, policy.document));
    for (name, document) in policies.chain(trust_policies(Partition::of(&aws.region))) {
        files.push(File { name, text: format!("{document:#}\n") });
    }
    Ok(files)
}
