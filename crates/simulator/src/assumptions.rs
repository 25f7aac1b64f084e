use std::fmt::Write;
use std::time::Duration;

use super::limits;
use super::settings::QUOTAS;

/// Where a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// botocore's service models.
    Botocore,
    /// AWS's documentation.
    Documents,
    /// Published logs of Terraform runs.
    Logs,
    /// Nothing but judgement: not verified.
    Unverified,
}

impl Source {
    /// The letter of the legend.
    pub fn letter(self) -> char {
        match self {
            Self::Botocore => 'B',
            Self::Documents => 'D',
            Self::Logs => 'L',
            Self::Unverified => 'U',
        }
    }
}

/// Something that the simulator takes for true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumption {
    /// What it is about.
    pub what: &'static str,
    /// The least and the greatest value; between them each is as likely as the other.
    pub range: (f64, f64),
    /// Of the values: `s`, `min`, or what is counted.
    pub unit: &'static str,
    /// Where it comes from.
    pub source: Source,
}

impl Assumption {
    /// The least, as a time.
    pub(super) fn time(self) -> Duration {
        Duration::from_secs_f64(self.range.0)
    }
}

macro_rules! assumptions {
    ($($name:ident: $what:literal, $low:literal..$high:literal $unit:literal, $source:ident;)*) => {
        $(pub(super) const $name: Assumption =
            Assumption { what: $what, range: ($low, $high), unit: $unit, source: Source::$source };)*

        /// Every number that the simulator works with, beside its token buckets and quotas.
        pub const ASSUMPTIONS: &[Assumption] = &[$($name),*];
    };
}

assumptions! {
    LATENCY: "a call's answer", 0.05..0.4 "s", Unverified;
    NO_ANSWER: "until a lost answer is given up", 5.0..5.0 "s", Unverified;
    STALE_SHARE: "calls that see an older state", 0.4..0.4 "of all", Unverified;
    STALENESS: "age of that state", 0.0..3.0 "s", Unverified;
    VPC_CREATE: "VPC or subnet: pending", 0.5..2.0 "s", Logs;
    NAT_CREATE: "NAT gateway: pending until available", 85.0..125.0 "s", Logs;
    NAT_FAIL: "NAT gateway: pending until failed", 5.0..30.0 "s", Unverified;
    NAT_DELETE: "NAT gateway: deleting until deleted", 37.0..79.0 "s", Logs;
    NAT_VISIBLE: "NAT gateway: visible after its end", 3600.0..3600.0 "s", Documents;
    ENDPOINT_CREATE: "gateway endpoint: pending until available", 1.0..6.0 "s", Unverified;
    ENDPOINT_DELETE: "gateway endpoint: deleting until gone", 1.0..15.0 "s", Unverified;
    INTERFACE_LINGER: "network interfaces: after their owner is gone", 2.0..25.0 "s", Unverified;
    BALANCER_CREATE: "load balancer: provisioning until active", 139.0..192.0 "s", Logs;
    BALANCER_DELETE: "load balancer: deleted until gone", 2.0..16.0 "s", Logs;
    GROUP_START: "auto scaling group: until it acts on a change", 2.0..10.0 "s", Unverified;
    INSTANCE_START: "instance: pending until running", 10.0..30.0 "s", Unverified;
    INSTANCE_BOOT: "instance: running until its user data has run", 25.0..60.0 "s", Unverified;
    BOOT_PATIENCE: "user data: waits for a way out", 50.0..50.0 "s", Unverified;
    INSTANCE_STOP: "instance: shutting down until terminated", 20.0..60.0 "s", Unverified;
    INSTANCE_VISIBLE: "instance: visible after its end", 3600.0..3600.0 "s", Documents;
    DRAINING: "deregistration delay where no attribute says another", 300.0..300.0 "s", Documents;
    HEALTH_TICK: "auto scaling group: looks at its instances every", 5.0..5.0 "s", Unverified;
    STEADY_TICK: "the same while all are healthy", 30.0..30.0 "s", Unverified;
    DATABASE_CREATE: "Multi-AZ DB cluster: creating until available", 480.0..1200.0 "s", Unverified;
    DATABASE_BEGIN: "DB cluster: still available after a change was asked for", 1.0..8.0 "s", Unverified;
    DATABASE_CHANGE: "DB cluster: modifying class, storage or operations", 300.0..900.0 "s", Unverified;
    DATABASE_SETTING: "DB cluster: modifying anything else", 10.0..60.0 "s", Unverified;
    DATABASE_DELETE: "DB cluster: deleting until gone", 360.0..600.0 "s", Unverified;
    SNAPSHOT: "the same, longer for a final snapshot", 60.0..240.0 "s", Unverified;
    PROFILE_LAG: "instance profile: until other services know it", 4.0..12.0 "s", Unverified;
    BUCKET_WRITE: "bucket: a write during which another is answered 409", 0.02..0.05 "s", Unverified;
    BUCKET_GONE: "bucket: its name after its deletion, answered 409", 5.0..60.0 "s", Documents;
}

