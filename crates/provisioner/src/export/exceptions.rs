//! The demands of the auditors on the template that are not met: data, from which the template's own notes to them and the
//! documentation are made. A test holds it against what they really say.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::kind::DbCluster;
use crate::resource::{Template, Topology, logical_name};
use crate::stack::Id;

/// A public auditor of templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Auditor {
    /// <https://www.checkov.io>
    Checkov,
    /// <https://github.com/aws-cloudformation/cfn-lint>
    CfnLint,
}

/// One deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    /// The auditor.
    pub auditor: Auditor,
    /// The number of the check.
    pub check: &'static str,
    /// Its demand, in a few words.
    pub asks: &'static str,
    /// The resource that it concerns: its [`Id`].
    pub on: &'static str,
    /// The topologies that deviate.
    pub when: When,
    /// The reason for it here.
    pub reason: &'static str,
}

/// The topologies that deviate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Every one with this resource.
    Always,
    /// Those whose load balancer has no certificate.
    NoCertificate,
    /// Those without a bucket for logs.
    NoLogs,
    /// Those that leave the database's operations a second to its storage.
    NoIops,
}

const fn exception(
    auditor: Auditor,
    (check, asks): (&'static str, &'static str),
    on: &'static str,
    when: When,
    reason: &'static str,
) -> Exception {
    Exception { auditor, check, asks, on, when, reason }
}

const PUBLIC: &str =
    "the load balancer is what the internet is to reach; the instances are open to it alone";
const PLAIN: &str = "the challenge asks for a page over HTTP; with aws.certificate the listener redirects to HTTPS with TLS 1.2 or newer";
const UNLOGGED: &str = "logs cost money, and are written with aws.logs = true";
const LOGS: &str = "it holds the logs: a log of its own would log itself";
const PASSWORD: &str = "AWS gives this setting to Aurora, and cfn-lint refuses it for a Multi-AZ cluster; the password is made and kept by RDS in Secrets Manager";
const IOPS: &str = "gp3 of less than 400 GiB has its 3000 operations a second by itself, and RDS refuses to be told a number";

/// All of them.
pub const EXCEPTIONS: &[Exception] = {
    use Auditor::{CfnLint, Checkov};
    &[
        exception(
            Checkov,
            ("CKV_AWS_260", "no port 80 for everyone"),
            "security-group/load-balancer",
            When::Always,
            PUBLIC,
        ),
        exception(Checkov, ("CKV_AWS_2", "HTTPS"), "listener/http", When::NoCertificate, PLAIN),
        exception(Checkov, ("CKV_AWS_103", "TLS 1.2"), "listener/http", When::NoCertificate, PLAIN),
        exception(Checkov, ("CKV_AWS_91", "access logs"), "load-balancer", When::NoLogs, UNLOGGED),
        exception(Checkov, ("CKV_AWS_18", "access logs"), "bucket/assets", When::NoLogs, UNLOGGED),
        exception(Checkov, ("CKV_AWS_18", "access logs"), "bucket/logs", When::Always, LOGS),
        exception(
            Checkov,
            ("CKV_AWS_162", "IAM authentication"),
            "db-cluster",
            When::Always,
            PASSWORD,
        ),
        exception(
            CfnLint,
            ("E3692", "a number of operations a second"),
            "db-cluster",
            When::NoIops,
            IOPS,
        ),
    ]
};

impl When {
    fn applies(self, topology: &Topology) -> bool {
        let has = |id: &str| topology.get(&id.into()).is_some();
        match self {
            Self::Always => true,
            Self::NoCertificate => !has("listener/https"),
            Self::NoLogs => !has("bucket/logs"),
            Self::NoIops => topology.all::<DbCluster>().any(|(_, one)| one.iops.is_none()),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::NoCertificate => "without `certificate`",
            Self::NoLogs => "without `logs`",
            Self::NoIops => "gp3 without `database_iops`",
        }
    }
}

impl Auditor {
    fn name(self) -> &'static str {
        match self {
            Self::Checkov => "checkov",
            Self::CfnLint => "cfn-lint",
        }
    }
}

/// The deviations of a topology.
pub fn exceptions(topology: &Topology) -> Vec<Exception> {
    let applies = |exception: &&Exception| {
        topology.get(&exception.on.into()).is_some() && exception.when.applies(topology)
    };
    EXCEPTIONS.iter().filter(applies).copied().collect()
}

/// All of them as a table in Markdown.
pub fn exceptions_markdown() -> String {
    let mut text = String::from(
        "| auditor | check | asks for | resource | when | why not |\n|---|---|---|---|---|---|\n",
    );
    for Exception { auditor, check, asks, on, when, reason } in EXCEPTIONS {
        let (auditor, when) = (auditor.name(), when.text());
        writeln!(text, "| {auditor} | {check} | {asks} | `{on}` | {when} | {reason} |")
            .expect("a String takes any text");
    }
    text
}

/// Tells the auditors, in the metadata that each of them reads.
pub(super) fn skip_checks(template: &mut Template<'_>) {
    for Exception { auditor, check, on, reason, .. } in exceptions(template.topology) {
        let name = logical_name(&Id::from(on));
        let resource =
            template.resources.get_mut(&name).expect("the template has what the topology has");
        let metadata = &mut resource["Metadata"];
        match auditor {
            Auditor::Checkov => {
                push(&mut metadata["checkov"]["skip"], json!({ "id": check, "comment": reason }));
            }
            Auditor::CfnLint => {
                push(&mut metadata["cfn-lint"]["config"]["ignore_checks"], json!(check));
                metadata["Skyward"][check] = json!(reason);
            }
        }
    }
}

/// Appends to a list, which is made where there is none.
fn push(list: &mut Value, item: Value) {
    match list.as_array_mut() {
        Some(items) => items.push(item),
        None => *list = json!([item]),
    }
}
