//! `[aws]`: the topology in AWS, as types.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::grammar;

/// The script that the instances run where the configuration names none.
pub(crate) const USER_DATA: &str = "infra/user-data.sh";

/// `[aws]`: the topology in AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub struct Aws {
    /// The name of the stack: the prefix of every resource's name, and the value of the tag that
    /// marks them as owned.
    #[schemars(schema_with = "grammar::stack")]
    pub name: String,
    /// The region.
    #[schemars(schema_with = "grammar::region")]
    pub region: String,
    /// The account that the credentials must belong to. Without it: any.
    #[schemars(schema_with = "grammar::account")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The network of the VPC: six subnets of a sixteenth of it each, three public and three internal.
    #[schemars(schema_with = "grammar::vpc_network")]
    pub network: String,
    /// The three availability zones. Without them: the first three that offer both the instances and the database.
    #[schemars(schema_with = "grammar::zones")]
    pub zones: Vec<String>,
    /// One NAT gateway for all zones instead of one each: saves about 73 USD a month, and the instances of all zones lose
    /// their way out when its zone fails.
    pub single_nat_gateway: bool,
    /// The type of the instances.
    #[schemars(schema_with = "grammar::instance_type")]
    pub instance_type: String,
    /// The fewest instances; one a zone at 3.
    #[schemars(schema_with = "grammar::instances")]
    pub instances: u16,
    /// The most instances: target tracking then chooses a number. Equal to `instances`: no scaling.
    #[schemars(schema_with = "grammar::instances")]
    pub max_instances: u16,
    /// The average CPU use of the instances, in percent, that scaling aims for.
    #[schemars(schema_with = "grammar::percent")]
    pub target_cpu: u8,
    /// The thing that the instances run.
    pub run: Run,
    /// The script that each instance runs when it starts, relative to the folder of the configuration file; with `run =
    /// "service"` it is generated, and without a file of the default's name it serves a page that says that it works. The names `{{DATABASE_HOST}}`, `{{DATABASE_READER_HOST}}`, `{{DATABASE_PORT}}`,
    /// `{{DATABASE_NAME}}`, `{{DATABASE_SECRET_ARN}}`, `{{ASSETS_BUCKET}}` and `{{AWS_REGION}}` in it become their values.
    #[schemars(schema_with = "grammar::path")]
    pub user_data: PathBuf,
    /// The port of the instances that the load balancer sends requests to. Without it: 80, or with `run = "service"` that of
    /// `service.port`. The service is told another one.
    #[schemars(schema_with = "grammar::instance_port")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The networks that the instances may reach, each with its TCP ports, such as `10.8.0.0/16:5000-5010`; the database beside them.
    /// By default the web, for packages and the AWS API.
    #[schemars(schema_with = "grammar::egress")]
    pub egress: Vec<String>,
    /// The size of each instance's root volume, in GiB.
    #[schemars(schema_with = "grammar::root_volume_gib")]
    pub root_volume_gib: u16,
    /// The seconds for which a new instance may fail its health checks before it is replaced.
    #[schemars(schema_with = "grammar::health_grace_s")]
    pub health_grace_s: u16,
    /// Further policies of the instances' role, by ARN.
    #[schemars(schema_with = "grammar::policies")]
    pub policies: Vec<String>,
    /// With `run = "service"`: a URL of the database with its user and password is in a file on a tmpfs, which
    /// `DATABASE_URL_FILE` names. It is made from the database's secret at each start of the service.
    pub database_url_file: bool,
    /// The path that the load balancer asks for; an instance is healthy while it answers 200. Without it: the path of
    /// `service.health` that says ready, else `/`.
    #[schemars(schema_with = "grammar::url_path", extend("default" = null))]
    pub health_path: String,
    /// The ARN of a certificate: the load balancer then speaks HTTPS, and HTTP only redirects to it.
    #[schemars(schema_with = "grammar::certificate")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The database's engine.
    pub database_engine: DatabaseEngine,
    /// The class of the database cluster's three instances. Multi-AZ DB clusters have few: db.c6gd.medium, the families m5d,
    /// m6gd, m6id, m8gd, r5d, r6gd, r6id and r8gd from large on, and x2iedn from xlarge on.
    #[schemars(schema_with = "grammar::database_class")]
    pub database_class: String,
    /// The kind of the database's storage.
    pub database_storage: DatabaseStorage,
    /// The size of the database's storage, in GiB.
    #[schemars(schema_with = "grammar::storage_gib")]
    pub database_storage_gib: u32,
    /// The provisioned input and output operations a second. Without it: 1000 with io1, the storage's own with gp3.
    #[schemars(schema_with = "grammar::iops")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_iops: Option<u32>,
    /// The snapshot of a DB cluster that a new database is made from, by its name, with its user, its data and at least its size.
    /// A database that is there already stays as it is: naming another snapshot then is an error.
    #[schemars(schema_with = "grammar::cluster_snapshot")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_from: Option<String>,
    /// Days for which the database's backups are kept.
    #[schemars(schema_with = "grammar::retention_days")]
    pub backup_days: u16,
    /// The database and the load balancer refuse to be deleted; `destroy` lifts that after its consent, nothing else does.
    pub deletion_protection: bool,
    /// A second bucket for the logs of the load balancer, the network and the assets bucket.
    pub logs: bool,
    /// Further tags of every resource, name to value.
    #[schemars(schema_with = "grammar::aws_tags")]
    pub tags: BTreeMap<String, String>,
}