/// How the simulated services behave where AWS's documentation leaves it open, or where it matters most: each with its source.
pub const RULES: &[(&str, Source)] = &[
    (
        "Client tokens: the same parameters give the same resource, also a dead one; others are refused",
        Source::Botocore,
    ),
    (
        "VPC, internet gateway and address have neither name nor token: a repeated call makes another",
        Source::Botocore,
    ),
    (
        "A NAT gateway without an attached internet gateway: an error at once, or `failed` later, as often",
        Source::Unverified,
    ),
    (
        "An internet gateway cannot be detached while addresses are mapped in its VPC",
        Source::Documents,
    ),
    (
        "Load balancer, NAT gateway, instance and database hold network interfaces, and with them subnets and groups",
        Source::Documents,
    ),
    ("Half of the calls under way when a process dies take effect", Source::Unverified),
    ("Half of the calls that are answered with an internal error took effect", Source::Unverified),
    (
        "A call that names something too new to be seen by it is answered that it does not exist",
        Source::Documents,
    ),
    (
        "Elastic Load Balancing, Auto Scaling and RDS see EC2's resources at once",
        Source::Unverified,
    ),
    (
        "Instances install their packages over a NAT gateway; the way through an S3 endpoint is not counted",
        Source::Unverified,
    ),
    (
        "Without an index.html an instance answers 403, and is replaced after its time of grace",
        Source::Documents,
    ),
    ("A forced deletion of an auto scaling group still drains its targets", Source::Logs),
    ("A DB cluster takes changes and its deletion only while it is available", Source::Unverified),
    ("Deletion protection of a DB cluster changes at once", Source::Unverified),
    (
        "gp3 shows the 3000 operations a second that are included, whether they were asked for or not",
        Source::Unverified,
    ),
    ("us-east-1 answers the second creation of one's own bucket as the first", Source::Documents),
];

/// What the simulator assumes, as tables in Markdown, with the source of each number.
pub fn assumptions_markdown() -> String {
    let mut text = String::from("| what | assumed | source |\n|---|---|---|\n");
    for Assumption { what, range: (low, high), unit, source } in ASSUMPTIONS {
        let value = if low < high { format!("{low}–{high}") } else { low.to_string() };
        let _ = writeln!(text, "| {what} | {value} {unit} | {} |", source.letter());
    }
    text.push_str(&limits::markdown());
    text.push_str("\n| quota of a new account | at most | source |\n|---|---|---|\n");
    for (name, most) in QUOTAS {
        let _ = writeln!(text, "| {name} | {most} | D |");
    }
    text.push_str("\n| rule | source |\n|---|---|\n");
    for (rule, source) in RULES {
        let _ = writeln!(text, "| {rule} | {} |", source.letter());
    }
    text.push_str(
        "\nSources: B botocore's service models; D AWS's documentation; L published Terraform logs; U not verified.\n",
    );
    text
}
