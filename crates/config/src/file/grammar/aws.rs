//! The forms of `[aws]`.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::{formatted, list, map, text, whole};

/// 20 characters, so that the longest name derived from it stays below the 32 of a load balancer; no two hyphens in a row, which RDS
/// refuses in the name of a cluster (`CreateDBCluster`, `DBClusterIdentifier`).
pub(crate) fn stack(_: &mut SchemaGenerator) -> Schema {
    let mut schema = text(
        "^[a-z](-?[a-z0-9])*$",
        "a stack's name is 1 to 20 of a-z, 0-9 and -, begins with a letter, has no two - in a row and does not end with -",
    );
    schema.insert("maxLength".into(), 20.into());
    schema
}

pub(crate) fn region(_: &mut SchemaGenerator) -> Schema {
    text("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", "a region is a name such as eu-central-1")
}

pub(crate) fn account(_: &mut SchemaGenerator) -> Schema {
    text("^[0-9]{12}$", "an account is 12 digits in quotes, such as \"123456789012\"")
}

/// AWS takes 16 to 28 bits for a VPC and as many for a subnet, which is a sixteenth of it here. Networks as in RFC 1918.
pub(crate) fn vpc_network(_: &mut SchemaGenerator) -> Schema {
    let right = "a VPC's network is private, of 16 to 24 bits, such as 10.20.0.0/16";
    formatted(
        r"^(10|172\.(1[6-9]|2[0-9]|3[01])|192\.168)(\.[0-9]{1,3}){1,3}/(1[6-9]|2[0-4])$",
        "cidr",
        right,
    )
}

pub(crate) fn zones(_: &mut SchemaGenerator) -> Schema {
    let zone =
        text("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}[a-z]$", "a zone is a name such as eu-central-1a");
    json_schema!({"type": "array", "items": zone, "uniqueItems": true})
}

pub(crate) fn instance_type(_: &mut SchemaGenerator) -> Schema {
    text("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", "an instance type is a name such as t3.micro")
}

pub(crate) fn instances(_: &mut SchemaGenerator) -> Schema {
    whole(1, 1000, "a number of instances is a whole number from 1 to 1000")
}

/// As the load balancer takes it for its health check: 1024 characters at most.
pub(crate) fn url_path(_: &mut SchemaGenerator) -> Schema {
    url()
}

/// The path of a URL.
pub(crate) fn url() -> Schema {
    let mut schema = text("^/[!-~]*$", "a path begins with / and has no spaces, such as /livez");
    schema.insert("maxLength".into(), 1024.into());
    schema
}

pub(crate) fn instance_port(_: &mut SchemaGenerator) -> Schema {
    whole(1, 65_535, "a port is a whole number from 1 to 65535")
}

pub(crate) fn egress(_: &mut SchemaGenerator) -> Schema {
    let way = text(
        r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}:[0-9]{1,5}(-[0-9]{1,5})?$",
        "a way out is a network and its TCP ports, such as 0.0.0.0/0:443 or 10.8.0.0/16:5000-5010",
    );
    json_schema!({"type": "array", "items": way, "uniqueItems": true})
}

/// The image of Amazon Linux 2023 has 8 GiB, and a volume of gp3 has 16 TiB at most.
pub(crate) fn root_volume_gib(_: &mut SchemaGenerator) -> Schema {
    whole(8, 16_384, "a root volume is a whole number of GiB from 8 to 16384")
}

/// `HealthCheckGracePeriod`; more than an hour is a mistake in the unit.
pub(crate) fn health_grace_s(_: &mut SchemaGenerator) -> Schema {
    whole(30, 3600, "a time of grace is a whole number of seconds from 30 to 3600")
}

pub(crate) fn policies(_: &mut SchemaGenerator) -> Schema {
    let policy = text(
        "^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]+$",
        "a policy is an ARN, such as arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy",
    );
    list(&policy)
}

pub(crate) fn certificate(_: &mut SchemaGenerator) -> Schema {
    text(
        "^arn:aws[a-z-]*:(acm|iam):[a-z0-9-]*:[0-9]{12}:(server-)?certificate/[!-~]+$",
        "a certificate is an ARN, such as arn:aws:acm:eu-central-1:123456789012:certificate/…",
    )
}

pub(crate) fn database_class(_: &mut SchemaGenerator) -> Schema {
    text("^db\\.[a-z0-9]+\\.[a-z0-9]+$", "a database class is a name such as db.m5d.large")
}

/// 100 GiB is the least that a Multi-AZ DB cluster takes.
pub(crate) fn storage_gib(_: &mut SchemaGenerator) -> Schema {
    whole(100, 65536, "storage is a whole number of GiB from 100 to 65536")
}

pub(crate) fn iops(_: &mut SchemaGenerator) -> Schema {
    whole(1000, 256_000, "operations a second are a whole number from 1000 to 256000")
}

/// As `CreateDBClusterSnapshot` takes it; RDS keeps it in small letters.
pub(crate) fn cluster_snapshot(_: &mut SchemaGenerator) -> Schema {
    let mut schema = text(
        "^[a-z](-?[a-z0-9])*$",
        "a snapshot's name is 1 to 63 of a-z, 0-9 and -, such as web-database-20261130-120000",
    );
    schema.insert("maxLength".into(), 63.into());
    schema
}

pub(crate) fn retention_days(_: &mut SchemaGenerator) -> Schema {
    whole(1, 35, "backups are kept for a whole number of days from 1 to 35")
}

/// AWS's restrictions on tags; its own begin with `aws:`, and ours with `skyward:`.
pub(crate) fn aws_tags(_: &mut SchemaGenerator) -> Schema {
    let name = text(
        "^[A-Za-z0-9 _./=+@-][A-Za-z0-9 _.:/=+@-]{0,127}$",
        "a tag's name is 1 to 128 letters, digits, spaces and _ . : / = + @ -",
    );
    let value = text(
        "^[A-Za-z0-9 _.:/=+@-]{0,256}$",
        "a tag's value is at most 256 letters, digits, spaces and _ . : / = + @ -",
    );
    map(&name, &value, 40)
}