/// The thing that the instances run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Run {
    /// The script of `user_data`: a page.
    #[default]
    Page,
    /// The service: the binary and files of the image that was built last, as a systemd unit.
    Service,
}

/// The database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseEngine {
    /// MySQL.
    Mysql,
    /// PostgreSQL.
    Postgres,
}

/// The storage of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseStorage {
    /// Paid by size; 3000 operations a second are included.
    Gp3,
    /// Paid by size and by provisioned operations, on each of the three instances.
    Io1,
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            name: "skyward".into(),
            region: "eu-central-1".into(),
            account: None,
            network: "10.20.0.0/16".into(),
            zones: Vec::new(),
            single_nat_gateway: false,
            instance_type: "t3.micro".into(),
            instances: 3,
            max_instances: 6,
            target_cpu: 60,
            run: Run::default(),
            user_data: USER_DATA.into(),
            port: None,
            egress: ["0.0.0.0/0:80", "0.0.0.0/0:443"].map(String::from).into(),
            root_volume_gib: 8,
            health_grace_s: 180,
            policies: Vec::new(),
            database_url_file: false,
            health_path: "/".into(),
            certificate: None,
            database_engine: DatabaseEngine::Mysql,
            database_class: "db.m5d.large".into(),
            database_storage: DatabaseStorage::Gp3,
            database_storage_gib: 100,
            database_iops: None,
            restore_from: None,
            backup_days: 7,
            deletion_protection: true,
            logs: false,
            tags: BTreeMap::new(),
        }
    }
}

/// A network, and the first and the last of its ports.
pub(crate) fn way_out(one: &str) -> Option<(&str, u16, u16)> {
    let (network, ports) = one.split_once(':')?;
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    Some((network, first.parse().ok()?, last.parse().ok()?))
}

impl Aws {
    /// The networks of `egress`, each with its first and its last port.
    pub fn ways_out(&self) -> impl Iterator<Item = (&str, u16, u16)> {
        self.egress.iter().filter_map(|one| way_out(one))
    }

    /// The platform of the instances, as an image names it. The types of Graviton have a `g` behind their generation's number.
    pub fn platform(&self) -> &'static str {
        let family = self.instance_type.split('.').next().unwrap_or_default();
        let attributes = family.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let attributes = attributes.trim_start_matches(|c: char| c.is_ascii_digit());
        if attributes.starts_with('g') || family == "a1" { "linux/arm64" } else { "linux/amd64" }
    }
}
